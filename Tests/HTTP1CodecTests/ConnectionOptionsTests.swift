import HTTP1Codec
import HTTPMessages
import Testing

@Suite struct ConnectionOptionsTests {
    @Test(arguments: [[], ["close"], ["Keep-Alive", "Upgrade, TE"], ["", ", ,"]])
    func `usual options name no field`(values: [String]) {
        let options = ConnectionOptions(fields(values))
        let empty = options.isEmpty
        let finds = options.contains(staticBytes("close"))
        #expect(empty)
        #expect(!finds)
    }

    @Test func `named fields are found in any letter case and any Connection field`() {
        let options = ConnectionOptions(fields(["close, X-Foo", "", "x-bar ,,\tX-BAZ"]))
        let found = ["x-foo", "x-bar", "x-baz", "x-fo", "x-foo,x-bar", "foo", "", "close"].filter {
            Array($0.utf8).withUnsafeBytes { options.contains($0) }
        }
        #expect(found == ["x-foo", "x-bar", "x-baz"])
    }

    private func fields(_ values: [String]) -> HeaderBlock {
        var fields = HeaderBlock()
        fields.append("accept", "x-other")
        for value in values { fields.append("connection", value) }
        return fields
    }
}
