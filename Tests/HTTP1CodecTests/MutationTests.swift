import HTTP1Codec
import HTTPMessages
import Testing

/// Broken messages by the thousand, the same ones on every run: nothing crashes, nothing is read past the input
/// (which ends at memory that can't be read), and what is accepted is fit to be passed on.
@Suite struct MutationTests {
    private static let rounds = 20_000

    @Test func `mutated requests are refused or understood in one way only`() throws {
        var mutator = Mutator(generator: SeededGenerator(seed: 1))
        let reader = Reader()
        let samples = IncrementalTests.requests.map { Array($0.utf8) }
        var accepted = 0
        for round in 0..<Self.rounds {
            let bytes = mutator.mutate(samples[round % samples.count])
            let whole = reader.request(bytes)
            let split = Int.random(in: 0...bytes.count, using: &mutator.generator)
            #expect(reader.request(bytes, splits: [split]) == whole)
            guard case .complete(let head, let consumed) = whole else { continue }
            accepted += 1
            #expect(consumed <= bytes.count)
            #expect(bytes[..<consumed].suffix(4).elementsEqual("\r\n\r\n".utf8))
            // Written again and read again it is the same: no room for a second opinion.
            guard case .complete(var again, _) = reader.request(try written(head)) else {
                Issue.record("accepted, written, and refused: \(head)")
                continue
            }
            again.framing.version11 = head.framing.version11
            #expect(again.method == head.method && again.target == head.target)
            #expect(again.authority == (head.authority.isEmpty ? "none" : head.authority))
            #expect(again.fields == head.fields)
            #expect(again.framing.body == head.framing.body)
        }
        #expect(accepted > 1000)
    }

    @Test func `mutated responses are refused or understood in one way only`() {
        var mutator = Mutator(generator: SeededGenerator(seed: 2))
        let reader = Reader()
        let samples = IncrementalTests.responses.map { Array($0.utf8) }
        var accepted = 0
        for round in 0..<Self.rounds {
            let bytes = mutator.mutate(samples[round % samples.count])
            let whole = reader.response(bytes)
            let split = Int.random(in: 0...bytes.count, using: &mutator.generator)
            #expect(reader.response(bytes, splits: [split]) == whole)
            if case .complete(_, let consumed) = whole {
                accepted += 1
                #expect(consumed <= bytes.count)
            }
        }
        #expect(accepted > 1000)
    }

    @Test func `mutated bodies are refused or understood in one way only`() {
        var mutator = Mutator(generator: SeededGenerator(seed: 3))
        let reader = Reader { $0.maxTrailerBytes = 64 }
        let samples = IncrementalTests.bodies.map { Array($0.utf8) }
        var accepted = 0
        for round in 0..<Self.rounds {
            let bytes = mutator.mutate(samples[round % samples.count])
            let whole = reader.body(bytes)
            let splits = [0, 0].map { _ in Int.random(in: 0...bytes.count, using: &mutator.generator) }.sorted()
            var parts = reader.body(bytes, splits: splits)
            if whole.failure != nil { parts.consumed = whole.consumed }
            #expect(parts == whole)
            #expect(whole.consumed <= bytes.count)
            if whole.ended { accepted += 1 }
        }
        #expect(accepted > 1000)
    }

    private func written(_ head: ReadRequest) throws -> [UInt8] {
        var queue = ByteQueue()
        let method = Array(head.method.utf8)
        let target = Array(head.target.utf8)
        try method.withUnsafeBytes { method in
            try target.withUnsafeBytes { try HTTP1Writer.appendRequestLine(method: method, target: $0, to: &queue) }
        }
        let host = head.authority.isEmpty ? "none" : head.authority
        for line in [Line(name: "host", value: host)] + head.fields {
            let taken = Array(line.name.utf8).withUnsafeBytes { name in
                Array(line.value.utf8).withUnsafeBytes { HTTP1Writer.appendField(name: name, value: $0, to: &queue) }
            }
            #expect(taken)
        }
        HTTP1Writer.appendEndOfHead(to: &queue)
        return Array(queue.readable)
    }
}
