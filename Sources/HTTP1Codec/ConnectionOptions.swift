package import HTTPMessages

/// The fields that a message's `Connection` names: they speak of this connection only and must not be forwarded
/// (RFC 9110, 7.6.1).
///
/// Ask it about fields that were received, before adding any of the gateway's own: a client must not be able to name
/// those away. `KnownHeader.isHopByHop` fields are not listed: they are never forwarded anyway.
/// Where `Connection` names nothing special, which is the rule, this allocates nothing and answers at once.
package struct ConnectionOptions: ~Copyable {
    private var names = ByteQueue()

    /// Reads all `Connection` fields of `fields`.
    package init(_ fields: borrowing HeaderBlock) {
        var index = 0
        while index < fields.count {
            if fields.header(index) == .connection { add(fields.value(index)) }
            index += 1
        }
    }

    /// Whether no field is named beyond those that never pass.
    @inline(__always)
    package var isEmpty: Bool { names.isEmpty }

    /// Whether `Connection` names the field `name`, which must be in lower case.
    @inline(__always)
    package func contains(_ name: Bytes) -> Bool { !names.isEmpty && find(name) }

    @inline(never)
    private func find(_ name: Bytes) -> Bool {
        var list = FieldList(names.readable)
        while let option = list.next() {
            if option.equals(name) { return true }
        }
        return false
    }

    /// Whether a field of this header lists `element`, which must be in lower case, in any letter case.
    package static func lists(
        _ element: StaticString, in fields: borrowing HeaderBlock, under header: KnownHeader
    ) -> Bool {
        var index = 0
        while index < fields.count {
            if fields.header(index) == header {
                var list = FieldList(fields.value(index))
                while let next = list.next() {
                    if next.equalsIgnoringCase(element) { return true }
                }
            }
            index += 1
        }
        return false
    }

    private mutating func add(_ value: Bytes) {
        var list = FieldList(value)
        while let option = list.next() {
            if option.equalsIgnoringCase("close") || option.equalsIgnoringCase("keep-alive")
                || option.equalsIgnoringCase("upgrade") || option.equalsIgnoringCase("te")
            {
                continue
            }
            for byte in option { names.append(byte: byte.asciiLowercased) }
            names.append(byte: 0x2C)
        }
    }
}
