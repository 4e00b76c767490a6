/// One member of the outermost JSON object.
struct JSONMember {
    /// Unescaped.
    var name = ScratchRange.none
    /// The unescaped text of a string, without quotes; anything else as it is written.
    var value = ScratchRange.none
    /// The whole member as it is written: name, colon, value.
    var written = ScratchRange.none
    var kind = JSONKind.null
    /// Whether a dialect or the verifier knows the claim: what isn't known is kept as extra.
    var isKnown = false
}

/// What a JSON value is.
enum JSONKind: UInt8 {
    case null, bool, number, string, array, object
}
