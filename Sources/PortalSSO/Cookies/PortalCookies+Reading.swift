extension PortalCookies {
    /// Reads the cookies of this portal from a `Cookie` field. HTTP/2 lets a browser split it: give what the fields before
    /// held, and this one's are added.
    ///
    /// Names are compared exactly, and on `https` only those with the prefix count: what another host of the domain has
    /// set under the plain name is not ours. A name that occurs with two different values counts as absent.
    package func read(
        _ header: UnsafeRawBufferPointer, adding found: PortalCookieValues = .none
    ) -> PortalCookieValues {
        guard PortalCookies.mentionsOurs(header) else { return found }
        var found = found
        CookieField.forEach(header) { cookie in
            guard let name = cookie.ourName, cookie.isWritten(name, hasPrefix: isSecure) else { return }
            found.add(name, Array(cookie.value))
        }
        return found
    }

    /// Reads the cookies of this portal from a `Cookie` field.
    package func read(
        _ header: some Collection<UInt8>, adding found: PortalCookieValues = .none
    ) -> PortalCookieValues {
        Array(header).withUnsafeBytes { read($0, adding: found) }
    }

    /// Whether a cookie of this name is the gateway's own, and so not for the upstream: with or without prefix, in any
    /// letter case.
    package static func isOurs(_ name: UnsafeRawBufferPointer) -> Bool { CookieField.ourName(name) != nil }

    /// Whether a cookie of this name is the gateway's own, and so not for the upstream: with or without prefix, in any
    /// letter case.
    package static func isOurs(_ name: some Collection<UInt8>) -> Bool { Array(name).withUnsafeBytes { isOurs($0) } }

    /// Whether there may be something to read or to strip: one pass, no allocation.
    package static func mentionsOurs(_ header: UnsafeRawBufferPointer) -> Bool {
        var mentions = false
        CookieField.forEach(header) { cookie in if cookie.ourName != nil { mentions = true } }
        return mentions
    }

    /// A `Cookie` field without the gateway's own cookies. Linear; allocates only where one of them is there.
    package static func stripping(_ header: UnsafeRawBufferPointer) -> StrippedCookies {
        guard mentionsOurs(header) else { return .untouched }
        var kept: [UInt8] = []
        kept.reserveCapacity(header.count)
        CookieField.forEach(header) { cookie in
            guard cookie.ourName == nil, !cookie.whole.isEmpty else { return }
            if !kept.isEmpty { kept += [UInt8(ascii: ";"), UInt8(ascii: " ")] }
            kept += cookie.whole
        }
        return kept.isEmpty ? .nothingLeft : .changed(kept)
    }
}

/// What is left of a `Cookie` field for the upstream.
package enum StrippedCookies: Sendable, Equatable {
    /// None of the gateway's cookies was there: the field goes on as it came.
    case untouched
    case changed([UInt8])
    /// The field is to be dropped.
    case nothingLeft
}
