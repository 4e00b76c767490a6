/// What kinds of requests there are, and so which answers are right.
enum RequestKind: Int, CaseIterable, Codable {
    /// A genuine token: must be let through.
    case valid
    /// Genuine, but its time is over: must be refused as `token_expired`.
    case expired
    /// The signature of another token: must be refused as `token_signature_mismatch`.
    case forged
    /// No token: must be let through as anonymous, or refused as `identify_required`.
    case anonymous

    var name: String { "\(self)" }
}

/// The shares of the kinds, in any unit: `valid=90,expired=3,forged=3,anonymous=4`.
struct TrafficMix {
    private(set) var weights: [Int] = RequestKind.allCases.map { _ in 0 }

    init?(_ text: String) {
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let kind = RequestKind.allCases.first(where: { $0.name == pair[0] }),
                let weight = Int(pair[1]), (0...1_000_000).contains(weight)
            else { return nil }
            weights[kind.rawValue] = weight
        }
        guard total > 0 else { return nil }
    }

    var total: Int { weights.reduce(0, +) }

    func contains(_ kind: RequestKind) -> Bool { weights[kind.rawValue] > 0 }

    /// The kind that `number`, from 0 up to, not including, `total`, falls upon.
    func kind(_ number: Int) -> RequestKind {
        var rest = number
        for kind in RequestKind.allCases {
            rest -= weights[kind.rawValue]
            if rest < 0 { return kind }
        }
        return .valid
    }
}
