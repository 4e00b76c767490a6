import IdentityCore
import MessageAuthentication
import Testing

/// A token that is refused, with the step that fails and a part of how to mend it.
struct Mistake: Sendable, CustomTestStringConvertible {
    let name: String
    let token: String
    var dialect = Dialect.productbridge
    let step: String
    let remedy: String

    var testDescription: String { name }

    /// Signed with what a secret becomes by a mistake.
    static func key(_ name: String, _ key: String, remedy: String) -> Mistake {
        Mistake(
            name: name, token: Sample.token(#"{"email":"a@b.c"}"#, secret: key), step: "signature", remedy: remedy)
    }

    /// Signed with bytes rather than a text.
    static func key(_ name: String, _ key: [UInt8], remedy: String) -> Mistake {
        let input = Base64URL.text(Sample.header.utf8) + "." + Base64URL.text(#"{"email":"a@b.c"}"#.utf8)
        let signature = Base64URL.text(HMACSHA256(key: key).code(of: Array(input.utf8)))
        return Mistake(name: name, token: input + "." + signature, step: "signature", remedy: remedy)
    }

    static func shape(_ name: String, _ token: String, remedy: String) -> Mistake {
        Mistake(name: name, token: token, step: "segments", remedy: remedy)
    }

    static func algorithm(_ header: String, remedy: String) -> Mistake {
        Mistake(name: header, token: Sample.token("{}", header: header), step: "header", remedy: remedy)
    }

    static func claims(_ claims: String, of dialect: Dialect = .productbridge, step: String, remedy: String) -> Mistake
    {
        Mistake(name: claims, token: Sample.token(claims), dialect: dialect, step: step, remedy: remedy)
    }

    static func hash(_ name: String, _ hash: String, remedy: String) -> Mistake {
        Mistake(
            name: name, token: Sample.token(#"{"email":"a@b.c","id":"123","company_id":"77","user_hash":"\#(hash)"}"#),
            step: "user_hash", remedy: remedy)
    }
}

@Suite("How to mend a token") struct TokenRemedyTests {
    static let good = Sample.token(#"{"email":"a@b.c"}"#)

    private func explain(_ token: String, dialect: Dialect = .productbridge) -> TokenExplanation {
        TokenExplanation(
            token: token, api: Sample.api, userHash: [], policy: Sample.policy(of: dialect), now: Sample.now)
    }

    static let shapes: [Mistake] = [
        .shape("Bearer", "Bearer " + good, remedy: "Authorization"),
        .shape("quotes", "\"\(good)\"", remedy: "Cut them off"),
        .shape("wrapped", good.prefix(30) + "\n" + good.dropFirst(30), remedy: "one line"),
        .shape("a space at its end", good + " ", remedy: "without spaces"),
        .shape("an address", "https://a.test/?sso=" + good, remedy: "query"),
        .shape("percent-encoded", good.replacing(".", with: "%2E"), remedy: "Decode it once"),
        .shape("encrypted", "eyJhbGciOiJkaXIifQ..a.b.c", remedy: "JWE"),
        .shape("padded", good + "=", remedy: "padding"),
        .shape("plain base64", good.dropLast() + "+", remedy: "plain base64"),
        .shape("no signature", String(good.prefix { $0 != "." }) + ".e30", remedy: "end is missing"),
        .shape("cut by two", String(good.dropLast(2)), remedy: "41 characters"),
        .shape("a secret", Sample.secret, remedy: "must not leave"),
        .shape("nothing", "", remedy: "nothing here"),
    ]

    static let keys: [Mistake] = [
        .key("hex-decoded", (0..<32).map { $0 }, remedy: "hex2bin"),
        // What `base64.b64decode` of Python makes of the secret.
        .key(
            "base64-decoded",
            [
                0xd3, 0x4d, 0x35, 0xd3, 0x6d, 0x37, 0xd3, 0x8d, 0x39, 0xd3, 0xad, 0x3b,
                0xd3, 0xcd, 0x3d, 0xd1, 0xad, 0x1b, 0xd1, 0xcd, 0x1d, 0xd1, 0xed, 0x1f,
                0xd7, 0x4d, 0x75, 0xd7, 0x6d, 0x77, 0xd7, 0x8d, 0x79, 0xd7, 0xad, 0x7b,
                0xd7, 0xcd, 0x7d, 0xd5, 0xad, 0x5b, 0xd5, 0xcd, 0x5d, 0xd5, 0xed, 0x5f,
            ], remedy: "take a string for base64"),
        .key("a line break", Sample.secret + "\n", remedy: "after reading the secret"),
        .key("a line break of Windows", Sample.secret + "\r\n", remedy: "after reading the secret"),
        .key("a space", Sample.secret + " ", remedy: "is configured"),
        .key("quotes", "'\(Sample.secret)'", remedy: "quotes"),
        .key("capitals", Sample.secret.uppercased(), remedy: "letter case"),
        .key("somebody else's", Sample.hashSecret, remedy: "last four characters"),
        Mistake(
            name: "another secret's id", token: Sample.token("{}", header: #"{"alg":"HS256","kid":"k2"}"#),
            step: "signature", remedy: "Set 'kid' to k1"),
        Mistake(
            name: "an unknown id", token: Sample.token("{}", header: #"{"alg":"HS256","kid":"k9"}"#),
            step: "signature", remedy: "Set 'kid' to k1"),
        Mistake(
            name: "cut by three", token: String(good.dropLast(3)), step: "signature", remedy: "cut at its end"),
    ]

    static let algorithms: [Mistake] = [
        .algorithm(#"{"alg":"hs256"}"#, remedy: "in capitals"), .algorithm(#"{"alg":"none"}"#, remedy: "isn't signed"),
        .algorithm(#"{"alg":"RS256"}"#, remedy: "private key"), .algorithm(#"{"alg":"EdDSA"}"#, remedy: "private key"),
        .algorithm(#"{"alg":"HS512"}"#, remedy: "the secret stays"), .algorithm(#"{"typ":"JWT"}"#, remedy: "no 'alg'"),
    ]

    static let times: [Mistake] = [
        .claims(#"{"email":"a@b.c","exp":1750000100000}"#, step: "lifetime", remedy: "Divide it by 1000"),
        .claims(#"{"email":"a@b.c","iat":1750000000000}"#, step: "time", remedy: "Divide it by 1000"),
        .claims(#"{"email":"a@b.c","nbf":1750000000000}"#, step: "time", remedy: "Divide it by 1000"),
        .claims(#"{"email":"a@b.c","iat":1750000400}"#, step: "time", remedy: "NTP"),
        .claims(#"{"email":"a@b.c","exp":3600}"#, step: "time", remedy: "not a duration"),
        .claims(#"{"email":"a@b.c","exp":1749990000}"#, step: "time", remedy: "getToken"),
        .claims(#"{"email":"a@b.c","exp":"1750000100"}"#, step: "time", remedy: "without quotes"),
        .claims(#"{"email":"a@b.c","exp":1750090000}"#, step: "lifetime", remedy: "at most 3600 s after 'iat'"),
        .claims(
            #"{"guid":"1","email":"a@b.c","expires":1750000100}"#, of: .uservoice, step: "time", remedy: "in GMT"),
    ]

    static let claims: [Mistake] = [
        .claims(
            #"{"email":"a@b.c","id":"1"}"#, of: .sleekplan, step: "claims", remedy: "here that claim is called 'mail'"),
        .claims(#"{"email":"a@b.c","id":"1"}"#, of: .sleekplan, step: "claims", remedy: "productbridge's claims"),
        .claims(#"{"mail":"a@b.c"}"#, step: "claims", remedy: "sleekplan's claims"),
        .claims(#"{"email":"a@b.c","guid":"1"}"#, of: .productlift, step: "claims", remedy: "uservoice's claims"),
        .claims(
            #"{"email":"a@b.c","avatarUrl":"x"}"#, of: .sleekplan, step: "claims", remedy: "userorbit's claims"),
        .claims(
            #"{"email":"a@b.c","uid":"1","name":"A"}"#, of: .uservoice, step: "claims", remedy: "productlift's claims"),
        .claims(#"{"email":null}"#, step: "claims", remedy: "null and an empty text count as missing"),
        .claims(#"{"email":"nobody"}"#, step: "claims", remedy: "an email address"),
        .claims(#"{"email":"a@b.c","id":1.5}"#, step: "claims", remedy: "a whole number"),
        .claims(#"{"mail":"a@b.c","name":"Ann B"}"#, of: .sleekplan, step: "claims", remedy: "'full_name'"),
        .claims(#"{"email":"a@b.c","renewal_date":"soon"}"#, step: "claims", remedy: "2030-12-31"),
    ]

    static let hashes: [Mistake] = [
        // Known answers of Python's hmac and hashlib over "123".
        .hash(
            "hex-decoded", "e7c5538a4b15664ed667e05be3c25040fe6e433fbbc33c0cb5a85dfc09d9766c", remedy: "hex2bin"),
        .hash("no hexadecimal", "F1AC1N3EDMa6QCBOw==", remedy: "not base64"),
        .hash("over the email", UserHash.compute(secretText: Sample.secret, id: "a@b.c"), remedy: "over the id"),
        .hash("over another claim", UserHash.compute(secretText: Sample.secret, id: "77"), remedy: "over the id"),
        .hash("over what isn't there", UserHash.compute(secretText: Sample.secret, id: "9"), remedy: "the very id"),
        .hash("with a line break", UserHash.compute(secretText: Sample.secret + "\n", id: "123"), remedy: "Cut it off"),
        .hash(
            "without a key", "a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3",
            remedy: "HMAC-SHA256, with the secret"),
    ]

    @Test(
        "what is wrong is told how to mend",
        arguments: shapes + keys + algorithms + times + claims + hashes)
    func remedy(mistake: Mistake) {
        let step = explain(mistake.token, dialect: mistake.dialect).steps.first { $0.outcome == .failed }
        #expect(step?.name == mistake.step)
        #expect(step?.remedy?.contains(mistake.remedy) == true, "\(step?.words ?? "") / \(step?.remedy ?? "")")
    }

    @Test("a step that holds needs no mending")
    func nothing() {
        #expect(explain(Self.good).steps.allSatisfy { $0.remedy == nil })
    }

    @Test("what is known from elsewhere is added to its step")
    func suggestion() {
        var explanation = explain(Sample.token("{}", secret: "x"))
        explanation.suggest("Ask Globex.", for: "signature")
        #expect(explanation.steps.first { $0.name == "signature" }?.remedy == "Ask Globex.")
    }
}

@Suite("What a token says, whether it holds or not") struct TokenFactsTests {
    private func explain(_ token: String, dialect: Dialect = .productbridge) -> TokenExplanation {
        TokenExplanation(
            token: token, api: Sample.api, userHash: [], policy: Sample.policy(of: dialect), now: Sample.now)
    }

    @Test("times are shown as they are written, and as moments")
    func times() {
        let payload = #"{"email":"a@b.c","exp":1750000100000,"nbf":1.75e9,"iat":"now"}"#
        let times = explain(Sample.token(payload)).times
        #expect(times.map(\.name) == ["exp", "nbf", "iat"])
        #expect(times.map(\.written) == ["1750000100000", "1.75e9", "now"])
        #expect(times.map(\.moment) == [1_750_000_100_000, 1_750_000_000, nil])
        #expect(times.map(\.looksLikeMilliseconds) == [true, false, false])
    }

    @Test("uservoice's expires is a moment in GMT; elsewhere it is no time")
    func expires() {
        // date -u -d '2025-06-15 15:00:00' +%s
        let token = Sample.token(#"{"guid":"1","email":"a@b.c","expires":"2025-06-15 15:00:00"}"#)
        let times = explain(token, dialect: .uservoice).times
        #expect(times.map(\.name) == ["expires"])
        #expect(times.map(\.moment) == [1_749_999_600])
        #expect(explain(token).times.isEmpty)
    }

    @Test("an expired token's claims are shown all the same")
    func expired() {
        let token = Sample.token(
            #"{"guid":"7","email":"a@b.c","display_name":"Ann","admin":"accept","exp":1,"iat":2,"shoe":43}"#)
        let explanation = explain(token, dialect: .uservoice)
        #expect(explanation.rejection?.code == .tokenExpired)
        #expect(explanation.profile?.name == "Ann")
        #expect(explanation.profile?.externalID == "7")
        #expect(explanation.profile?.extra?.text == #"{"shoe":43}"#)
        #expect(explanation.privileges.admin == .accept)
    }

    @Test("a token whose signature doesn't hold has no claims")
    func forged() {
        let explanation = explain(Sample.token(#"{"email":"a@b.c","exp":1}"#, secret: "x"))
        #expect(explanation.profile == nil && explanation.times.isEmpty && explanation.keyID == nil)
    }

    @Test("the header is shown, of a token that is cut, too")
    func header() {
        let token = Sample.token("{}", header: #"{"alg":"RS256","kid":7,"typ":"JWT"}"#)
        for text in [token, String(token.prefix { $0 != "." }), token + ".a"] {
            let header = explain(text).header
            #expect(header?.algorithm == "RS256")
            #expect(header?.keyID == "7")
            #expect(header?.type == "JWT")
        }
        for text in ["", "x", "e30=.x.y.z.", String(repeating: "x", count: 9000), "[]"] {
            #expect(explain(text).header?.algorithm == nil)
        }
    }

    @Test("what a client wrote is short and harmless")
    func harmless() {
        let kid = #"\u001b[2J\u202e"# + String(repeating: "k", count: 500)
        let header = explain(Sample.token("{}", header: #"{"alg":"HS256","kid":"\#(kid)"}"#)).header
        #expect(header?.keyID?.hasPrefix("\u{FFFD}[2J\u{FFFD}kkk") == true)
        #expect(header?.keyID?.unicodeScalars.count == 121)
    }
}
