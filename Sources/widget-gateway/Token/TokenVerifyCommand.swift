import ArgumentParser
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
        let stored = try await options.openStore().loadAll().organizations
        guard let organization = stored.first(where: { $0.settings.id == organization }) else {
            throw StoreError.organizationUnknown(organization)
        }
        let text = token == "-" ? try StandardInput.text(limit: 1 << 20) : token
        let keys = Dictionary(grouping: organization.secrets, by: \.purpose)
            .mapValues { $0.map { VerificationKeyText(id: $0.id, text: $0.text) } }
        let explanation = TokenExplanation(
            token: text, api: keys[.api] ?? [], userHash: keys[.userHash] ?? [],
            policy: organization.settings.verificationPolicy, now: Date().timeIntervalSince1970)
        try report(explanation, dialect: organization.settings.dialect)
        if explanation.rejection != nil { throw Refusal() }
    }

    private func report(_ explanation: TokenExplanation, dialect: Dialect) throws {
        if output.json {
            try Terminal.printJSON(
                Report(
                    accepted: explanation.rejection == nil, code: explanation.rejection?.code.rawValue,
                    claim: explanation.rejection?.claim?.description, keyID: explanation.keyID,
                    wouldReject: explanation.wouldReject.map(\.code.rawValue), warnings: explanation.warnings.names,
                    steps: explanation.steps.map {
                        Report.Step(name: $0.name, outcome: $0.outcome.rawValue, words: $0.words)
                    },
                    profile: explanation.profile.map(ProfileJSON.init),
                    privileges: explanation.rejection == nil && dialect == .uservoice
                        ? Report.Privileges(explanation.privileges) : nil))
            return
        }
        let signs: [TokenExplanation.Step.Outcome: String] = [.ok: "✓", .failed: "✗", .skipped: "·"]
        for step in explanation.steps {
            let name = step.name.padding(toLength: 10, withPad: " ", startingAt: 0)
            Terminal.print("\(signs[step.outcome] ?? " ") \(name) \(step.words)")
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
        var keyID: String?
        var wouldReject: [String]
        var warnings: [String]
        var steps: [Step]
        var profile: ProfileJSON?
        /// In the one dialect that has such claims.
        var privileges: Privileges?

        struct Step: Encodable {
            var name: String
            var outcome: String
            var words: String
        }

        struct Privileges: Encodable {
            var trusted: Bool
            /// `absent`, `accept` or `deny`.
            var admin: String
            var owner: String

            init(_ claims: PrivilegeClaims) {
                trusted = claims.isTrusted
                admin = claims.admin.rawValue
                owner = claims.owner.rawValue
            }
        }
    }
}
