import Testing

@testable import Demo

@Suite struct FormParametersTests {
    // Expected: Python's urllib.parse.parse_qsl(text, keep_blank_values=True), the first that isn't empty.
    @Test(arguments: [
        ("a=1&b=2", "1"), ("a=x+y%20z", "x y z"), ("a=%C3%A9", "é"), ("a=1%262", "1&2"), ("a=x=y", "x=y"),
        ("%61=1", "1"),
        ("a=&a=2", "2"), ("a=1&a=2", "1"), ("&&a=1", "1"), ("a=%2B", "+"), ("a=100%", "100%"),
    ])
    func `reads what forms send`(text: String, value: String) {
        #expect(FormParameters(text)["a"] == value)
    }

    @Test(arguments: ["", "a", "a=", "b=1", "A=1", "=1", "&"])
    func `what isn't there is nothing`(text: String) {
        #expect(FormParameters(text)["a"] == nil)
    }

    @Test(arguments: [
        ("/", "/?a=1%262"), ("/?x=1", "/?x=1&a=1%262"), ("/#f", "/?a=1%262#f"), ("/?x#f?g", "/?x&a=1%262#f?g"),
    ])
    func `adds to a query before the fragment`(address: String, expected: String) {
        #expect(FormParameters.adding([("a", "1&2")], to: address) == expected)
    }

    @Test func `encodes all but the unreserved`() {
        #expect(FormParameters.encoded("aZ9-._~ /?&=+%é") == "aZ9-._~%20%2F%3F%26%3D%2B%25%C3%A9")
    }
}
