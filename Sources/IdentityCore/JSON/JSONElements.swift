/// The elements of a JSON array that the scanner has accepted, in order; those that are neither strings nor numbers end
/// the walk.
struct JSONElements: Sequence, IteratorProtocol {
    /// A string, as it is written between its quotes, a number as it is written, or something else.
    enum Element {
        case string(ScratchRange, hasEscapes: Bool)
        case number(ScratchRange)
        case other
    }

    private let bytes: UnsafeMutablePointer<UInt8>
    private var position: Int
    private let end: Int

    /// `array`: from its opening bracket to its closing one.
    init(_ array: ScratchRange, in scratch: JSONScratch) {
        bytes = scratch.bytes
        position = Int(array.offset) + 1
        end = array.end - 1
    }

    mutating func next() -> Element? {
        while position < end, isBetween(bytes[position]) { position += 1 }
        guard position < end else { return nil }
        let start = position
        switch bytes[start] {
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "-"), 0x30...0x39:
            while position < end, !isBetween(bytes[position]) { position += 1 }
            return .number(ScratchRange(start, count: position - start))
        default:
            position = end
            return .other
        }
    }

    private mutating func string() -> Element {
        position += 1
        let start = position
        var hasEscapes = false
        while position < end, bytes[position] != UInt8(ascii: "\"") {
            let isEscape = bytes[position] == UInt8(ascii: "\\")
            hasEscapes = hasEscapes || isEscape
            position += isEscape ? 2 : 1
        }
        let written = ScratchRange(start, count: position - start)
        position += 1
        return .string(written, hasEscapes: hasEscapes)
    }

    private func isBetween(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","): true
        default: false
        }
    }
}

extension JSONScratch {
    /// Lends what a string's text means, unescaped where it `hasEscapes`.
    func withText<Result>(
        _ written: ScratchRange, hasEscapes: Bool, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        guard hasEscapes else { return body(self[written]) }
        // An unescaped text is never longer than the written one.
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(written.count)) { copy in
            guard let start = copy.baseAddress else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
            var source = bytes + Int(written.offset)
            let sourceEnd = bytes + written.end
            var target = start
            while source < sourceEnd {
                if source.pointee == UInt8(ascii: "\\") {
                    JSONEscape.copy(&source, to: &target)
                } else {
                    target.pointee = source.pointee
                    source += 1
                    target += 1
                }
            }
            return body(UnsafeRawBufferPointer(start: start, count: target - start))
        }
    }
}
