/// How email addresses are compared where letter case is ignored.
package enum EmailFolding {
    /// `text` with each character in lower case by Unicode's simple mapping: one scalar to one scalar.
    ///
    /// Done here and stored beside the address, so that every store compares alike, whatever its own idea of case.
    /// A scalar whose lower case is several scalars (U+0130) stays as it is. Nothing is normalised: two spellings
    /// of one accented letter are two addresses.
    package static func fold(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 && !(0x41...0x5A).contains($0) }) { return text }
        var folded = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let lower = scalar.properties.lowercaseMapping.unicodeScalars
            if let only = lower.first, lower.count == 1 {
                folded.append(only)
            } else {
                folded.append(scalar)
            }
        }
        return String(folded)
    }
}

/// Whether two texts have the same bytes. Swift's `==` takes canonically equivalent texts for equal, which a database
/// doesn't, and which two ids or addresses must not be.
package func sameBytes(_ left: String?, _ right: String?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (let left?, let right?): left.utf8.elementsEqual(right.utf8)
    default: false
    }
}
