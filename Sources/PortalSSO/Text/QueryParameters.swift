/// The parameters of a query as they are written, to be left out one by one.
enum QueryParameters {
    /// `query` without the parameters whose name, in any letter case and encoding, is one of `names` (in lower case).
    /// Nil where none is left.
    static func removing(_ names: [String], from query: some Collection<UInt8>) -> [UInt8]? {
        let unwanted = names.map { Array($0.utf8) }
        let kept = Array(query).split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
            .filter { !unwanted.contains(name(of: $0)) }
        return kept.isEmpty ? nil : Array(kept.joined(separator: [UInt8(ascii: "&")]))
    }

    private static func name(of parameter: ArraySlice<UInt8>) -> [UInt8] {
        let written = parameter.prefix { $0 != UInt8(ascii: "=") }
        return PercentEncoding.decode(written).map { $0.lowercasedASCII }
    }
}
