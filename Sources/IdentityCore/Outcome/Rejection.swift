/// A refusal: its code and, where a claim is at fault, which one.
package struct Rejection: Error, Equatable, Sendable {
    package let code: RejectionCode

    /// The name of the claim or field at fault: one of the product's own names, never a client's text.
    package let claim: StaticName?

    package init(_ code: RejectionCode, claim: StaticName? = nil) {
        self.code = code
        self.claim = claim
    }
}

/// A name from the source code: comparable, and safe to show, since no client can choose it.
package struct StaticName: Equatable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let text: StaticString

    package init(stringLiteral text: StaticString) { self.text = text }

    package var description: String { text.description }

    package static func == (left: StaticName, right: StaticName) -> Bool {
        left.text.utf8Start == right.text.utf8Start || left.description == right.description
    }
}
