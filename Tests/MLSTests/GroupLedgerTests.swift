import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// What a store would do, in memory.
struct Records {
    private(set) var values: [[UInt8]: [UInt8]] = [:]
    private(set) var lastWritten = 0

    mutating func apply(_ batch: RecordBatch) {
        lastWritten = 0
        for change in batch.changes {
            switch change {
            case .put(let key, let value):
                values[key] = value.bytes
                lastWritten += key.count + value.bytes.count
            case .delete(let key): values[key] = nil
            case .deleteAll(let prefix): values = values.filter { !$0.key.starts(with: prefix) }
            }
        }
    }

    var list: [Record] {
        values.keys.sorted { $0.lexicographicallyPrecedes($1) }
            .map { Record(key: $0, value: values[$0] ?? []) }
    }
}

/// A member whose group is stored after every step.
struct StoredMember {
    static let prefix: [UInt8] = [9, 9]

    var ledger = GroupLedger(prefix: Self.prefix)
    var records = Records()

    mutating func store(_ group: inout Group, slot: UInt32 = 0) throws {
        var batch = RecordBatch()
        try ledger.update(&group, slot: slot, into: &batch)
        records.apply(batch)
    }

    func load() throws -> (GroupLedger, [UInt32: Group]) {
        var groups: [UInt32: Group] = [:]
        let ledger = try GroupLedger(
            prefix: Self.prefix,
            records: records.list,
            policy: .test,
            groups: &groups
        )
        return (ledger, groups)
    }

    /// What is stored is the group and nothing else.
    func expectComplete(_ group: Group, slot: UInt32 = 0, location: SourceLocation = #_sourceLocation) throws
    {
        let loaded = try #require(try load().1[slot], sourceLocation: location)
        #expect(try loaded.encodedState() == group.encodedState(), sourceLocation: location)
        guard ledger.slotNumbers == [slot] else { return }
        var fresh = StoredMember()
        var copy = group
        try fresh.store(&copy, slot: slot)
        #expect(fresh.records.values == records.values, sourceLocation: location)
    }
}

@Suite struct GroupLedgerTests {
    private let suite = CipherSuite(.x25519AES128GCM)

    @Test func everyStepIsStoredAndNothingIsLeftOver() throws {
        var random = SeededRandom(seed: 4)
        var circle = try Circle(5, suite)
        var member = StoredMember()
        try member.store(&circle.groups[1])
        for step in 0..<120 {
            switch random.next() % 12 {
            case 0: try circle.commit(by: Int(random.next() % 5))
            case 1 where circle.groups.count < 9:
                try circle.add([Person("newcomer \(step)", suite)], by: 1)
            case 2: try circle.deliver(circle.groups[1].proposeUpdate(), from: 1)
            case 3: try circle.deliver(circle.groups[2].proposeUpdate(), from: 2)
            case 4 where !circle.groups[1].hasPendingCommit:
                // A commit of ours that never arrives.
                _ = try circle.groups[1].commit(CommitRequest(), now: now)
                try member.store(&circle.groups[1])
                try member.expectComplete(circle.groups[1])
                circle.groups[1].discardPendingCommit()
            case 5:
                // Messages out of order.
                let first = try circle.groups[3].sealBeforeCommitting([1])
                try circle.deliver(circle.groups[3].sealBeforeCommitting([2]), from: 3)
                if random.next() % 2 == 0 { try circle.deliver(first, from: 3) }
            case 6:
                let late = try circle.groups[2].sealBeforeCommitting([3])
                try circle.commit(by: 0)
                try member.store(&circle.groups[1])
                try circle.deliver(late, from: 2)
            case let choice:
                let sender = Int(choice % UInt64(circle.groups.count))
                try circle.deliver(circle.groups[sender].sealBeforeCommitting([0]), from: sender)
            }
            try member.store(&circle.groups[1])
            try member.expectComplete(circle.groups[1])
            if random.next() % 8 == 0 {
                let (ledger, groups) = try member.load()
                member.ledger = ledger
                circle.groups[1] = try #require(groups[0])
            }
        }
        try circle.expectAgreement()
    }

    /// A change that was never stored is made good by the next one that is.
    @Test func droppedBatchesAreMadeGood() throws {
        var circle = try Circle(3, suite)
        var member = StoredMember()
        try member.store(&circle.groups[1])
        for _ in 0..<3 {
            try circle.deliver(circle.groups[0].seal([1]), from: 0)
            var ledger = member.ledger
            var copy = circle.groups[1]
            var lost = RecordBatch()
            try ledger.update(&copy, slot: 0, into: &lost)
            #expect(!lost.isEmpty)
            // Neither the ledger nor the copy is kept, or the copy alone is.
            try circle.deliver(circle.groups[2].seal([2]), from: 2)
            try member.store(&circle.groups[1])
            try member.expectComplete(circle.groups[1])
            try member.store(&copy)
            try member.expectComplete(copy)
            try member.store(&circle.groups[1])
            try member.expectComplete(circle.groups[1])
        }
    }

    @Test func waysBackShareTheTree() throws {
        var circle = try Circle(40, suite)
        var member = StoredMember()
        try member.store(&circle.groups[1])
        let size = member.records.values.count
        var before = circle.groups[1]
        try circle.commit(by: 0)
        try member.store(&circle.groups[1])
        try member.store(&before, slot: 7)
        #expect(member.records.values.count < size + 20)
        try member.expectComplete(circle.groups[1])
        try member.expectComplete(before, slot: 7)
        // Back to it, and on from there with another commit.
        circle.groups[1] = before
        var batch = RecordBatch()
        try member.ledger.update(&circle.groups[1], slot: 0, into: &batch)
        try member.ledger.drop(slot: 7, into: &batch)
        member.records.apply(batch)
        try member.expectComplete(circle.groups[1])
        _ = try circle.groups[1].commit(CommitRequest(), now: now)
        try circle.groups[1].mergePendingCommit(now: now)
        try member.store(&circle.groups[1])
        try member.expectComplete(circle.groups[1])
        batch = RecordBatch()
        member.ledger.dropAll(into: &batch)
        member.records.apply(batch)
        #expect(member.records.values.isEmpty)
    }

    /// A message costs two small records in a group of any size, a commit what is on its path.
    @Test func aMessageCostsTheSameInAnyGroup() throws {
        var costs: [(message: Int, commit: Int)] = []
        for count in [3, 200] {
            var circle = try Circle(2, suite)
            let keyPackages = try (2..<count).map { try Person("member \($0)", suite).bundle().keyPackage }
            try circle.commit(by: 0, CommitRequest(keyPackages.map { .add($0) }))
            var member = StoredMember()
            for _ in 0..<2 { try circle.deliver(circle.groups[0].seal([1]), from: 0) }
            try member.store(&circle.groups[1])
            try circle.deliver(circle.groups[0].seal([1]), from: 0)
            try member.store(&circle.groups[1])
            let message = member.records.lastWritten
            #expect(message > 0)
            _ = try circle.groups[1].seal([1])
            _ = try circle.groups[1].seal([1])
            try member.store(&circle.groups[1])
            #expect(member.records.lastWritten > 0)
            try circle.commit(by: 1)
            try circle.commit(by: 0)
            try member.store(&circle.groups[1])
            costs.append((message, member.records.lastWritten))
            try member.expectComplete(circle.groups[1])
        }
        #expect(costs[0].message < 300)
        #expect(costs[1].message == costs[0].message)
        #expect(costs[1].commit < 30_000, "\(costs)")
    }

    /// Keys that were used cannot be found again from what is stored.
    @Test func usedKeysAreGone() throws {
        var circle = try Circle(3, suite)
        var member = StoredMember()
        try member.store(&circle.groups[1])
        let message = try circle.groups[0].seal([1])
        _ = try circle.groups[1].process(message, now: now)
        try member.store(&circle.groups[1])
        var loaded = try #require(try member.load().1[0])
        expect(.generationConsumed) { _ = try loaded.process(message, now: now) }
        let late = try circle.groups[0].seal([2])
        try circle.commit(by: 2)
        _ = try circle.groups[1].process(late, now: now)
        try member.store(&circle.groups[1])
        loaded = try #require(try member.load().1[0])
        expect(.generationConsumed) { _ = try loaded.process(late, now: now) }
    }

    @Test func damagedRecordsAreRefused() throws {
        var circle = try Circle(11, suite)
        var member = StoredMember()
        try circle.commit(by: 0)
        try circle.deliver(circle.groups[0].seal([1]), from: 0)
        try member.store(&circle.groups[1])
        let records = member.records.list
        var refused = 0
        for index in records.indices {
            for position in stride(from: 0, to: records[index].value.count, by: 29) {
                var damaged = records
                damaged[index] = Record(
                    key: records[index].key,
                    value: records[index].value.flipped(position)
                )
                if !loads(damaged) { refused += 1 }
            }
            var shorter = records
            shorter[index] = Record(key: records[index].key, value: records[index].value.dropLast())
            #expect(!loads(shorter))
            shorter[index] = Record(key: records[index].key.dropLast(), value: records[index].value)
            #expect(!loads(shorter))
        }
        #expect(refused > 0)
        for index in records.indices where records[index].key.dropFirst(2).first == 0 {
            var missing = records
            missing.remove(at: index)
            #expect(!loads(missing))
        }
    }

    private func loads(_ records: [Record]) -> Bool {
        var groups: [UInt32: Group] = [:]
        return
            (try? GroupLedger(
                prefix: StoredMember.prefix,
                records: records,
                policy: .test,
                groups: &groups
            )) != nil
    }
}
