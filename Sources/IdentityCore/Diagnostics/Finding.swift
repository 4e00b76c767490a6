/// What is wrong, in sentences, and how to mend it where that is known.
struct Finding: Equatable {
    let words: String
    let remedy: String?

    init(_ words: String, remedy: String? = nil) {
        self.words = words
        self.remedy = remedy
    }
}
