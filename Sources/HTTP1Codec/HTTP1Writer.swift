package import HTTPMessages

/// Writes messages: heads line by line, chunks, trailers.
///
/// Names, values and targets are checked on the way, whoever they come from: a CR, LF or NUL never leaves here.
package enum HTTP1Writer {
    /// Appends `method target HTTP/1.1`; throws, with nothing written, where one of them could break the line.
    package static func appendRequestLine(
        method: Bytes, target: Bytes, to queue: inout ByteQueue
    ) throws(HTTP1Error) {
        guard method.isToken else { throw .malformed(.method) }
        guard target.isRequestTarget else { throw .malformed(.target) }
        queue.append(method)
        queue.append(byte: 0x20)
        queue.append(target)
        queue.append(" HTTP/1.1\r\n")
    }

    /// Appends `HTTP/1.1 status reason`; `status` is 100–999.
    package static func appendStatusLine(_ status: Int, to queue: inout ByteQueue) {
        precondition((100...999).contains(status))
        queue.append("HTTP/1.1 ")
        queue.append(decimal: status)
        queue.append(byte: 0x20)
        queue.append(reasonPhrase(status))
        queue.append("\r\n")
    }

    /// Appends a field. One whose name or value isn't fit for the wire is left out: then the answer is false.
    @discardableResult
    package static func appendField(name: Bytes, value: Bytes, to queue: inout ByteQueue) -> Bool {
        guard name.isToken, value.isFieldValue else { return false }
        queue.reserve(name.count + value.count + 4)
        queue.append(name)
        queue.append(": ")
        queue.append(value)
        queue.append("\r\n")
        return true
    }

    /// Appends a field whose name is known.
    @discardableResult
    package static func appendField(_ name: StaticString, _ value: Bytes, to queue: inout ByteQueue) -> Bool {
        appendField(name: staticBytes(name), value: value, to: &queue)
    }

    /// Appends a field that is known as a whole.
    package static func appendField(_ name: StaticString, _ value: StaticString, to queue: inout ByteQueue) {
        queue.append(name)
        queue.append(": ")
        queue.append(value)
        queue.append("\r\n")
    }

    /// Appends `content-length: length`.
    package static func appendContentLength(_ length: Int, to queue: inout ByteQueue) {
        queue.append("content-length: ")
        queue.append(decimal: length)
        queue.append("\r\n")
    }

    /// Appends the empty line that ends a head.
    package static func appendEndOfHead(to queue: inout ByteQueue) { queue.append("\r\n") }

    /// Appends a whole `100 Continue`.
    package static func appendContinue(to queue: inout ByteQueue) { queue.append("HTTP/1.1 100 Continue\r\n\r\n") }

    /// Appends `data` as one chunk; nothing where it is empty, since that would end the body.
    package static func appendChunk(_ data: Bytes, to queue: inout ByteQueue) {
        guard data.count > 0 else { return }
        queue.reserve(data.count + 20)
        queue.append(hexadecimal: data.count)
        queue.append("\r\n")
        queue.append(data)
        queue.append("\r\n")
    }

    /// Appends the last chunk of a body without trailers.
    package static func appendLastChunk(to queue: inout ByteQueue) { queue.append("0\r\n\r\n") }

    /// Appends the last chunk and those of `trailers` that may stand there.
    package static func appendLastChunk(trailers: borrowing HeaderBlock, to queue: inout ByteQueue) {
        queue.append("0\r\n")
        var index = 0
        while index < trailers.count {
            if trailers.isAllowedInTrailers(index) {
                appendField(name: trailers.name(index), value: trailers.value(index), to: &queue)
            }
            index += 1
        }
        queue.append("\r\n")
    }
}
