import Testing
import UserDirectory

@Suite("Alerts") struct AlertConformance {
    private static func sighting(
        _ kind: AlertKind = .badSignatures, organization: String = "acme", subject: String = "192.0.2.1",
        at time: Double,
        count: Int = 10
    ) -> AlertSighting {
        AlertSighting(
            kind: kind, organization: organization, subject: subject, firstSeen: time, lastSeen: time + 1, count: count)
    }

    @Test(
        "What goes on is one alert, raised once; what comes after a quiet hour is another",
        arguments: TelemetryFactory.all)
    func ongoing(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        #expect(try await store.raise([Self.sighting(at: 1000)]).count == 1)
        #expect(try await store.raise([Self.sighting(at: 1500), Self.sighting(at: 1600)]).isEmpty)
        let known = try await store.alerts(of: "acme", since: nil, limit: 10)
        #expect(known.count == 1)
        #expect(known.first?.firstSeen == 1000 && known.first?.lastSeen == 1601 && known.first?.count == 30)
        #expect(try await store.raise([Self.sighting(at: 1601 + Alert.quietSeconds)]).count == 1)
        #expect(try await store.alerts(of: "acme", since: nil, limit: 10).map(\.count) == [10, 30])
    }

    @Test("Kinds, organizations and subjects are told apart", arguments: TelemetryFactory.all)
    func distinct(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        let raised = try await store.raise([
            Self.sighting(at: 1), Self.sighting(.manyUsers, at: 2), Self.sighting(organization: "other", at: 3),
            Self.sighting(subject: "192.0.2.2", at: 4),
        ])
        #expect(raised.count == 4)
        #expect(try await store.alerts(of: nil, since: nil, limit: 10).map(\.firstSeen) == [4, 3, 2, 1])
        #expect(try await store.alerts(of: "acme", since: nil, limit: 2).map(\.firstSeen) == [4, 2])
        #expect(try await store.alerts(of: "acme", since: 3, limit: 10).map(\.firstSeen) == [4, 2])
        #expect(try await store.trimAlerts(before: 4) == 2)
        #expect(try await store.alerts(of: nil, since: nil, limit: 10).map(\.firstSeen) == [4, 3])
    }

    @Test("What several gateways see of one address is one alert", arguments: TelemetryFactory.all)
    func shared(_ factory: TelemetryFactory) async throws {
        let place = try Place()
        let stores = try (0..<3).map { _ in try factory.open(place) }
        let raised = try await withThrowingTaskGroup(of: Int.self) { group in
            for store in stores {
                group.addTask {
                    var raised = 0
                    for round in 0..<5 {
                        raised += try await store.raise([Self.sighting(at: 1000 + Double(round))]).count
                    }
                    return raised
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(raised == 1)
        #expect(try await stores[0].alerts(of: "acme", since: nil, limit: 10).map(\.count) == [150])
    }

    @Test("Of many users, the most in one window count", arguments: TelemetryFactory.all)
    func manyUsers(_ factory: TelemetryFactory) async throws {
        let store = try factory.open(try Place())
        for count in [51, 80, 60] { try await store.raise([Self.sighting(.manyUsers, at: 1, count: count)]) }
        #expect(try await store.alerts(of: nil, since: nil, limit: 10).map(\.count) == [80])
    }
}
