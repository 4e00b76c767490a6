import Foundation

/// One line on a terminal that says how far long work has come. Elsewhere it says nothing.
struct ProgressLine {
    private let total: Int?
    private let noun: String
    private let isSeen = Terminal.errorsAreSeen
    private var lastShown = -1

    init(total: Int?, noun: String) {
        self.total = total
        self.noun = noun
    }

    mutating func show(_ count: Int) {
        guard isSeen, count != lastShown else { return }
        lastShown = count
        let text = total.map { "\(count) of \($0) \(noun)" } ?? "\(count) \(noun)"
        FileHandle.standardError.write(Data("\r\(text)\u{1B}[K".utf8))
    }

    /// Clears the line.
    mutating func finish() {
        if lastShown >= 0 { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        lastShown = -1
    }
}
