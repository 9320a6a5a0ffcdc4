import BurrowBase
import BurrowCrypto
import BurrowMLS
import FuzzHarness

/// A stored group, with bytes changed or made up: as a whole, and in the records of a ledger. What is read must be written
/// the same way again, and must not fall over when it is used.
enum MLSStateTarget: FuzzTarget {
    static let now: UInt64 = 1_800_000_000

    static func run() {
        guard let scene = try? Scene() else { preconditionFailure("no group to store") }
        fuzz { (input) in
            var choices = Choices(input)
            if choices.byte() % 2 == 0 {
                whole(scene, &choices)
            } else {
                records(scene, &choices)
            }
        }
    }

    static func whole(_ scene: Scene, _ choices: inout Choices) {
        var state = scene.state
        if choices.byte() % 4 == 0 { state = Array(choices.rest) } else { alter(&state, &choices) }
        guard let group = try? Group(state: state, policy: GroupPolicy()) else { return }
        require((try? group.encodedState()) == state, "state is written otherwise than read")
        use(group, scene)
    }

    static func records(_ scene: Scene, _ choices: inout Choices) {
        var records = scene.records
        for _ in 0..<(1 + choices.byte() % 4) {
            let index = choices.byte() % records.count
            var key = records[index].key
            var value = records[index].value
            switch choices.byte() % 8 {
            case 0: key = [7] + choices.bytes(choices.byte() % 48)
            case 1: value = choices.bytes(choices.byte())
            case 2: value = records[choices.byte() % records.count].value
            case 3: key = records[choices.byte() % records.count].key
            default: alter(&value, &choices)
            }
            records[index] = Record(key: key, value: value)
        }
        var groups: [UInt32: Group] = [:]
        guard
            var ledger = try? GroupLedger(
                prefix: [7],
                records: records,
                policy: GroupPolicy(),
                groups: &groups
            )
        else { return }
        for number in ledger.slotNumbers {
            guard var group = groups[number] else { continue }
            var batch = RecordBatch()
            require(
                (try? ledger.update(&group, slot: number, into: &batch)) != nil,
                "what was read is not stored"
            )
            use(group, scene)
        }
    }

    static func alter(_ bytes: inout [UInt8], _ choices: inout Choices) {
        for _ in 0..<(1 + choices.byte() % 3) where !bytes.isEmpty {
            bytes[(choices.byte() << 8 | choices.byte()) % bytes.count] ^= UInt8(1 + choices.byte() % 255)
        }
    }

    static func use(_ stored: Group, _ scene: Scene) {
        var group = stored
        _ = try? group.process(scene.greeting, now: now)
        _ = try? group.seal([1])
        _ = try? group.commit(CommitRequest(), now: now)
        try? group.mergePendingCommit(now: now)
        _ = try? group.process(scene.late, now: now)
    }

    struct Scene {
        let state: [UInt8]
        let records: [Record]
        let greeting: [UInt8]
        let late: [UInt8]

        init() throws {
            let suite = CipherSuite(.x25519AES128GCM)
            func identity(_ name: String) throws -> MemberIdentity {
                MemberIdentity(
                    credential: .basic(Array(name.utf8)),
                    capabilities: Capabilities(
                        cipherSuites: [1],
                        extensions: [],
                        proposals: [],
                        credentials: [1]
                    ),
                    signatureKey: try suite.generateSignatureKey()
                )
            }
            var policy = GroupPolicy()
            policy.sendsBeforeCommitting = true
            var founder = try Group(
                founding: [1],
                identity("founder"),
                extensions: [],
                lifetime: .standard(now: now),
                policy: policy,
                suite: suite
            )
            let bundles = try (0..<9).map { (number) in
                try KeyPackageBundle(
                    generate: identity("member \(number)"),
                    lifetime: .standard(now: now),
                    suite: suite
                )
            }
            let added = try founder.commit(CommitRequest(bundles.map { .add($0.keyPackage) }), now: now)
            try founder.mergePendingCommit(now: now)
            guard case .welcome(let welcome) = try MLSMessage(decoding: added.welcome ?? []) else {
                throw MLSError(.wireFormatRefused, "not a Welcome")
            }
            var options = JoinOptions()
            options.policy = policy
            var group = try Group(
                joining: welcome,
                with: bundles[3],
                options: options,
                now: now,
                suite: suite
            )
            late = try founder.seal([1])
            _ = try group.process(founder.seal([2]), now: now)
            let commit = try founder.commit(CommitRequest([.remove(2)]), now: now)
            try founder.mergePendingCommit(now: now)
            if case .commit(let staged) = try group.process(commit.message, now: now) {
                try group.merge(staged, now: now)
            }
            _ = try group.seal([3])
            _ = try group.proposeUpdate()
            _ = try founder.seal([4])
            _ = try group.process(founder.seal([5]), now: now)
            _ = try group.commit(CommitRequest([.remove(5)]), now: now)
            greeting = try founder.seal([42])
            state = try group.encodedState()
            var ledger = GroupLedger(prefix: [7])
            var batch = RecordBatch()
            try ledger.update(&group, slot: 0, into: &batch)
            records = batch.changes.compactMap {
                if case .put(let key, let value) = $0 { Record(key: key, stored: value) } else { nil }
            }
        }
    }
}
