package import EventLoop

/// The addresses of names, as last looked up, and when to look again.
///
/// Nothing is looked up here: whoever can block asks for what is due and hands in what was found. Times are seconds of
/// a monotonic clock.
package struct AddressBook: Sendable {
    package struct Name: Sendable, Hashable {
        package let host: String
        package let port: UInt16

        package init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    private struct Entry {
        var addresses: [SocketAddress] = []
        var dueAt = 0.0
        var every: Double
        var isLiteral: Bool
    }

    private var entries: [Name: Entry] = [:]

    /// Where a lookup has found nothing, and nothing is known from before, the next comes sooner.
    package static let impatience = 2.0

    package init() {}

    /// Keeps exactly these names, each looked up every so many seconds; 0: once.
    package mutating func keep(_ names: [(name: Name, every: Double)]) {
        var kept: [Name: Entry] = [:]
        for (name, every) in names {
            var entry = entries[name] ?? fresh(name, every: every)
            entry.every = kept[name].map { Self.sooner($0.every, every) } ?? every
            kept[name] = entry
        }
        entries = kept
    }

    private func fresh(_ name: Name, every: Double) -> Entry {
        let literal = SocketAddress(host: name.host, port: name.port)
        return Entry(addresses: literal.map { [$0] } ?? [], every: every, isLiteral: literal != nil)
    }

    /// 0 is never.
    private static func sooner(_ a: Double, _ b: Double) -> Double {
        a == 0 ? b : b == 0 ? a : min(a, b)
    }

    /// The names to look up at `now`. Literal addresses need no lookup.
    package func due(at now: Double) -> [Name] {
        entries.filter { !$0.value.isLiteral && $0.value.dueAt <= now }.map(\.key)
    }

    /// A lookup has come back. True: the name's addresses have changed, whatever their order.
    ///
    /// Where it found nothing, what was known stays: an upstream doesn't go away because its name server does.
    package mutating func found(_ addresses: [SocketAddress], for name: Name, at now: Double) -> Bool {
        guard var entry = entries[name], !entry.isLiteral else { return false }
        defer { entries[name] = entry }
        guard !addresses.isEmpty else {
            entry.dueAt = now + (entry.every == 0 ? Self.impatience : min(Self.impatience, entry.every))
            return false
        }
        entry.dueAt = entry.every == 0 ? .infinity : now + entry.every
        // Name servers turn the order at each answer.
        let sorted = addresses.sorted { $0.description < $1.description }
        guard sorted != entry.addresses else { return false }
        entry.addresses = sorted
        return true
    }

    package func addresses(of name: Name) -> [SocketAddress] { entries[name]?.addresses ?? [] }
}
