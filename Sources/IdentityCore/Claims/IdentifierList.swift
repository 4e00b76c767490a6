/// A JSON array of ids, texts or integers, as a claim has it.
struct IdentifierList {
    /// The longest array, as it is written, in bytes.
    static let maximumLength = 4096
    /// The longest id in it, in bytes of UTF-8.
    static let maximumID = 128

    let array: ScratchRange
    let scratch: JSONScratch

    /// Whether each element is an id by itself: a text fit for a header, or an integer by its digits.
    var isValid: Bool {
        guard array.count <= IdentifierList.maximumLength else { return false }
        for element in JSONElements(array, in: scratch) {
            let fits =
                switch element {
                case .string(let text, let hasEscapes):
                    scratch.withText(text, hasEscapes: hasEscapes) {
                        $0.count <= IdentifierList.maximumID && HeaderFitness.isFit($0)
                    }
                case .number(let number):
                    number.count <= IdentifierList.maximumID && JSONNumber.isInteger(scratch[number])
                case .other: false
                }
            guard fits else { return false }
        }
        return true
    }

    /// The ids, copied; nil where there is no array.
    var texts: [String]? {
        guard !array.isEmpty else { return nil }
        return JSONElements(array, in: scratch).map { element in
            switch element {
            case .string(let text, let hasEscapes):
                scratch.withText(text, hasEscapes: hasEscapes) { String(decoding: $0, as: UTF8.self) }
            case .number(let number): String(decoding: scratch[number], as: UTF8.self)
            case .other: ""
            }
        }
    }
}
