package import UserDirectory

/// The portal's own login, which single sign-on can close.
package enum NativeLogin {
    /// Whether `path` is one that `require` or `disable_native_login` closes: one of `native_login_paths`, or below it,
    /// by whole segments, in any letter case. `/` means that page alone.
    ///
    /// - Parameter path: decoded and normalised.
    package static func isClosed(path: UnsafeRawBufferPointer, settings: SSOSettings) -> Bool {
        guard settings.enabled, settings.require || settings.disableNativeLogin else { return false }
        return settings.nativeLoginPaths.contains { covers($0.utf8, path) }
    }

    /// Whether `path` is one that `require` or `disable_native_login` closes.
    package static func isClosed(path: String, settings: SSOSettings) -> Bool {
        Array(path.utf8).withUnsafeBytes { isClosed(path: $0, settings: settings) }
    }

    private static func covers(_ closed: String.UTF8View, _ path: UnsafeRawBufferPointer) -> Bool {
        guard !closed.isEmpty else { return false }
        let trimmed = closed.last == UInt8(ascii: "/") ? closed.dropLast() : closed[...]
        if trimmed.isEmpty { return path.elementsEqual("/".utf8) }
        guard path.count >= trimmed.count,
            zip(trimmed, path).allSatisfy({ $0.lowercasedASCII == $1.lowercasedASCII })
        else { return false }
        // `;` begins a parameter of the segment before it, which servers that know them don't match with.
        guard let next = path.dropFirst(trimmed.count).first else { return true }
        return next == UInt8(ascii: "/") || next == UInt8(ascii: ";")
    }
}
