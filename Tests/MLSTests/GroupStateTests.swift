import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

@Suite struct GroupStateTests {
    private let suite = CipherSuite(.x25519AES128GCM)

    private func stored(_ group: Group) throws -> Group {
        try Group(state: group.encodedState(), policy: group.policy)
    }

    @Test func everythingPendingSurvives() throws {
        var circle = try Circle(4, suite)
        try circle.deliver(circle.groups[1].proposeUpdate(), from: 1)
        try circle.deliver(
            circle.groups[2].proposeUpdate(newSignatureKey: suite.generateSignatureKey()),
            from: 2
        )
        for index in circle.groups.indices { circle.groups[index] = try stored(circle.groups[index]) }
        let late = try circle.groups[3].sealBeforeCommitting([3])
        let commit = try circle.groups[0].commit(CommitRequest(), now: now)
        circle.groups[0] = try stored(circle.groups[0])
        for index in 1..<4 {
            guard case .commit(let staged) = try circle.groups[index].process(commit.message, now: now) else {
                continue
            }
            try circle.groups[index].merge(staged, now: now)
        }
        guard case .ownCommit = try circle.groups[0].process(commit.message, now: now) else {
            Issue.record("own commit is forgotten")
            return
        }
        try circle.groups[0].mergePendingCommit(now: now)
        for index in circle.groups.indices { circle.groups[index] = try stored(circle.groups[index]) }
        try circle.expectAgreement()
        guard case .application = try circle.groups[0].process(late, now: now) else {
            Issue.record("past epoch is forgotten")
            return
        }
        try circle.deliver(circle.groups[2].seal([1]), from: 2)
        try circle.commit(by: 1)
    }

    /// What a sender stores before each message keeps it from using a key twice after a crash.
    @Test func ratchetRecordGoesOnTop() throws {
        var circle = try Circle(3, suite)
        let state = try circle.groups[0].encodedState()
        #expect(try circle.groups[0].encodedRatchets(of: 0) == nil)
        var messages: [[UInt8]] = []
        for number in 0..<5 as Range<UInt8> { messages.append(try circle.groups[0].seal([number])) }
        let record = try #require(try circle.groups[0].encodedRatchets(of: 0))
        #expect(record.count < 200)
        var restored = try Group(state: state, policy: .test)
        try restored.restoreRatchets(of: 0, record)
        messages.append(try restored.seal([5]))
        for (number, message) in messages.enumerated() {
            guard case .application(let opened) = try circle.groups[1].process(message, now: now) else {
                continue
            }
            #expect(opened.data == [UInt8(number)])
        }
        // The other senders' keys are where they were.
        try circle.deliver(circle.groups[2].seal([9]), from: 2)
        _ = try restored.process(circle.groups[2].seal([9]), now: now)
        // Never backwards.
        var ahead = circle.groups[0]
        _ = try ahead.seal([1])
        expect(.invalidArgument) { try ahead.restoreRatchets(of: 0, record) }
        expect(.unknownSender) { try ahead.restoreRatchets(of: 77, record) }
    }

    @Test func receiverRemembersWhatItHasRead() throws {
        var circle = try Circle(2, suite)
        let messages = try (0..<4 as Range<UInt8>).map { try circle.groups[0].seal([$0]) }
        for index in [3, 1] { _ = try circle.groups[1].process(messages[index], now: now) }
        circle.groups[1] = try stored(circle.groups[1])
        for index in [3, 1] {
            expect(.generationConsumed) { _ = try circle.groups[1].process(messages[index], now: now) }
        }
        for index in [0, 2] { _ = try circle.groups[1].process(messages[index], now: now) }
    }

    @Test func removedMemberStoresNoSecrets() throws {
        var circle = try Circle(3, suite)
        let secret = try circle.groups[1].export(label: "x", context: [], count: 32)
        let seed = circle.people[1].identity.signatureKey.seed.copied()
        let authenticator = circle.groups[1].epochAuthenticator
        try circle.commit(by: 0, CommitRequest([.remove(1)]))
        let state = try circle.groups[1].encodedState()
        #expect(state.firstRange(of: authenticator) == nil)
        #expect(state.firstRange(of: secret.copied()) == nil)
        #expect(circle.groups[1].epochAuthenticator != authenticator)
        #expect(try stored(circle.groups[1]).status == .removed)
        #expect(seed.count == 32)
    }

    @Test func damagedStatesAreRefused() throws {
        let group = try Circle(3, suite).groups[1]
        let state = try group.encodedState()
        for count in stride(from: 0, to: state.count, by: 7) {
            #expect(throws: MLSError.self) { try Group(state: Array(state[..<count]), policy: .test) }
        }
        #expect(throws: MLSError.self) { try Group(state: state + [0], policy: .test) }
        expect(.unsupportedVersion) { _ = try Group(state: state.flipped(0), policy: .test) }
    }
}

extension Group {
    mutating func sealBeforeCommitting(_ data: [UInt8]) throws -> [UInt8] {
        policy.sendsBeforeCommitting = true
        defer { policy.sendsBeforeCommitting = false }
        return try seal(data)
    }
}
