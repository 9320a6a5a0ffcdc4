import BurrowBase
import BurrowCrypto
import BurrowMLS
import Glibc
import Testing

/// Random lives of groups: whoever is in an epoch shares all it exports, whoever is out opens nothing.
@Suite struct GroupModelTests {
    /// How many lives there are of each kind; 3 unless BURROW_MLS_SEEDS says otherwise.
    static let seeds: [UInt64] = {
        let count = unsafe getenv("BURROW_MLS_SEEDS").flatMap { unsafe UInt64(String(cString: $0)) } ?? 3
        return Array(1...max(count, 1))
    }()

    @Test(arguments: seeds) func randomChanges(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let suite = CipherSuite(seed % 2 == 0 ? .x25519AES128GCM : .x25519ChaCha20Poly1305)
        let policy: GroupPolicy = seed % 3 == 0 ? .inTheClear : .test
        var circle = try Circle(2, suite, policy: policy)
        var names = 2
        for _ in 0..<40 {
            let before = circle
            try propose(&circle, &random)
            var request = CommitRequest()
            request.forcesPath = Bool.random(using: &random)
            let committer = try #require(circle.active.randomElement(using: &random))
            let room = 14 - circle.active.count
            var newcomers: [(Person, KeyPackageBundle)] = []
            for _ in 0..<min(max(room, 0), Int.random(in: 0...2, using: &random)) {
                let person = try Person("member \(names)", suite)
                names += 1
                newcomers.append((person, try person.bundle()))
            }
            request.proposals = newcomers.map { .add($0.1.keyPackage) }
            let others = circle.active.filter { $0 != committer }
            if others.count > 2, Int.random(in: 0..<3, using: &random) == 0 {
                let victim = try #require(others.randomElement(using: &random))
                request.proposals.append(.remove(circle.groups[victim].ownLeaf))
            }
            let commit = try circle.commit(by: committer, request)
            for (person, bundle) in newcomers {
                circle.groups.append(try person.join(commit.welcome, bundle, options: .with(policy)))
                circle.people.append(person)
            }
            try circle.expectAgreement()
            try expectPrivacy(&circle, before: before, sender: committer)
            try storeAndRestore(&circle, &random)
            if Int.random(in: 0..<6, using: &random) == 0 { try joinFromOutside(&circle, &names, policy) }
        }
    }

    /// Some members propose something about themselves or others.
    private func propose(_ circle: inout Circle, _ random: inout SeededRandom) throws {
        for member in circle.active where Int.random(in: 0..<5, using: &random) == 0 {
            let isLeaving = circle.active.count > 6 && Int.random(in: 0..<3, using: &random) == 0
            let message =
                isLeaving
                ? try circle.groups[member].propose(.selfRemove) : try circle.groups[member].proposeUpdate()
            try circle.deliver(message, from: member)
        }
    }

    /// Somebody goes on with a state that was stored.
    private func storeAndRestore(_ circle: inout Circle, _ random: inout SeededRandom) throws {
        let index = Int.random(in: circle.groups.indices, using: &random)
        let state = try circle.groups[index].encodedState()
        circle.groups[index] = try Group(state: state, policy: circle.groups[index].policy)
        #expect(try circle.groups[index].encodedState() == state)
    }

    private func joinFromOutside(_ circle: inout Circle, _ names: inout Int, _ policy: GroupPolicy) throws {
        let door = try #require(circle.active.first)
        guard case .groupInfo(let info) = try MLSMessage(decoding: circle.groups[door].groupInfo()) else {
            return
        }
        let person = try Person("member \(names)", circle.suite)
        names += 1
        let joined = try Group.join(
            info,
            person.identity,
            options: .with(policy),
            now: now,
            suite: circle.suite
        )
        try circle.accept(joined.commit)
        circle.groups.append(joined.group)
        circle.people.append(person)
        try circle.expectAgreement()
    }

    /// Members read what is sent now; those who were removed, in the state they had before, do not.
    private func expectPrivacy(_ circle: inout Circle, before: Circle, sender: Int) throws {
        let message = try circle.groups[sender].seal([42])
        for index in circle.groups.indices where index != sender {
            if circle.groups[index].status == .removed {
                guard index < before.groups.count, before.groups[index].status != .removed else { continue }
                var old = before.groups[index]
                #expect(throws: MLSError.self) { try old.process(message, now: now) }
                continue
            }
            guard case .application(let opened) = try circle.groups[index].process(message, now: now) else {
                Issue.record("not application data")
                continue
            }
            #expect(opened.data == [42])
        }
    }

    /// Messages of several members and epochs lost, delayed and repeated: each is read once or never.
    @Test(arguments: seeds) func lossDelayAndRepetition(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var circle = try Circle(5, CipherSuite(.x25519AES128GCM))
        var waiting: [(bytes: [UInt8], id: UInt64, receiver: Int, epoch: UInt64)] = []
        var seen: Set<[UInt64]> = []
        for step in 0..<300 as Range<UInt64> {
            if Int.random(in: 0..<40, using: &random) == 0 {
                try circle.commit(by: Int.random(in: 0..<5, using: &random))
                try circle.expectAgreement()
            }
            let sender = Int.random(in: 0..<5, using: &random)
            let data = (0..<8).map { UInt8(truncatingIfNeeded: step >> (8 * $0)) }
            let message = try circle.groups[sender].seal(data)
            for receiver in 0..<5 where receiver != sender {
                let copies = [0, 1, 1, 1, 2].randomElement(using: &random) ?? 1
                for _ in 0..<copies {
                    waiting.append((message, step, receiver, circle.groups[sender].epochNumber))
                }
            }
            while waiting.count > 60 {
                let next = waiting.remove(at: Int.random(in: 0..<waiting.count, using: &random))
                let key = [next.id, UInt64(next.receiver)]
                do throws(MLSError) {
                    let received = try circle.groups[next.receiver].process(next.bytes, now: now)
                    guard case .application(let opened) = received else {
                        Issue.record("not application data")
                        continue
                    }
                    #expect(opened.data.enumerated().reduce(0) { $0 | UInt64($1.1) << (8 * $1.0) } == next.id)
                    #expect(seen.insert(key).inserted, "message \(next.id) was read twice")
                } catch {
                    let isRepeated = error.code == .generationConsumed && seen.contains(key)
                    let isOld =
                        error.code == .staleEpoch && next.epoch + 3 < circle.groups[next.receiver].epochNumber
                    #expect(isRepeated || isOld, "\(error)")
                }
            }
        }
        #expect(seen.count > 750)
    }
}
