import Glibc
import HTTPMessages
import MessageAuthentication

/// All tokens of a run, signed before it starts, as values of `authorization` in one piece of memory.
///
/// There is one genuine token a user. Expired and forged ones are few: they are all refused, and none is remembered.
final class TokenStock {
    /// How many different expired and forged tokens there are at most.
    private static let maximumRefused = 1000

    let users: Int
    private let refused: Int
    private var memory: [UInt8] = []
    /// Where each token begins in `memory`: valid, then expired, then forged; and the end of the last.
    private var starts: [Int] = []
    private var firstExpired = 0
    private var base: UnsafeMutablePointer<UInt8>?

    /// Signs the tokens of `users` users with the UTF-8 of `secret`. `progress` hears how many are there.
    init(users: Int, mix: TrafficMix, secret: String, now: Int, progress: (Int) -> Void) {
        self.users = users
        refused = min(users, TokenStock.maximumRefused)
        let mac = HMACSHA256(secretText: secret)
        let needsValid = mix.contains(.valid)
        for user in 0..<(needsValid ? users : 0) {
            append(TokenStock.claims(user, issued: now, expires: now + 3600), mac)
            if user % 10_000 == 9_999 { progress(user + 1) }
        }
        firstExpired = starts.count
        for user in 0..<refused { append(TokenStock.claims(user, issued: now - 7200, expires: now - 3600), mac) }
        for user in 0..<refused {
            append(TokenStock.claims(user, issued: now, expires: now + 3600), mac)
            // Another character inside the signature: still strict base64url.
            let spoilt = memory.count - 20
            memory[spoilt] = memory[spoilt] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        }
        starts.append(memory.count)
        let base = UnsafeMutablePointer<UInt8>.allocate(capacity: memory.count)
        base.initialize(from: memory, count: memory.count)
        self.base = base
        memory = []
    }

    deinit { base?.deallocate() }

    /// The value of `authorization` for a request of this kind by this user: lives as long as the stock.
    func authorization(_ kind: RequestKind, user: Int) -> Bytes? {
        switch kind {
        case .valid: bytes(user)
        case .expired: bytes(firstExpired + user % refused)
        case .forged: bytes(firstExpired + refused + user % refused)
        case .anonymous: nil
        }
    }

    /// The length of one genuine token, in bytes.
    var tokenLength: Int { starts.count > 1 ? starts[1] - starts[0] - TokenStock.scheme.utf8CodeUnitCount : 0 }

    /// The email address of a user: what an answer must name, and no other.
    static func email(_ user: Int) -> String { "user-\(digits(user))@load.test" }

    private func bytes(_ index: Int) -> Bytes {
        Bytes(start: base.map { UnsafeRawPointer($0 + starts[index]) }, count: starts[index + 1] - starts[index])
    }

    private func append(_ claims: String, _ mac: HMACSHA256) {
        starts.append(memory.count)
        memory.append(contentsOf: staticBytes(TokenStock.scheme))
        let input = memory.count
        memory.append(contentsOf: TokenStock.header)
        memory.append(UInt8(ascii: "."))
        memory.append(contentsOf: Base64URL.encode(claims.utf8))
        let code = mac.code(of: Array(memory[input...]))
        memory.append(UInt8(ascii: "."))
        memory.append(contentsOf: Base64URL.encode(code))
    }

    private static let scheme: StaticString = "Bearer "
    private static let header = Base64URL.encode(#"{"alg":"HS256","typ":"JWT"}"#.utf8)

    private static func claims(_ user: Int, issued: Int, expires: Int) -> String {
        let digits = digits(user)
        return "{\"id\":\"\(digits)\",\"email\":\"\(email(user))\",\"name\":\"User \(digits)\","
            + "\"avatarURL\":\"https://cdn.load.test/a/\(digits).png\",\"company_name\":\"Company \(user % 1000)\","
            + "\"iat\":\(issued),\"exp\":\(expires)}"
    }

    private static func digits(_ user: Int) -> String {
        let text = String(user + 1)
        return String(repeating: "0", count: max(0, 7 - text.count)) + text
    }
}
