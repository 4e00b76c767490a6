import Testing
import UserDirectory

@testable import DataPlane

@Suite("Alert detector") struct AlertDetectorTests {
    private static func row(
        _ code: String = "accepted", at time: Double = 1000, organization: String = "acme", user: String? = nil,
        address: String = "192.0.2.1", standsFor: Int = 1
    ) -> TokenLogEntry {
        TokenLogEntry(
            time: time, organization: organization, code: code, user: user, address: address, source: .header,
            standsFor: standsFor)
    }

    private static func forged(_ count: Int, at time: Double = 1000, address: String = "192.0.2.1") -> [TokenLogEntry] {
        (0..<count).map { _ in row("token_signature_mismatch", at: time, address: address) }
    }

    private static func detector(users: Int = 3, signatures: Int = 10) -> AlertDetector {
        var thresholds = AlertThresholds()
        thresholds.usersPerAddress = users
        thresholds.badSignatures = signatures
        return AlertDetector(thresholds)
    }

    @Test("A wrong hash of a genuine token is an alert at once")
    func mismatch() {
        var detector = Self.detector()
        detector.observe([Self.row("user_hash_mismatch"), Self.row("user_hash_missing"), Self.row("token_expired")])
        #expect(
            detector.takeSightings() == [
                AlertSighting(
                    kind: .userHashMismatch, organization: "acme", subject: "192.0.2.1", firstSeen: 1000,
                    lastSeen: 1000,
                    count: 1)
            ])
        #expect(detector.takeSightings().isEmpty)
    }

    @Test("More users than the threshold from one address are an alert, as many are none")
    func users() {
        var detector = Self.detector(users: 3)
        for _ in 0..<5 { for user in 0..<3 { detector.observe([Self.row(user: "usr_\(user)")]) } }
        detector.observe([
            Self.row(user: "usr_9", address: "192.0.2.2"), Self.row(organization: "other", user: "usr_8"),
        ])
        #expect(detector.takeSightings().isEmpty)
        detector.observe([Self.row(user: "usr_3")])
        let sightings = detector.takeSightings()
        #expect(sightings.map(\.kind) == [.manyUsers] && sightings.first?.count == 4)
        #expect(sightings.first?.subject == "192.0.2.1")
    }

    @Test("Users that came long ago don't count", arguments: [(599.0, 1), (600, 0), (6000, 0)])
    func window(_ seconds: Double, _ alerts: Int) {
        var detector = Self.detector(users: 3)
        for user in 0..<3 { detector.observe([Self.row(at: 1000, user: "usr_\(user)")]) }
        detector.observe([Self.row(at: 1000 + seconds, user: "usr_3")])
        #expect(detector.takeSightings().count == alerts)
    }

    @Test(
        "Bad signatures are an alert when they come together",
        arguments: [
            ([(1000.0, 9)], 0), ([(1000, 10)], 10), ([(1000, 5), (1060, 5)], 10), ([(1000, 9), (1061, 9)], 0),
            ([(1000, 10), (1001, 3)], 13),
        ] as [([(Double, Int)], Int)])
    func signatures(_ bursts: [(Double, Int)], _ count: Int) {
        var detector = Self.detector(signatures: 10)
        for (time, number) in bursts { detector.observe(Self.forged(number, at: time)) }
        #expect(detector.takeSightings().reduce(0) { $0 + $1.count } == count)
    }

    @Test("Tokens without rows of their own are taken to be whose the others are")
    func sampled() {
        var detector = Self.detector(signatures: 1000)
        detector.observe(
            Self.forged(50) + Self.forged(1, address: "192.0.2.7")
                + [Self.row("token_signature_mismatch", address: "192.0.2.7", standsFor: 19_949)])
        let sightings = detector.takeSightings()
        #expect(sightings.map(\.subject) == ["192.0.2.1"], "nobody is blamed by one row for thousands")
        #expect((15_000...20_000).contains(sightings.first?.count ?? 0))
    }

    @Test("Memory is bounded, and who is busy is remembered")
    func bounds() {
        var detector = Self.detector(signatures: 10)
        for number in 0..<30_000 {
            detector.observe(Self.forged(1, at: 1000 + Double(number) / 1000, address: "198.51.\(number)"))
            if number % 5000 == 0 { detector.observe(Self.forged(1, at: 1000 + Double(number) / 1000)) }
        }
        #expect(detector.subjectCount <= AlertDetector.maximumSubjects)
        detector.observe(Self.forged(10, at: 1031))
        #expect(detector.takeSightings().map(\.subject) == ["192.0.2.1"])
    }

    @Test("Whoever has seen its share asks what all have seen, more and more seldom", arguments: [1, 3])
    func shares(_ gateways: Int) {
        var detector = Self.detector(signatures: 10)
        detector.gateways = gateways
        detector.observe(Self.forged(3))
        #expect(detector.takeQuestions(now: 1000).isEmpty)
        detector.observe(Self.forged(1))
        let question = SightingQuestion(
            kind: .badSignatures, organization: "acme", address: "192.0.2.1", since: 940)
        #expect(detector.takeQuestions(now: 1000) == (gateways == 1 ? [] : [question]))
        guard gateways > 1 else { return }
        #expect(detector.take(9, answering: question) == nil)
        let asked = (1001...1050).filter { !detector.takeQuestions(now: Double($0)).isEmpty }
        #expect(asked == [1002, 1006, 1014, 1030])
        detector.observe(Self.forged(1, at: 1055))
        #expect(detector.takeQuestions(now: 1062).count == 1, "not before its time, and then again from the start")
    }

    @Test("What all gateways have seen together is an alert, and what comes afterwards adds to it")
    func together() throws {
        var detector = Self.detector(signatures: 10)
        detector.gateways = 3
        detector.observe(Self.forged(5))
        let question = try #require(detector.takeQuestions(now: 1000).first)
        let sighting = detector.take(12, answering: question)
        #expect(
            sighting
                == AlertSighting(
                    kind: .badSignatures, organization: "acme", subject: "192.0.2.1", firstSeen: 1000, lastSeen: 1000,
                    count: 12, isTotal: true))
        #expect(detector.takeSightings().isEmpty && detector.takeQuestions(now: 1010).isEmpty)
        detector.observe(Self.forged(2, at: 1011))
        #expect(detector.takeSightings().map(\.count) == [2])
    }

    @Test("Users of one address are asked for with each new one of them")
    func usersTogether() throws {
        var detector = Self.detector(users: 5)
        detector.gateways = 2
        for user in 0..<3 { detector.observe([Self.row(user: "usr_\(user)")]) }
        let question = try #require(detector.takeQuestions(now: 1000).first)
        #expect(question.kind == .manyUsers && question.since == 400)
        #expect(detector.take(5, answering: question) == nil)
        detector.observe([Self.row(at: 1001, user: "usr_0")])
        #expect(detector.takeQuestions(now: 1001).isEmpty)
        detector.observe([Self.row(at: 1001, user: "usr_9")])
        #expect(
            detector.takeQuestions(now: 1002) == [
                SightingQuestion(
                    kind: .manyUsers, organization: "acme", address: "192.0.2.1", since: 402)
            ])
        #expect(detector.take(6, answering: question)?.count == 6)
    }

    @Test("A crowd of addresses doesn't make a crowd of questions")
    func manyQuestions() {
        var detector = Self.detector(signatures: 10)
        detector.gateways = 2
        for number in 0..<100 { detector.observe(Self.forged(5, address: "192.0.2.\(number)")) }
        var addresses: Set<String> = []
        for second in 0..<20 {
            let questions = detector.takeQuestions(now: 1000 + Double(second))
            #expect(questions.count <= AlertDetector.maximumQuestions)
            addresses.formUnion(questions.map(\.address))
        }
        #expect(addresses.count == 100, "each had its turn")
    }
}
