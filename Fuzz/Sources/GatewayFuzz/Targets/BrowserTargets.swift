import DataPlane
import HTTPMessages
import PortalSSO

/// What browsers bring that a page, or another site, has chosen.
enum BrowserTargets {
    private static let portal = PortalOrigin(scheme: "https", authority: "portal.example")

    /// None of the gateway's own cookies reaches an upstream, and those of others all do.
    static func cookies(_ input: UnsafeRawBufferPointer) {
        var passed = ByteQueue()
        let field = Bytes(input)
        OwnCookies.appendOthers(of: field, to: &passed)
        let rest = Array(passed.readable)
        rest.withUnsafeBytes { rest in
            precondition(!OwnCookies.mentions(Bytes(rest)), "a cookie of ours was passed on")
            var again = ByteQueue()
            OwnCookies.appendOthers(of: Bytes(rest), to: &again)
            precondition(Array(again.readable) == Array(rest), "what was passed on isn't passed on again")
        }
        precondition(OwnCookies.hasOthers(field) || rest.isEmpty, "cookies of others came from nowhere")
    }

    /// Parts of a query lie within it, one after the other, and don't grow by being decoded.
    static func query(_ input: UnsafeRawBufferPointer) {
        var end = 0
        QueryString.forEach(Bytes(input)) { name, value, whole in
            precondition(whole.lowerBound >= end && whole.upperBound <= input.count, "a part lies elsewhere")
            precondition(name.count + value.count <= whole.count, "a part has more than is there")
            end = whole.upperBound
            var decoded = ByteQueue()
            QueryString.decode(value, into: &decoded)
            precondition(decoded.readable.count <= value.count, "a value grew")
        }
    }

    /// An address that is accepted stays on the organization's hosts, to a browser too.
    static func returnAddress(_ input: UnsafeRawBufferPointer) {
        guard let address = ReturnAddress(input, portal: portal, hosts: ["portal.example", "other.example:8443"])
        else { return }
        let location = address.location
        precondition(location.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x5C }, "a byte that must not be")
        if location.hasPrefix("/") {
            precondition(!location.hasPrefix("//"), "another host's address")
        } else {
            precondition(
                ["https://portal.example", "https://other.example:8443"].contains { origin in
                    location == origin || ["/", "?", "#"].contains { location.hasPrefix(origin + $0) }
                }, "another host's address")
        }
    }

    /// What a browser brings back opens only where it was sealed.
    static func sealed(_ input: UnsafeRawBufferPointer) {
        let key = PortalKey(material: [1, 2, 3])
        for purpose in PortalKey.Purpose.allCases {
            precondition(
                key.open(input, purpose: purpose, organization: "acme") == nil, "something opened that wasn't sealed")
        }
        let plain = Array(input.prefix(256))
        guard let purpose = PortalKey.Purpose.allCases.first else { return }
        let sealed = key.seal(plain, purpose: purpose, organization: "acme")
        precondition(key.open(sealed, purpose: purpose, organization: "acme") == plain, "it doesn't open again")
        precondition(key.open(sealed, purpose: purpose, organization: "other") == nil, "it opens elsewhere")
    }
}
