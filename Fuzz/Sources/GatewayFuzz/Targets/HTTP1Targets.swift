import HTTP1Codec
import HTTPMessages

/// HTTP/1.1 in both directions: whatever pieces bytes come in, they say the same.
enum HTTP1Targets {
    private static let limits = HTTP1Limits()

    static func requests(_ input: UnsafeRawBufferPointer) {
        let whole = request(input, sizes: [input.count])
        let split = request(input, sizes: Array(stride(from: 1, to: input.count + 1, by: step(input))) + [input.count])
        precondition(whole == split, "in pieces it is another request")
    }

    static func responses(_ input: UnsafeRawBufferPointer) {
        let whole = response(input, sizes: [input.count])
        let split = response(input, sizes: Array(stride(from: 1, to: input.count + 1, by: step(input))) + [input.count])
        precondition(whole == split, "in pieces it is another response")
    }

    private static func step(_ input: UnsafeRawBufferPointer) -> Int { Int(input.first ?? 0) % 7 + 1 }

    private static func request(_ input: UnsafeRawBufferPointer, sizes: [Int]) -> String {
        var parser = RequestHeadParser(limits: limits)
        var head = RequestHead()
        for size in sizes {
            do throws(HTTP1Error) {
                let part = Bytes(UnsafeRawBufferPointer(rebasing: input.prefix(size)))
                guard case .complete(let consumed, let framing) = try parser.parse(part, into: &head) else { continue }
                let body = body(input.dropFirst(consumed), framing.body, sizes: sizes.map { $0 - consumed })
                return "\(head.methodName.string) \(head.target.string) \(fields(head.fields)) \(framing) \(body)"
            } catch {
                return "\(error)"
            }
        }
        return "more"
    }

    private static func response(_ input: UnsafeRawBufferPointer, sizes: [Int]) -> String {
        var parser = ResponseHeadParser(limits: limits)
        var head = ResponseHead()
        var interim = ""
        var start = 0
        for size in sizes where size >= start {
            while true {
                do throws(HTTP1Error) {
                    let part = Bytes(UnsafeRawBufferPointer(rebasing: input[start..<size]))
                    let result = try parser.parse(part, requestMethod: .get, into: &head)
                    if case .informational(let consumed, let status) = result {
                        start += consumed
                        interim += "\(status) "
                        continue
                    }
                    guard case .complete(let consumed, let framing) = result else { break }
                    let end = start + consumed
                    let body = body(input.dropFirst(end), framing.body, sizes: sizes.map { $0 - end })
                    return "\(interim)\(head.status) \(fields(head.fields)) \(framing) \(body)"
                } catch {
                    return "\(interim)\(error)"
                }
            }
        }
        return "\(interim)more"
    }

    /// The data, the trailers and the end of a body.
    private static func body(
        _ input: Slice<UnsafeRawBufferPointer>, _ framing: BodyFraming, sizes: [Int]
    ) -> String {
        var decoder = BodyDecoder(framing, limits: limits)
        var trailers = HeaderBlock()
        var data: [UInt8] = []
        var consumed = 0
        let rest = UnsafeRawBufferPointer(rebasing: input)
        for size in sizes where size >= consumed && size <= rest.count {
            while true {
                do throws(HTTP1Error) {
                    let part = Bytes(UnsafeRawBufferPointer(rebasing: rest[consumed..<size]))
                    let (count, piece) = try decoder.next(part, trailers: &trailers)
                    precondition(count <= part.count, "more was consumed than there is")
                    if case .data(let range) = piece {
                        data += rest[consumed + range.lowerBound..<consumed + range.upperBound]
                    }
                    consumed += count
                    if piece == .end { return "\(data) \(fields(trailers)) end" }
                    if piece == .needsMore { break }
                } catch {
                    return "\(data) \(error)"
                }
            }
        }
        return "\(data) more"
    }

    private static func fields(_ block: borrowing HeaderBlock) -> String {
        var text = ""
        for index in 0..<block.count {
            let value = block.value(index)
            for byte in 0..<value.count {
                precondition(value[byte] != 0 && value[byte] != 10 && value[byte] != 13, "a value with a line break")
            }
            text += "[\(block.name(index).string):\(value.string)]"
        }
        return text
    }
}
