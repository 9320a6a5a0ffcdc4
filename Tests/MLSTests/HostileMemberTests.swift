import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// What a member can try beside breaking single rules: sizes, repetition, and going back.
@Suite struct HostileMemberTests {
    let suite = CipherSuite(.x25519AES128GCM)

    /// Extensions of 1 MB are no rule's business: they are carried wherever extensions go.
    @Test func extensionsOfAMegabyte() throws {
        let large = Extension(type: 0x1234, data: [UInt8](repeating: 7, count: 1 << 20))
        let capable = try (0..<4).map { try Person("member \($0)", suite, extensions: [0x1234]) }
        var circle = try Circle(1, suite)
        circle.people = [capable[0]]
        circle.groups = [try capable[0].found()]
        try circle.add([capable[1]], by: 0)
        try circle.commit(by: 1, CommitRequest([.groupContextExtensions([large])]))
        try circle.expectAgreement()
        var request = CommitRequest()
        request.newLeafExtensions = [large]
        try circle.commit(by: 0, request)
        try circle.add([capable[2]], by: 1)
        try circle.expectAgreement()
        let bundle = try capable[3].bundle(extensions: [large])
        var adding = CommitRequest([.add(bundle.keyPackage)])
        adding.groupInfoExtensions = [large]
        let commit = try circle.commit(by: 2, adding)
        let joined = try capable[3].join(commit.welcome, bundle)
        #expect(joined.epochAuthenticator == circle.groups[0].epochAuthenticator)
        #expect(joined.context.extensions == [large])
        let again = try Group(state: joined.encodedState(), policy: .test)
        #expect(again.epochAuthenticator == joined.epochAuthenticator)
    }

    @Test func messagesHaveALongestSize() throws {
        var circle = try Circle(2, suite)
        let message = try circle.groups[0].seal([UInt8](repeating: 1, count: 1 << 20))
        guard case .application(let opened) = try circle.groups[1].process(message, now: now) else {
            Issue.record("not application data")
            return
        }
        #expect(opened.data.count == 1 << 20)
        let long = message + [UInt8](repeating: 0, count: MLSLimits.messageBytes)
        expect(.codecLimit) { _ = try circle.groups[1].process(long, now: now) }
    }

    /// A proposal may be named once, whatever it is.
    @Test func proposalIsNamedTwice() throws {
        let newcomer = try Person("x", suite).bundle().keyPackage
        let cases: [(MLSError.Code, (inout Group) throws -> Proposal)] = [
            (.conflictingProposals, { _ in .remove(3) }),
            (.duplicateAdd, { _ in .add(newcomer) }),
            (.duplicatePSK, { try $0.preSharedKeyProposal(.external(id: [1])) }),
            (.multipleContextExtensions, { _ in .groupContextExtensions([]) }),
            (.reinitNotAlone, { _ in .reinit(ReInit(groupID: [9], cipherSuite: 1, extensions: [])) }),
        ]
        for (code, make) in cases {
            var circle = try Circle(4, suite)
            let proposal = try make(&circle.groups[2])
            try circle.deliver(circle.groups[2].propose(proposal), from: 2)
            let reference = try #require(circle.groups[1].proposals.first?.reference)
            let entries = [ProposalOrRef](repeating: .reference(reference), count: 2)
            let message = try circle.groups[0].forge(.commit(Commit(proposals: entries, path: nil)))
            expect(code) { _ = try circle.groups[1].process(message, now: now) }
        }
    }

    /// Nothing leads back into an epoch that is over: not its commits, not with another epoch written on them, and not a
    /// Welcome that served already.
    @Test func epochsDoNotComeBack() throws {
        var circle = try Circle(3, suite, policy: .inTheClear)
        let joiner = try Person("x", suite)
        let bundle = try joiner.bundle()
        let adding = try circle.commit(by: 0, CommitRequest([.add(bundle.keyPackage)]))
        var joined = try joiner.join(adding.welcome, bundle)
        let old = try circle.commit(by: 0).message
        let other = try circle.groups[1].commit(CommitRequest(), now: now).message
        circle.groups[1].discardPendingCommit()
        try circle.commit(by: 2)
        let authenticator = circle.groups[1].epochAuthenticator
        for message in [old, other, adding.message] {
            expect(.staleEpoch) { _ = try circle.groups[2].process(message, now: now) }
            guard case .publicMessage(let open) = try MLSMessage(decoding: message) else { return }
            let moved = open.with(content: open.content.with(epoch: circle.groups[2].epochNumber))
            expect(.invalidMembershipTag) {
                _ = try circle.groups[2].process(MLSMessage.publicMessage(moved).encoded, now: now)
            }
        }
        #expect(circle.groups[2].epochAuthenticator == authenticator)
        // The newcomer follows what it missed, in order and in no other.
        expect(.futureEpoch) {
            let ahead = try circle.groups[1].proposeUpdate()
            _ = try joined.process(ahead, now: now)
        }
        guard case .commit(let staged) = try joined.process(old, now: now) else {
            Issue.record("not a commit")
            return
        }
        try joined.merge(staged, now: now)
        expect(.staleStagedCommit) { try joined.merge(staged, now: now) }
        var options = JoinOptions.test
        options.knownGroups = [joined.groupID]
        expect(.groupAlreadyExists) { _ = try joiner.join(adding.welcome, bundle, options: options) }
    }

    @Test func commitWithManyPreSharedKeys() throws {
        var circle = try Circle(2, suite)
        let proposals = try (0...MLSLimits.preSharedKeys).map { _ in
            try circle.groups[0].preSharedKeyProposal(.external(id: [1]))
        }
        let message = try circle.groups[0].forge(proposals)
        expect(.limit) { _ = try circle.groups[1].process(message, now: now) }
    }

    /// The last epoch that can be numbered is the last one.
    @Test func epochsEnd() throws {
        var circle = try Circle(1, suite)
        let joiner = try Person("x", suite)
        let bundle = try joiner.bundle()
        let commit = try circle.commit(by: 0, CommitRequest([.add(bundle.keyPackage)]))
        let signer = circle.people[0].identity.signatureKey
        var open = try OpenWelcome(commit.welcome, bundle, signer: signer, suite)
        open.info.context.epoch = .max
        var group = try joiner.join(open.closed(), bundle)
        #expect(group.epochNumber == .max)
        _ = try group.seal([1])
        expect(.limit) { _ = try group.commit(CommitRequest(), now: now) }
    }

    /// The last generation of a ratchet is used once and nothing follows it.
    @Test func generationsEnd() throws {
        var circle = try Circle(2, suite)
        var record = ByteWriter()
        // Both ratchets of one sender as they are stored: the next secret, its generation, and no keys passed over.
        for _ in 0..<2 {
            record.writeOpaque([UInt8](repeating: 1, count: 32))
            record.writeUInt64(UInt64(UInt32.max))
            record.writeUInt32(0)
        }
        for index in 0..<2 { try circle.groups[index].restoreRatchets(of: 0, record.bytes) }
        let last = try circle.groups[0].seal([1])
        expect(.generationsExhausted) { _ = try circle.groups[0].seal([2]) }
        _ = try circle.groups[1].process(last, now: now)
        expect(.generationConsumed) { _ = try circle.groups[1].process(last, now: now) }
        // The next epoch begins anew.
        try circle.commit(by: 1)
        try circle.deliver(circle.groups[0].seal([3]), from: 0)
    }
}
