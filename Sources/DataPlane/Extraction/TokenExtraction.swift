import HTTPMessages
import IdentityCore

/// Finds the user token of a request, wherever it may be, and remembers what mustn't go on.
struct TokenExtraction: ~Copyable {
    /// The token's bytes; empty where there is none.
    private(set) var token = ByteQueue()
    private(set) var isPresent = false
    /// The `Authorization` field was ours: it isn't forwarded.
    private(set) var consumesAuthorization = false
    /// The query had an `sso` parameter: it is cut from the forwarded target.
    private(set) var cutsQuery = false
    private(set) var isConflicting = false

    mutating func removeAll() {
        token.removeAll(keepingAtMost: 16 * 1024)
        isPresent = false
        consumesAuthorization = false
        cutsQuery = false
        isConflicting = false
    }

    /// Looks at all places a token can be in a head.
    mutating func read(_ request: borrowing RequestHead) {
        var index = 0
        while index < request.fields.count {
            if request.fields.header(index) == .authorization { readAuthorization(request.fields.value(index)) }
            index += 1
        }
        if let query = request.query { readQuery(query) }
    }

    /// A token from elsewhere: the body.
    mutating func add(_ candidate: Bytes) {
        guard isPresent else {
            isPresent = true
            token.append(candidate)
            return
        }
        if !token.readable.equals(candidate) { isConflicting = true }
    }

    private mutating func readAuthorization(_ value: Bytes) {
        guard value.hasPrefixIgnoringCase("bearer") else { return }
        // `Bearer` alone is a token that is empty; `Bearerish x` is another scheme.
        guard value.count == 6 || value[6] == 0x20 || value[6] == 0x09 else { return }
        consumesAuthorization = true
        add(value.part(6, value.count).trimmingBlanks)
    }

    private mutating func readQuery(_ query: Bytes) {
        guard mentionsToken(query) else { return }
        var found = ByteQueue()
        QueryString.forEach(query) { name, value, _ in
            guard QueryString.isNamed(name, "sso") else { return }
            cutsQuery = true
            guard value.count > 0 else { return }
            found.removeAll()
            QueryString.decode(value, into: &found)
            // No token has this byte, which sets sessions apart in the cache: what begins with it is as malformed as
            // nothing at all.
            add(found.readable[0] == 0 ? found.readable.part(0, 0) : found.readable)
        }
    }

    /// A quick look: no `s` (or percent sign) after a separator, no parameter.
    private func mentionsToken(_ query: Bytes) -> Bool {
        var index = 0
        var atStart = true
        while index < query.count {
            let byte = query[index]
            if atStart, byte == 0x73 || byte == 0x25 { return true }
            atStart = byte == 0x26
            index += 1
        }
        return false
    }
}
