import IdentityCore
import Testing
import UserDirectory

@Suite struct UserCSVTests {
    @Test func `columns may come in any order and cells may be empty`() throws {
        let text =
            "\u{FEFF}name,email,id,company_mrr,weight,segments\r\n\"Ann, \"\"A\"\"\nB\",a@b.c,007,10.99,4,x;y\r\n\n,,8,,,\n"
        let profiles = try UserCSV.parse(text)
        var ann = profile(id: "007", email: "a@b.c", name: "Ann, \"A\"\nB")
        ann.company = .init()
        ann.company?.mrr = "10.99"
        ann.weight = 4
        ann.segments = ["x", "y"]
        #expect(profiles == [ann, profile(id: "8")])
    }

    @Test(
        arguments: [
            ("", .empty), ("id,colour\n", .columnUnknown("colour")), ("id,id\n", .columnTwice("id")),
            ("name\nAnn\n", .noKeyColumn), ("id,email\n1\n", .cellCount(line: 2, expected: 2, found: 1)),
            ("id\n1,2\n", .cellCount(line: 2, expected: 1, found: 2)),
            ("id,weight\n1,2\n2,x\n", .cellInvalid(line: 3, column: "weight")),
            ("id,name\n\"1\n2\",b\n,Ann\n", .noKey(line: 4)), ("id\na\"b\n", .quoteMisplaced(line: 2)),
            ("id\n\"a\"b\n", .quoteMisplaced(line: 2)), ("id\n1\n\"a\n\n", .quoteOpen(line: 3)),
        ] as [(String, UserCSVError)])
    func `a wrong file is refused by line`(_ text: String, _ error: UserCSVError) {
        #expect(throws: error) { try UserCSV.parse(text) }
    }

    @Test(
        arguments: [
            "=1+1", "+1", "-1", "@x", "\tx", "'=1", "''=1", "'plain", "'", "plain", "a,b", "\"", "line\r\nbreak", "é",
        ])
    func `what is exported comes back, and no cell is a formula`(_ name: String) throws {
        var said = profile(id: "1", email: "a@b.c", name: name)
        said.renewal = .init()
        said.renewal?.risk = "low"
        let line = UserCSV.line(DirectoryUser(id: "usr_1", profile: said, createdAt: 5))
        #expect(try UserCSV.parse(UserCSV.header + line) == [said])
        #expect(!line.contains(/[,"][=+@-]/))
    }
}
