import Synchronization

/// One worker's way into the store; `CacheWorker` says what each function promises.
///
/// Confined to one thread at a time. Between two quiescent points no node that this worker finds is freed.
@usableFromInline
final class CacheAccess {
    private static let freedPerTurn = 512
    private static let shrunkAtOnce = 512

    let store: CacheStore
    /// Nil while this worker must not look: it is idle, or the cache is off.
    private var table: SlotTable?
    private let digests: DigestKey
    private let revocations: Revocations
    private let line: Int?
    private var epoch: UInt64
    private var retired: RetiredNodes
    private(set) var counts = CacheCounts()

    init(_ store: CacheStore) {
        self.store = store
        digests = store.digests
        revocations = store.revocations
        retired = RetiredNodes()
        line = store.table == nil ? nil : store.epochs.claimLine()
        // Without a line to say what it reads, a worker must not read.
        table = line == nil ? nil : store.table
        epoch = Epochs.offline
        if let line {
            epoch = store.epochs.goOnline(line)
            retired = store.leftBehind.withLock { $0.popLast() } ?? RetiredNodes()
        }
    }

    deinit {
        guard let line else { return }
        store.epochs.goOffline(line)
        store.epochs.returnLine(line)
        if !retired.isEmpty { store.leftBehind.withLock { $0.append(retired) } }
    }

    // MARK: Looking

    @usableFromInline
    func find(_ token: UnsafeRawBufferPointer, in scope: CacheScope, now: Double) -> AnyObject? {
        guard let table, token.count <= CacheNode.longestToken else { return nil }
        let digest = digests(token)
        let tag = SlotTable.tag(of: digest)
        let set = table.set(of: digest)
        for way in 0..<SlotTable.ways {
            let word = table.word(set, way)
            guard word.tag == tag, let node = word.node,
                node.isFor(digest, length: token.count, organization: scope.index)
            else { continue }
            let record = node.record
            guard now < Double(record.pointee.expiresAt),
                revocations.settingsHold(at: record.pointee.settingsStamp, in: scope),
                revocations.userHolds(at: record.pointee.userStamp, place: record.pointee.userPlace)
            else {
                takeOut(word, set, way, from: table)
                continue
            }
            table.countHit(set, way, word)
            counts.hits &+= 1
            // The table's reference lasts until the node is freed: not before this worker's next quiescent point.
            return node.value.takeUnretainedValue()
        }
        counts.misses &+= 1
        return nil
    }

    // MARK: Storing

    @usableFromInline
    func insert(
        _ value: AnyObject, record: UnsafeMutablePointer<CacheRecord>, bytes: Int, token: UnsafeRawBufferPointer,
        in scope: CacheScope, settingsReadAt settingsStamp: UInt32, user: String, userReadAt userStamp: UInt32,
        expiresAt: Double, now: Double
    ) {
        guard let table, token.count > 0, token.count <= CacheNode.longestToken, bytes >= 0,
            settingsStamp < Revocations.lastStamp, userStamp < Revocations.lastStamp,
            bytes < CacheNode.largestCharge, now < expiresAt, let node = CacheNode(value, record: record),
            record.pointee.charge == 0
        else { return }
        let userPlace = store.userPlace(user, scope)
        // Only saves the work: what was revoked meanwhile would never be a hit.
        guard revocations.settingsHold(at: settingsStamp, in: scope),
            revocations.userHolds(at: userStamp, place: userPlace)
        else { return }
        let digest = digests(token)
        let set = table.set(of: digest)
        let charge = max(bytes, CacheNode.smallestCharge)
        guard charge <= store.limit, reserve(charge, for: set, in: table, now: now) else {
            counts.refusals &+= 1
            return
        }
        record.pointee.digest = digest
        record.pointee.expiresAt = UInt32(clamping: Int(max(0, min(expiresAt, 4e9))))
        record.pointee.settingsStamp = settingsStamp
        record.pointee.userStamp = userStamp
        record.pointee.organization = scope.index
        record.pointee.charge = UInt32(charge)
        record.pointee.userPlace = userPlace
        record.pointee.tokenLength = UInt16(token.count)
        node.retain()
        if place(node, set, in: table, now: now) {
            counts.insertions &+= 1
        } else {
            // Never published: nobody can have seen it.
            record.pointee.charge = 0
            node.free()
            store.liveBytes.subtract(charge, ordering: .relaxed)
            counts.refusals &+= 1
        }
    }

    @usableFromInline
    func remove(_ token: UnsafeRawBufferPointer, in scope: CacheScope) {
        guard let table, token.count <= CacheNode.longestToken else { return }
        let digest = digests(token)
        let set = table.set(of: digest)
        for way in 0..<SlotTable.ways {
            var word = table.word(set, way)
            while word.tag == SlotTable.tag(of: digest), let node = word.node,
                node.isFor(digest, length: token.count, organization: scope.index),
                !takeOut(word, set, way, from: table)
            { word = table.word(set, way) }
        }
    }

    /// Publishes the node: in place of an older one for the same token, in a free slot, or in that of the least
    /// popular entry.
    private func place(_ node: CacheNode, _ set: Int, in table: SlotTable, now: Double) -> Bool {
        let tag = SlotTable.tag(of: node.record.pointee.digest)
        let sketch = table.sketch(set)
        let (number, ages) = sketch.countInsertion()
        if ages { table.age(set) }
        guard let next = SlotWord(node, tag: tag, score: sketch.countMiss(tag)) else { return false }
        // Others may be exchanging the same words; after a few rounds it isn't worth it any more.
        for _ in 0..<4 {
            let (way, word) = slot(for: node, tag: tag, set, in: table, start: number, now: now)
            guard table.exchange(set, way, word, for: next) else { continue }
            store.entries.add(1, ordering: .relaxed)
            if let old = word.node { retire(old) }
            if word.node != nil, word.tag != tag { sketch.remember(word.tag, score: word.score) }
            return true
        }
        return false
    }

    /// Where an entry goes in its set: one-time tokens have the lowest score there is, and so replace each other.
    private func slot(
        for newNode: CacheNode, tag: UInt16, _ set: Int, in table: SlotTable, start: UInt64, now: Double
    ) -> (way: Int, word: SlotWord) {
        var best = (way: 0, word: SlotWord.empty)
        var lowest = Int.max
        for step in 0..<SlotTable.ways {
            let way = (Int(truncatingIfNeeded: start & 7) + step) % SlotTable.ways
            let word = table.word(set, way)
            guard let node = word.node else {
                if lowest > -1 {
                    lowest = -1
                    best = (way, word)
                }
                continue
            }
            if word.tag == tag, node.isForSame(as: newNode) { return (way, word) }
            let score = store.isDead(node, now: now) ? 0 : word.score + 1
            if score < lowest {
                lowest = score
                best = (way, word)
            }
        }
        return best
    }

    // MARK: Room

    /// Puts `charge` on the account, and takes out others' entries as long as that is too much.
    private func reserve(_ charge: Int, for set: Int, in table: SlotTable, now: Double) -> Bool {
        guard store.retiredBytes.load(ordering: .relaxed) <= store.retiredLimit else { return false }
        var total = store.liveBytes.add(charge, ordering: .relaxed).newValue
        var set = set
        var attempts = 0
        while total > store.allowance.load(ordering: .relaxed) {
            attempts += 1
            guard attempts <= 64, store.retiredBytes.load(ordering: .relaxed) <= store.retiredLimit else {
                store.liveBytes.subtract(charge, ordering: .relaxed)
                return false
            }
            takeOutLeastPopular(startingAt: set, in: table, now: now)
            set = store.hand.add(1, ordering: .relaxed).oldValue
            total = store.liveBytes.load(ordering: .relaxed)
        }
        return true
    }

    /// Takes out entries until they take no more than `bytes`, some of them with each call, and lets their number not grow
    /// meanwhile.
    func shrink(to bytes: Int, now: Double) {
        guard let table else { return }
        for _ in 0..<Self.shrunkAtOnce {
            guard store.liveBytes.load(ordering: .relaxed) > bytes,
                store.retiredBytes.load(ordering: .relaxed) <= store.retiredLimit
            else { break }
            takeOutLeastPopular(startingAt: store.hand.add(1, ordering: .relaxed).oldValue, in: table, now: now)
        }
        // Whoever stores doesn't have to take out more than it puts in.
        let rest = max(bytes, store.liveBytes.load(ordering: .relaxed))
        store.allowance.store(min(store.limit, rest), ordering: .relaxed)
    }

    /// Looks at a few sets, and takes out the first entry that is dead or unpopular, else the least popular of them.
    private func takeOutLeastPopular(startingAt start: Int, in table: SlotTable, now: Double) {
        var best: (set: Int, way: Int, word: SlotWord)?
        for step in 0..<8 {
            let set = ((step == 0 ? start : store.hand.add(1, ordering: .relaxed).oldValue) & Int.max) % table.sets
            for way in 0..<SlotTable.ways {
                let word = table.word(set, way)
                guard let node = word.node else { continue }
                if store.isDead(node, now: now) || word.score <= 1 {
                    if takeOut(word, set, way, from: table) { return }
                } else if best.map({ word.score < $0.word.score }) ?? true {
                    best = (set, way, word)
                }
            }
        }
        if let best { takeOut(best.word, best.set, best.way, from: table) }
    }

    @discardableResult
    private func takeOut(_ word: SlotWord, _ set: Int, _ way: Int, from table: SlotTable) -> Bool {
        guard let node = word.node, table.exchange(set, way, word, for: .empty) else { return false }
        retire(node)
        return true
    }

    /// Only for who has just taken the node out of the table.
    private func retire(_ node: CacheNode) {
        let charge = Int(node.record.pointee.charge)
        store.entries.subtract(1, ordering: .relaxed)
        store.liveBytes.subtract(charge, ordering: .relaxed)
        store.retiredBytes.add(charge, ordering: .relaxed)
        retired.append(node, epoch: epoch)
        counts.evictions &+= 1
    }

    // MARK: Quiescence

    @usableFromInline
    func quiesce() {
        guard let line else { return }
        if epoch == Epochs.offline {
            leaveIdle()
        } else {
            epoch = store.epochs.passQuiescentPoint(line, known: epoch)
        }
        if !retired.isEmpty { reclaim() }
    }

    @usableFromInline
    func enterIdle() {
        guard let line, epoch != Epochs.offline else { return }
        epoch = Epochs.offline
        table = nil
        store.epochs.goOffline(line)
        if !retired.isEmpty { reclaim() }
    }

    @usableFromInline
    func leaveIdle() {
        guard let line, epoch == Epochs.offline else { return }
        epoch = store.epochs.goOnline(line)
        table = store.table
    }

    private func reclaim() {
        let freed = retired.free(at: store.epochs.advance(), limit: Self.freedPerTurn)
        if freed > 0 { store.retiredBytes.subtract(freed, ordering: .relaxed) }
    }
}
