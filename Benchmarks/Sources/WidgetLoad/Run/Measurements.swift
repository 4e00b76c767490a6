import Histogram

/// All that a run finds out, as it goes.
struct Measurements {
    /// One second of the run.
    struct Second {
        var answers = 0
        var errors = 0
        var p50 = 0.0
        var p99 = 0.0
    }

    /// In nanoseconds, answers of every kind.
    private(set) var latency = Measurements.histogram()
    private(set) var byKind = RequestKind.allCases.map { _ in Measurements.histogram() }
    /// From the first SYN to the end of the TLS handshake, in nanoseconds.
    private(set) var handshakes = Measurements.histogram()
    private(set) var seconds: [Second] = []
    /// Answers and failures by outcome: `200`, `401 token_expired`, `connection_lost`.
    private(set) var outcomes: [String: Int] = [:]
    private(set) var wrong: [String: Int] = [:]
    private(set) var answers = 0
    private(set) var errors = 0
    private(set) var wrongAnswers = 0

    private var second = Second()
    private var secondLatency = Measurements.histogram(digits: .two)
    /// The outcomes without a code, which are nearly all: counted without making a text each time.
    private var plainStatus = [Int](repeating: 0, count: 1000)

    mutating func record(
        _ kind: RequestKind, nanoseconds: UInt64, status: Int, code: String, judgement: AnswerJudgement
    ) {
        let bounded = min(nanoseconds, Measurements.longest)
        latency.record(bounded)
        byKind[kind.rawValue].record(bounded)
        secondLatency.record(bounded)
        answers += 1
        second.answers += 1
        if code.isEmpty {
            plainStatus[max(0, min(status, 999))] += 1
        } else {
            outcomes["\(status) \(code)", default: 0] += 1
        }
        switch judgement {
        case .right: break
        case .failure:
            errors += 1
            second.errors += 1
        case .wrong(let what):
            wrongAnswers += 1
            second.errors += 1
            wrong[what, default: 0] += 1
        }
    }

    mutating func record(_ failure: LoadFailure, count: Int = 1) {
        guard count > 0 else { return }
        errors += count
        second.errors += count
        outcomes[failure.rawValue, default: 0] += count
    }

    mutating func recordHandshake(nanoseconds: UInt64) { handshakes.record(min(nanoseconds, Measurements.longest)) }

    /// Ends the second that is running.
    mutating func endSecond() -> Second {
        second.p50 = Double(secondLatency.valueAtPercentile(50)) / 1e6
        second.p99 = Double(secondLatency.valueAtPercentile(99)) / 1e6
        let ended = second
        seconds.append(ended)
        second = Second()
        secondLatency.reset()
        return ended
    }

    /// Puts the plain statuses among the outcomes: the last act.
    mutating func finish() {
        for (status, count) in plainStatus.enumerated() where count > 0 { outcomes["\(status)", default: 0] += count }
        plainStatus = []
    }

    private static let longest: UInt64 = 120_000_000_000

    private static func histogram(digits: SignificantDigits = .three) -> Histogram<UInt64> {
        Histogram<UInt64>(
            lowestDiscernibleValue: 1000, highestTrackableValue: longest, numberOfSignificantValueDigits: digits)
    }
}
