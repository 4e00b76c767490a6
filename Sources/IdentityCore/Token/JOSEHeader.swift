/// What the header of a token says that we act on: which key to try. The algorithm is pinned, so it isn't kept.
///
/// `jku`, `x5u`, `jwk` and `x5c` would let a token bring its own key: they are never looked at. `typ`, `cty` and
/// `b64` (which means nothing without `crit`, RFC 7797 section 6) aren't either.
struct JOSEHeader {
    /// The text of `kid`, in the scratch memory until the next scan; nil where there is none.
    let keyID: ScratchRange?

    /// Reads the header. Throws `token_malformed` for what isn't an object with each name once, for a `kid` that
    /// isn't a string, and for any `crit` (we know no extension, RFC 7515 section 4.1.11); throws
    /// `token_algorithm_not_allowed` for every `alg` but exactly `HS256`, a missing one included.
    init(_ token: CompactToken, in scratch: JSONScratch, names: HeaderNames) throws(Rejection) {
        guard JSONScanner.scan(token.header, in: scratch) else { throw Rejection(.tokenMalformed) }
        guard let algorithm = scratch.member(names.algorithm)?.pointee, algorithm.kind == .string,
            JOSEHeader.isHS256(scratch[algorithm.value])
        else { throw Rejection(.tokenAlgorithmNotAllowed) }
        guard scratch.member(names.critical) == nil else { throw Rejection(.tokenMalformed) }
        guard let kid = scratch.member(names.keyID)?.pointee else {
            keyID = nil
            return
        }
        guard kid.kind == .string else { throw Rejection(.tokenMalformed) }
        keyID = kid.value
    }

    private static func isHS256(_ text: UnsafeRawBufferPointer) -> Bool {
        text.count == 5 && text[0] == UInt8(ascii: "H") && text[1] == UInt8(ascii: "S")
            && text[2] == UInt8(ascii: "2") && text[3] == UInt8(ascii: "5") && text[4] == UInt8(ascii: "6")
    }
}

/// The header parameters that are looked at.
struct HeaderNames {
    let algorithm = ClaimName("alg")
    let critical = ClaimName("crit")
    let keyID = ClaimName("kid")
}
