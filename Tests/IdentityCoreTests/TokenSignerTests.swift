import IdentityCore
import Testing

@Suite struct TokenSignerTests {
    private let signer = TokenSigner(secretText: Sample.secret)

    @Test func `what is signed is accepted`() throws {
        let token = try signer.sign(
            claims: #"{"email":"a@b.c","id":123}"#, issuedAt: Int(Sample.now), expiresAt: Int(Sample.now) + 60,
            withUserHash: true, keyID: "k1")
        let policy = Sample.policy {
            $0.requireExpiry = true
            $0.userHash = .enforce
        }
        #expect(outcome(token, policy: policy).profile?.externalID == "123")
    }

    @Test func `claims that are there already are kept`() throws {
        let token = try signer.sign(
            claims: #"{"email":"a@b.c","exp":1}"#, issuedAt: Int(Sample.now), expiresAt: Int(Sample.now) + 60)
        #expect(outcome(token).code == .tokenExpired)
    }

    @Test func `an empty object can be signed, and white space after it is no matter`() throws {
        #expect(outcome(try signer.sign(claims: " { } \n", issuedAt: 1)).code == .tokenClaimMissing)
    }

    @Test func `a key id is written as a JSON string`() throws {
        let id = "a\"b\\c\u{1}é"
        let token = try signer.sign(claims: #"{"email":"a@b.c"}"#, keyID: id)
        #expect(outcome(token, api: [VerificationKeyText(id: id, text: Sample.secret)]).code == nil)
    }

    @Test(arguments: ["", "[]", "{", #"{"a":1,"a":2}"#, "email=a@b.c"])
    func `what is no object can't be signed`(claims: String) {
        #expect(throws: TokenSigningError.claimsMalformed) { try signer.sign(claims: claims) }
    }

    @Test func `claims that no token can hold, and a hash without an id, are refused`() {
        #expect(throws: TokenSigningError.claimsTooLarge) {
            try signer.sign(claims: #"{"x":"\#(String(repeating: "x", count: 9000))"}"#)
        }
        for claims in [#"{"email":"a@b.c"}"#, #"{"id":null}"#, #"{"id":1.5}"#] {
            #expect(throws: TokenSigningError.noID) { try signer.sign(claims: claims, withUserHash: true) }
        }
    }
}
