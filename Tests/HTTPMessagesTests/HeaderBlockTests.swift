import HTTPMessages
import Testing

@Suite struct HeaderBlockTests {
    @Test func `fields keep their order, with names in lower case`() {
        var block = HeaderBlock()
        block.append(name: staticBytes("X-One"), value: staticBytes("A"))
        block.append("content-type", "text/plain")
        block.append("x-one", "B" as String)
        block.append("x-empty", staticBytes(""))
        let names = (0..<block.count).map { block.name($0).string }
        let values = (0..<block.count).map { block.value($0).string }
        #expect(names == ["x-one", "content-type", "x-one", "x-empty"])
        #expect(values == ["A", "text/plain", "B", ""])
    }

    @Test func `only ASCII capitals of a name change, wherever they stand`() {
        for byte in UInt8.min...UInt8.max {
            for length in [1, 8, 13] {
                for place in 0..<length {
                    var name = [UInt8](repeating: 0x5A, count: length)
                    name[place] = byte
                    var block = HeaderBlock()
                    name.withUnsafeBytes { block.append(name: $0, value: staticBytes("V")) }
                    let same = block.name(0).elementsEqual(name.map(\.asciiLowercased))
                    let value = block.value(0).equals("V")
                    #expect(same && value)
                }
            }
        }
    }

    @Test func `the first of several fields is found`() {
        var block = HeaderBlock()
        block.append("cookie", "a")
        block.append("cookie", "b")
        block.append("x-own", "c")
        let cookie = block.first(.cookie)?.string
        let own = block.first(named: "x-own")?.string
        let missing = block.first(.host) == nil && block.first(named: "x-ow") == nil
        #expect(cookie == "a")
        #expect(own == "c")
        #expect(missing)
    }

    @Test func `the list size counts 32 for each field`() {
        var block = HeaderBlock()
        block.append("a", "bc")
        block.append("d", "")
        let size = block.listSize
        #expect(size == 4 + 64)
    }

    @Test func `the last field can be taken away again`() {
        var block = HeaderBlock()
        block.append("a", "1")
        block.append("bb", "22")
        block.removeLast()
        block.append("c", "3")
        let names = (0..<block.count).map { block.name($0).string + block.value($0).string }
        let size = block.listSize
        #expect(names == ["a1", "c3"])
        #expect(size == 4 + 64)
    }

    @Test func `a block grows to many fields and can be used again`() {
        var block = HeaderBlock()
        for round in 0..<3 {
            for _ in 0..<1000 { block.append(name: staticBytes("X-Name"), value: staticBytes("value")) }
            let count = block.count
            let last = block.value(999).string
            #expect(count == 1000, "round \(round)")
            #expect(last == "value")
            block.removeAll()
            let empty = block.count == 0 && block.listSize == 0 && block.first(named: "x-name") == nil
            #expect(empty)
        }
    }
}
