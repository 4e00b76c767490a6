import Glibc

/// Whose token the next request carries.
struct UserChoice {
    private enum Rule {
        /// All users in turn.
        case rotation(next: Int)
        /// By Zipf's law: the k-th user is chosen in proportion to 1/k^s. Walker's alias method: one look a choice.
        case weighted(threshold: [UInt32], alias: [UInt32])
    }

    private var rule: Rule
    private let count: Int

    /// `zipf` is the exponent; nil: all users in turn.
    init(count: Int, zipf: Double?) {
        self.count = count
        guard let zipf else {
            rule = .rotation(next: 0)
            return
        }
        let weights = (0..<count).map { pow(Double($0 + 1), -zipf) }
        let scale = Double(count) / weights.reduce(0, +)
        var shares = weights.map { $0 * scale }
        var threshold = [UInt32](repeating: .max, count: count)
        var alias = (0..<count).map { UInt32($0) }
        var poor = shares.indices.filter { shares[$0] < 1 }
        var rich = shares.indices.filter { shares[$0] >= 1 }
        while let small = poor.popLast(), let large = rich.last {
            threshold[small] = UInt32(clamping: Int(shares[small] * Double(UInt32.max)))
            alias[small] = UInt32(large)
            shares[large] -= 1 - shares[small]
            if shares[large] < 1 {
                rich.removeLast()
                poor.append(large)
            }
        }
        rule = .weighted(threshold: threshold, alias: alias)
    }

    mutating func next(_ random: inout RandomSequence) -> Int {
        switch rule {
        case .rotation(let user):
            rule = .rotation(next: user + 1 == count ? 0 : user + 1)
            return user
        case .weighted(let threshold, let alias):
            let bits = random.next()
            let user = Int((bits >> 32).multipliedFullWidth(by: UInt64(count) << 32).high)
            return UInt32(truncatingIfNeeded: bits) <= threshold[user] ? user : Int(alias[user])
        }
    }
}
