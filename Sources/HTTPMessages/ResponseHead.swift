/// The head of a response.
package struct ResponseHead: ~Copyable {
    package var status = 0
    package var fields = HeaderBlock()

    /// How long the body is, where the head says so.
    package var contentLength: Int?

    package init() {}

    /// Makes it ready for the next response; memory is kept.
    package mutating func removeAll() {
        status = 0
        fields.removeAll()
        contentLength = nil
    }
}
