import HTTPMessages

/// One line of a head or trailer section, taken apart (RFC 9112, 5): valid as long as the line is.
struct FieldLine {
    let name: Bytes
    let value: Bytes

    /// Strict: a token, a colon right after it, a value without control characters. No folding.
    @inline(__always)
    init(_ line: Bytes) throws(HTTP1Error) {
        let nameEnd = line.tokenPrefixLength
        guard nameEnd > 0, nameEnd < line.count, line[nameEnd] == 0x3A else {
            let folded = line.count > 0 && (line[0] == 0x20 || line[0] == 0x09)
            throw .malformed(folded ? .foldedField : .fieldName)
        }
        name = line.part(0, nameEnd)
        value = line.part(nameEnd + 1, line.count).trimmingBlanks
        guard value.isFieldValue else { throw .malformed(.fieldValue) }
    }
}
