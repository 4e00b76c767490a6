import EventLoop
import HTTPUpstream
import Testing

@Suite struct BalancingTests {
    private func choose(_ balancer: inout Balancer, among count: Int = 3, _ load: (Int) -> Int?) -> Int? {
        balancer.choose(among: count, load: load)
    }

    @Test func `the address with the fewest requests under way is next`() {
        var balancer = Balancer()
        let loads = [3, 1, 2]
        for _ in 0..<5 { #expect(choose(&balancer) { loads[$0] } == 1) }
    }

    @Test func `addresses with equally many take turns`() {
        var balancer = Balancer()
        let chosen = (0..<6).compactMap { _ in balancer.choose(among: 3) { _ in 0 } }
        #expect(chosen == [0, 1, 2, 0, 1, 2])
    }

    @Test func `where requests end at different times, each address gets as many as it finishes`() {
        var balancer = Balancer()
        var loads = [0, 0, 0]
        var served = [0, 0, 0]
        for step in 0..<1200 {
            guard let chosen = balancer.choose(among: 3, load: { loads[$0] }) else { return }
            loads[chosen] += 1
            served[chosen] += 1
            // The first finishes two in the time in which the others finish one.
            if step % 2 == 0 { loads[0] = max(0, loads[0] - 1) }
            if step % 4 == 1 { loads[1] = max(0, loads[1] - 1) }
            if step % 4 == 3 { loads[2] = max(0, loads[2] - 1) }
        }
        #expect((450...750).contains(served[0]), "\(served)")
        #expect(abs(served[1] - served[2]) < 50, "\(served)")
    }

    @Test func `one that takes no requests is passed over, and where none does there is none`() {
        var balancer = Balancer()
        for _ in 0..<4 { #expect(choose(&balancer, among: 2) { $0 == 0 ? nil : 7 } == 1) }
        #expect(choose(&balancer, among: 2) { _ in nil } == nil)
        #expect(choose(&balancer, among: 0) { _ in 0 } == nil)
    }
}

@Suite struct RetryBudgetTests {
    private func taken(_ attempts: Int, at now: UInt64, from budget: inout RetryBudget) -> Int {
        (0..<attempts).reduce(0) { taken, _ in budget.take(at: now) ? taken + 1 : taken }
    }

    @Test(arguments: [5, 20, 50])
    func `no more than its share of many requests is repeated, and a floor`(percent: Int) {
        var budget = RetryBudget(percent: percent)
        var repeated = 0
        for _ in 0..<10_000 {
            budget.requestBegan()
            if budget.take(at: 1) { repeated += 1 }
        }
        #expect(repeated <= 100 * percent + RetryBudget.floor)
        #expect(repeated >= 100 * percent)
    }

    @Test func `time alone earns some, but doesn't save up more than the floor`() {
        var budget = RetryBudget(percent: 20)
        #expect(taken(50, at: 1000, from: &budget) == RetryBudget.floor)
        #expect(taken(50, at: 2000, from: &budget) == RetryBudget.floorPerSecond)
        #expect(taken(50, at: 1_000_000, from: &budget) == RetryBudget.floor)
    }

    @Test func `what is saved up is bounded`() {
        var budget = RetryBudget(percent: 100)
        for _ in 0..<100_000 { budget.requestBegan() }
        #expect(taken(1000, at: 1, from: &budget) == RetryBudget.most)
    }

    @Test func `nothing is repeated where nothing is to be`() {
        var budget = RetryBudget(percent: 0)
        for _ in 0..<1000 { budget.requestBegan() }
        #expect(taken(10, at: 1, from: &budget) == 0)
        #expect(taken(10, at: 1_000_000, from: &budget) == 0)
    }
}

@Suite struct HealthRecordTests {
    private let policy: HealthCheckPolicy = {
        var policy = HealthCheckPolicy(path: "/up")
        policy.failures = 3
        policy.successes = 2
        return policy
    }()

    @Test func `so many failures in a row make it unwell, so many successes well`() {
        var record = HealthRecord()
        let outcomes = [false, false, true, false, false, false, true, false, true, true]
        let changed = [false, false, false, false, false, true, false, false, false, true]
        let isWell = [true, true, true, true, true, false, false, false, false, true]
        for (position, outcome) in outcomes.enumerated() {
            let isChanged = record.checked(isWell: outcome, policy)
            #expect(isChanged == changed[position], "\(position)")
            #expect(record.isWell == isWell[position], "\(position)")
        }
    }
}

@Suite struct AddressBookTests {
    private let name = AddressBook.Name(host: "backend", port: 80)

    private func addresses(_ hosts: String...) -> [SocketAddress] {
        hosts.compactMap { SocketAddress(host: $0, port: 80) }
    }

    private func found(
        _ addresses: [SocketAddress], for name: AddressBook.Name, at now: Double, in book: inout AddressBook
    ) -> Bool { book.found(addresses, for: name, at: now) }

    @Test func `a name is due at once, and again after its time`() {
        var book = AddressBook()
        book.keep([(name, 30)])
        #expect(book.due(at: 100) == [name])
        #expect(found(addresses("10.0.0.1"), for: name, at: 100, in: &book))
        #expect(book.due(at: 129.9).isEmpty)
        #expect(book.due(at: 130) == [name])
    }

    @Test func `another order is no change, other addresses are`() {
        var book = AddressBook()
        book.keep([(name, 30)])
        #expect(found(addresses("10.0.0.1", "10.0.0.2"), for: name, at: 0, in: &book))
        #expect(!found(addresses("10.0.0.2", "10.0.0.1"), for: name, at: 30, in: &book))
        #expect(found(addresses("10.0.0.2", "10.0.0.3"), for: name, at: 60, in: &book))
        #expect(book.addresses(of: name) == addresses("10.0.0.2", "10.0.0.3"))
    }

    @Test func `where a lookup finds nothing the last answer stays, and it is asked again soon`() {
        var book = AddressBook()
        book.keep([(name, 30)])
        #expect(!found([], for: name, at: 0, in: &book))
        #expect(book.due(at: AddressBook.impatience) == [name])
        #expect(found(addresses("10.0.0.1"), for: name, at: 2, in: &book))
        #expect(!found([], for: name, at: 32, in: &book))
        #expect(book.addresses(of: name) == addresses("10.0.0.1"))
        #expect(book.due(at: 32 + AddressBook.impatience) == [name])
    }

    @Test func `an address needs no lookup, and nothing replaces it`() {
        var book = AddressBook()
        let literal = AddressBook.Name(host: "::1", port: 80)
        book.keep([(literal, 30)])
        #expect(book.due(at: 1e9).isEmpty)
        #expect(book.addresses(of: literal) == addresses("::1"))
        #expect(!found(addresses("10.0.0.1"), for: literal, at: 0, in: &book))
    }

    @Test func `a name that isn't to be looked up again isn't`() {
        var book = AddressBook()
        book.keep([(name, 0)])
        #expect(found(addresses("10.0.0.1"), for: name, at: 0, in: &book))
        #expect(book.due(at: 1e9).isEmpty)
    }

    @Test func `a new configuration keeps what is known, and drops what isn't asked for`() {
        var book = AddressBook()
        book.keep([(name, 30)])
        _ = book.found(addresses("10.0.0.1"), for: name, at: 0)
        book.keep([(name, 60)])
        #expect(book.addresses(of: name) == addresses("10.0.0.1"))
        book.keep([])
        #expect(book.addresses(of: name).isEmpty)
        #expect(!found(addresses("10.0.0.9"), for: name, at: 1, in: &book))
    }
}
