import ArgumentParser
import Foundation
import IdentityCore

struct TokenSignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a user token, as a customer's server would.",
        discussion: """
            Adds iat and exp where the claims have none. Prints the token alone.

              widget-gateway token sign --secret-file acme.secret --claims '{"email":"a@b.c"}'
              widget-gateway token sign --secret-file - --claims '{"id":"7","email":"a@b.c"}' --with-user-hash
              widget-gateway token sign --secret-file - --claims '{"guid":7,"email":"a@b.c"}' --dialect uservoice
            """)

    @Option(help: ArgumentHelp("The file with the API secret; - is standard input.", valueName: "file"))
    var secretFile: String

    @Option(help: ArgumentHelp("The claims: a JSON object.", valueName: "json"))
    var claims: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long the token is valid, from now; below 0 it has expired.", valueName: "seconds"))
    var expiresIn = 3600

    @Flag(help: "Add no exp.")
    var noExpiry = false

    @Flag(help: "Add user_hash over the claims' own id.")
    var withUserHash = false

    @Option(help: "Whose claims these are: says which one is the id.")
    var dialect: Dialect = .productbridge

    @Option(help: ArgumentHelp("The key id, for the header.", valueName: "id"))
    var kid: String?

    func validate() throws {
        guard abs(expiresIn) <= 1 << 40 else { throw ValidationError("--expires-in is out of range.") }
    }

    func run() async throws {
        let signer = TokenSigner(secretText: try SecretInput.read(secretFile), dialect: dialect)
        let now = Int(Date().timeIntervalSince1970)
        do throws(TokenSigningError) {
            Terminal.print(
                try signer.sign(
                    claims: claims, issuedAt: now, expiresAt: noExpiry ? nil : now + expiresIn,
                    withUserHash: withUserHash, keyID: kid))
        } catch {
            let words =
                switch error {
                case .claimsMalformed: "the claims must be one JSON object with each name once"
                case .claimsTooLarge: "the claims are too large for a token"
                case .noID: "there is no id in the claims that a user hash could be over"
                }
            throw Refusal(words)
        }
    }
}

extension Dialect: ExpressibleByArgument {}
