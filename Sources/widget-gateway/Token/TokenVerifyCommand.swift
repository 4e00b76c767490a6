import ArgumentParser
import ControlPlane
import Foundation
import IdentityCore
import UserDirectory

struct TokenVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Explain step by step whether a user token is accepted, and why not.",
        discussion: """
            Checks the token with the organization's own secrets and settings, as a request would. Changes nothing in
            the directory, and doesn't ask it. Exits 1 where the token is refused.

              widget-gateway token verify --organization acme eyJhbGciOi…
              pbpaste | widget-gateway token verify --organization acme -
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: ArgumentHelp("The organization that the token is for.", valueName: "id"))
    var organization: String

    @Argument(help: "The token; - reads it from standard input, where other processes can't see it.")
    var token: String

    func run() async throws {
        let administration = try options.openAdministration()
        _ = try await administration.settings(of: organization)
        let text = token == "-" ? try StandardInput.text(limit: TokenCheckService.longestToken) : token
        let check = try await administration.tokenChecks.check(text, of: organization, by: .commandLine)
        try output.json ? Terminal.printJSON(Report(check)) : show(check)
        if check.explanation.rejection != nil { throw Refusal() }
    }

    private func show(_ check: TokenCheck) {
        let explanation = check.explanation
        if check.isTrimmed { Terminal.print("There is white space around it: the gateway would refuse it so.") }
        let signs: [TokenExplanation.Step.Outcome: String] = [.ok: "✓", .failed: "✗", .skipped: "·"]
        for step in explanation.steps {
            let name = step.name.padding(toLength: 10, withPad: " ", startingAt: 0)
            Terminal.print("\(signs[step.outcome] ?? " ") \(name) \(step.words)")
            if let remedy = step.remedy { Terminal.print("             → \(remedy)") }
        }
        for time in explanation.times {
            let moment = time.moment.flatMap { abs($0) < 1e11 ? Terminal.moment($0) : nil }
            Terminal.print("  \(time.name): \(time.written)" + (moment.map { " (\($0))" } ?? ""))
        }
        for rejection in explanation.wouldReject {
            Terminal.print("  would be refused if enforced: \(rejection.code.rawValue)")
        }
        if let rejection = explanation.rejection {
            let claim = rejection.claim.map { " (\($0))" } ?? ""
            Terminal.print("refused: \(rejection.code.rawValue)\(claim)")
        } else {
            Terminal.print("accepted\(explanation.keyID.map { ", by secret \($0)" } ?? "")")
        }
    }

    private struct Report: Encodable {
        var accepted: Bool
        var code: String?
        var claim: String?
        var trimmed: Bool
        var keyID: String?
        /// Another organization, one of whose secrets signed it.
        var signedBy: String?
        var header: Header?
        var times: [Time]
        var wouldReject: [String]
        var warnings: [String]
        var steps: [Step]
        var profile: ProfileJSON?
        /// In the one dialect that has such claims.
        var privileges: Privileges?

        struct Header: Encodable {
            var alg: String?
            var kid: String?
            var typ: String?
        }

        struct Time: Encodable {
            var name: String
            var written: String
            var moment: Double?
            var looksLikeMilliseconds: Bool
        }

        struct Step: Encodable {
            var name: String
            var outcome: String
            var words: String
            var remedy: String?
        }

        struct Privileges: Encodable {
            var trusted: Bool
            /// `absent`, `accept` or `deny`.
            var admin: String
            var owner: String
        }

        init(_ check: TokenCheck) {
            let explanation = check.explanation
            accepted = explanation.rejection == nil
            code = explanation.rejection?.code.rawValue
            claim = explanation.rejection?.claim?.description
            trimmed = check.isTrimmed
            keyID = explanation.keyID
            signedBy = check.organizationThatVouches
            header = explanation.header.map { Header(alg: $0.algorithm, kid: $0.keyID, typ: $0.type) }
            times = explanation.times.map {
                Time(
                    name: $0.name, written: $0.written, moment: $0.moment,
                    looksLikeMilliseconds: $0.looksLikeMilliseconds)
            }
            wouldReject = explanation.wouldReject.map(\.code.rawValue)
            warnings = explanation.warnings.names
            steps = explanation.steps.map {
                Step(name: $0.name, outcome: $0.outcome.rawValue, words: $0.words, remedy: $0.remedy)
            }
            profile = explanation.profile.map(ProfileJSON.init)
            let claims = explanation.privileges
            if check.settings.dialect == .uservoice, profile != nil {
                privileges = Privileges(
                    trusted: claims.isTrusted, admin: claims.admin.rawValue, owner: claims.owner.rawValue)
            }
        }
    }
}
