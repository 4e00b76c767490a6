import HTTPMessages
import Testing

@Suite struct ByteQueueTests {
    @Test func `bytes come out in the order they went in`() {
        var queue = ByteQueue()
        queue.append("abc")
        queue.append([0x64, 0x65])
        queue.append(byte: 0x66)
        queue.append("gh" as String)
        queue.consume(2)
        let text = queue.readable.string
        #expect(text == "cdefgh")
        queue.removeLast(2)
        queue.consume(4)
        let empty = queue.isEmpty
        #expect(empty)
    }

    @Test func `a queue that was never filled lends nothing`() {
        let queue = ByteQueue()
        let count = queue.readable.count
        let isEmpty = queue.readable.equals("")
        #expect(count == 0)
        #expect(isEmpty)
    }

    @Test func `appending nothing to an empty queue is harmless`() {
        var queue = ByteQueue()
        queue.append("")
        queue.append([])
        queue.append(Bytes(start: nil, count: 0))
        queue.consume(0)
        queue.removeLast(0)
        let lent = queue.write(atMost: 0) { _ in 0 }
        let count = queue.count
        #expect(lent == 0)
        #expect(count == 0)
    }

    @Test(arguments: [0, 7, 9, 10, 99, 100, 65535, Int.max])
    func `numbers are written in decimal and hexadecimal`(number: Int) {
        var queue = ByteQueue()
        queue.append(decimal: number)
        queue.append(byte: 0x20)
        queue.append(hexadecimal: number)
        let text = queue.readable.string
        #expect(text == "\(number) \(String(number, radix: 16))")
    }

    @Test func `lent room is taken as far as it was written`() {
        var queue = ByteQueue()
        queue.append("x")
        let written = queue.write(atMost: 1000) { room in
            precondition(room.count >= 1000)
            room.storeBytes(of: 0x79, as: UInt8.self)
            return 1
        }
        let text = queue.readable.string
        #expect(written == 1)
        #expect(text == "xy")
    }

    @Test func `any mix of appending and taking agrees with an array`() {
        var queue = ByteQueue()
        var model: [UInt8] = []
        var seed: UInt64 = 42
        func random(_ limit: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % limit
        }
        var next: UInt8 = 0
        for _ in 0..<5000 {
            switch random(8) {
            case 0...3:
                var chunk: [UInt8] = []
                for _ in 0..<random(400) {
                    chunk.append(next)
                    next &+= 1
                }
                queue.append(chunk)
                model += chunk
            case 4...6:
                let length = random(queue.count + 1)
                queue.consume(length)
                model.removeFirst(length)
            default:
                let length = random(min(queue.count, 10) + 1)
                queue.removeLast(length)
                model.removeLast(length)
            }
            let same = queue.readable.elementsEqual(model)
            #expect(same)
        }
    }

    @Test func `memory beyond a limit is given back and the queue still works`() {
        var queue = ByteQueue(capacity: 100_000)
        queue.append([UInt8](repeating: 1, count: 50_000))
        queue.removeAll(keepingAtMost: 1000)
        queue.append("abc")
        let text = queue.readable.string
        #expect(text == "abc")
    }
}
