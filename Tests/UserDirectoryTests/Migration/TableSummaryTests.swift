import Testing

@testable import UserDirectory

@Suite struct TableSummaryTests {
    private static let hosts = StoredTable.all[1]

    /// Pairs of contents that a careless encoding would take for the same.
    @Test(arguments: [
        ([[StoredValue.text("ab"), .text("c")]], [[StoredValue.text("a"), .text("bc")]]),
        ([[.text("1")]], [[.integer(1)]]),
        ([[.null]], [[.text("")]]),
        ([[.integer(1)]], [[.boolean(true)]]),
        ([[.real(1)]], [[.integer(1)]]),
        ([[.text("a")]], [[.bytes([97])]]),
        ([[.text("a")], [.text("b")]], [[.text("b")], [.text("a")]]),
        ([[.text("a"), .text("b")]], [[.text("a")], [.text("b")]]),
        ([[.real(0.1)]], [[.real(0.1.nextUp)]]),
    ])
    func `different rows have different checksums`(_ one: [StoredRow], _ other: [StoredRow]) {
        #expect(sum(one) != sum(other))
        #expect(sum(one) == sum(one))
    }

    @Test func `zero is zero, whatever its sign, and a NUL is what PostgreSQL can hold`() {
        #expect(sum([[.real(0)]]) == sum([[.real(-0.0)]]))
        #expect(StoredValue(text: "a\0b") == .text("a\u{FFFD}b"))
    }

    private func sum(_ rows: [StoredRow]) -> String {
        var summary = TableSummary(of: Self.hosts)
        for row in rows { summary.add(row) }
        return summary.checksum
    }
}
