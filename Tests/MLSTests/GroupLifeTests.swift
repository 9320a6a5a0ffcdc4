import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

@Suite struct GroupLifeTests {
    @Test(arguments: CipherSuite.ID.allCases) func membersTalk(_ id: CipherSuite.ID) throws {
        var circle = try Circle(5, CipherSuite(id))
        try circle.expectAgreement()
        for sender in circle.groups.indices {
            let message = try circle.groups[sender].seal([1, 2, UInt8(sender)], authenticatedData: [9])
            for receiver in circle.groups.indices where receiver != sender {
                guard case .application(let opened) = try circle.groups[receiver].process(message, now: now)
                else {
                    Issue.record("not application data")
                    continue
                }
                #expect(opened.data == [1, 2, UInt8(sender)])
                #expect(opened.sender == UInt32(sender))
                #expect(opened.authenticatedData == [9])
                #expect(opened.senderNode.credential == circle.people[sender].identity.credential)
            }
        }
    }

    @Test(arguments: [GroupPolicy.test, .inTheClear], [true, false])
    func commitsOfAllKindsAreFollowed(_ policy: GroupPolicy, _ withPath: Bool) throws {
        let suite = CipherSuite(.x25519AES128GCM)
        var circle = try Circle(4, suite, policy: policy)
        var request = CommitRequest()
        request.forcesPath = withPath
        try circle.commit(by: 2, request)
        try circle.expectAgreement()

        let newcomer = try Person("newcomer", suite)
        let bundle = try newcomer.bundle()
        request.proposals = [.add(bundle.keyPackage)]
        let added = try circle.commit(by: 1, request)
        #expect(added.staged.hasPath == withPath)
        circle.groups.append(try newcomer.join(added.welcome, bundle, options: .with(policy)))
        circle.people.append(newcomer)
        try circle.expectAgreement()

        request.proposals = [.remove(1)]
        try circle.commit(by: 3, request)
        #expect(circle.groups[1].status == .removed)
        try circle.expectAgreement()

        request.proposals = [.groupContextExtensions([RequiredCapabilities(proposals: [0x000a]).asExtension])]
        try circle.commit(by: 4, request)
        try circle.expectAgreement()
        #expect(try circle.groups[0].context.extensions.requiredCapabilities()?.proposals == [0x000a])
    }

    @Test func proposalsWaitForACommit() throws {
        let suite = CipherSuite(.x25519ChaCha20Poly1305)
        var circle = try Circle(5, suite)
        try circle.deliver(try circle.groups[1].proposeUpdate(), from: 1)
        try circle.deliver(
            try circle.groups[2].proposeUpdate(newSignatureKey: suite.generateSignatureKey()),
            from: 2
        )
        try circle.deliver(try circle.groups[3].propose(.remove(4)), from: 3)
        expect(.pendingProposals) { _ = try circle.groups[0].seal([1]) }
        let commit = try circle.commit(by: 0)
        #expect(commit.staged.updated.map(\.leaf) == [1, 2])
        #expect(commit.staged.removed.map(\.leaf) == [4])
        #expect(circle.groups[4].status == .removed)
        try circle.expectAgreement()
        // Signed with the new key.
        try circle.deliver(try circle.groups[2].seal([7]), from: 2)
        #expect(circle.groups[0].proposals.isEmpty)
    }

    @Test func memberLeavesByItself() throws {
        var circle = try Circle(3, CipherSuite(.x25519AES128GCM))
        try circle.deliver(try circle.groups[2].propose(.selfRemove), from: 2)
        try circle.commit(by: 1)
        #expect(circle.groups[2].status == .removed)
        try circle.expectAgreement()
        expect(.groupInactive) { _ = try circle.groups[2].seal([1]) }
        expect(.groupInactive) { _ = try circle.groups[2].export(label: "a", context: [], count: 1) }
    }

    @Test func outsiderJoinsByCommit() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        var circle = try Circle(3, suite)
        guard case .groupInfo(let info) = try MLSMessage(decoding: circle.groups[0].groupInfo()) else {
            Issue.record("not a GroupInfo")
            return
        }
        let outsider = try Person("outsider", suite)
        let joined = try Group.join(info, outsider.identity, options: .test, now: now, suite: suite)
        try circle.accept(joined.commit)
        circle.groups.append(joined.group)
        circle.people.append(outsider)
        try circle.expectAgreement()
        try circle.commit(by: 3)
        try circle.commit(by: 1)
        try circle.expectAgreement()
    }

    @Test func memberWhoLostItsStateComesBack() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        var circle = try Circle(4, suite)
        guard case .groupInfo(let info) = try MLSMessage(decoding: circle.groups[0].groupInfo()) else {
            Issue.record("not a GroupInfo")
            return
        }
        let back = try Group.join(
            info,
            circle.people[2].identity,
            replacing: 2,
            options: .test,
            now: now,
            suite: suite
        )
        #expect(back.group.ownLeaf == 2)
        try circle.accept(back.commit)
        #expect(circle.groups[2].status == .removed)
        circle.groups.append(back.group)
        try circle.expectAgreement()
    }

    @Test func outsiderTakesUpSelfRemoves() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        var circle = try Circle(3, suite)
        guard case .groupInfo(let info) = try MLSMessage(decoding: circle.groups[0].groupInfo()) else {
            Issue.record("not a GroupInfo")
            return
        }
        let message = try circle.groups[2].propose(.selfRemove)
        try circle.deliver(message, from: 2)
        guard case .publicMessage(let selfRemove) = try MLSMessage(decoding: message) else {
            Issue.record("SelfRemove is not in the clear")
            return
        }
        let outsider = try Person("outsider", suite)
        let joined = try Group.join(
            info,
            outsider.identity,
            selfRemoves: [selfRemove],
            options: .test,
            now: now,
            suite: suite
        )
        #expect(joined.group.ownLeaf == 2)
        try circle.accept(joined.commit)
        #expect(circle.groups[2].status == .removed)
        circle.groups.append(joined.group)
        try circle.expectAgreement()
    }

    @Test func outsidersProposals() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        let server = try Person("server", suite)
        let senders = ExternalSenders([
            ExternalSender(
                signatureKey: server.identity.signatureKey.publicKey,
                credential: server.identity.credential
            )
        ])
        var circle = try Circle(3, suite, extensions: [senders.asExtension])
        let removal = try Group.propose(
            .remove(2),
            asExternalSender: 0,
            to: circle.groups[0].groupID,
            epoch: circle.groups[0].epochNumber,
            signatureKey: server.identity.signatureKey,
            suite: suite
        )
        try circle.deliver(removal, from: nil)
        let newcomer = try Person("newcomer", suite)
        let bundle = try newcomer.bundle()
        let request = try Group.proposeJoining(
            bundle,
            to: circle.groups[0].groupID,
            epoch: circle.groups[0].epochNumber,
            suite: suite
        )
        try circle.deliver(request, from: nil)
        let commit = try circle.commit(by: 1)
        #expect(circle.groups[2].status == .removed)
        circle.groups.append(try newcomer.join(commit.welcome, bundle))
        try circle.expectAgreement()
    }

    @Test func preSharedKeysEnterTheSchedule() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        var circle = try Circle(3, suite)
        try circle.commit(by: 1)
        for index in circle.groups.indices {
            circle.groups[index].preSharedKeys.set(try suite.secret([1, 2, 3]), external: [7])
        }
        let group = circle.groups[0]
        var request = CommitRequest([
            try group.preSharedKeyProposal(.external(id: [7])),
            try group.preSharedKeyProposal(.resumption(.application, groupID: group.groupID, epoch: 1)),
        ])
        request.forcesPath = false
        try circle.commit(by: 0, request)
        try circle.expectAgreement()
        // A newcomer has to have them too.
        let newcomer = try Person("newcomer", suite)
        let bundle = try newcomer.bundle()
        let welcome = try circle.commit(
            by: 0,
            CommitRequest([
                .add(bundle.keyPackage), try group.preSharedKeyProposal(.external(id: [7])),
            ])
        ).welcome
        expect(.pskUnavailable) { _ = try newcomer.join(welcome, bundle) }
        var options = JoinOptions.test
        options.preSharedKeys.set(try suite.secret([1, 2, 3]), external: [7])
        circle.groups.append(try newcomer.join(welcome, bundle, options: options))
        try circle.expectAgreement()
    }

    @Test func groupIsReplaced() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        var circle = try Circle(2, suite)
        let reinit = ReInit(groupID: [5], cipherSuite: suite.id.rawValue, extensions: [])
        try circle.commit(by: 1, CommitRequest([.reinit(reinit)]))
        #expect(circle.groups[0].status == .reinitialized(reinit))
        expect(.groupReinitialized) { _ = try circle.groups[0].seal([1]) }
        expect(.groupReinitialized) { _ = try circle.groups[0].commit(CommitRequest(), now: now) }

        var successor = try circle.people[0].found([5])
        let bundle = try circle.people[1].bundle()
        let commit = try successor.continueGroup(
            circle.groups[0],
            usage: .reinit,
            adding: [bundle.keyPackage],
            now: now
        )
        try successor.mergePendingCommit(now: now)
        var options = JoinOptions.test
        options.predecessor = circle.groups[1]
        let joined = try circle.people[1].join(commit.welcome, bundle, options: options)
        #expect(joined.epochAuthenticator == successor.epochAuthenticator)

        var other = try circle.people[0].found([6])
        expect(.invalidResumption) {
            _ = try other.continueGroup(circle.groups[0], usage: .reinit, adding: [], now: now)
        }
    }

    @Test func groupBranches() throws {
        let suite = CipherSuite(.x25519AES128GCM)
        let circle = try Circle(3, suite)
        var branch = try circle.people[0].found([5])
        let bundle = try circle.people[2].bundle()
        let commit = try branch.continueGroup(
            circle.groups[0],
            usage: .branch,
            adding: [bundle.keyPackage],
            now: now
        )
        try branch.mergePendingCommit(now: now)
        var options = JoinOptions.test
        options.predecessor = circle.groups[2]
        let joined = try circle.people[2].join(commit.welcome, bundle, options: options)
        #expect(joined.epochAuthenticator == branch.epochAuthenticator)
        // Somebody who was not in the group before.
        var wider = try circle.people[0].found([6])
        let stranger = try Person("stranger", suite).bundle()
        let own = try circle.people[2].bundle()
        let bad = try wider.continueGroup(
            circle.groups[0],
            usage: .branch,
            adding: [own.keyPackage, stranger.keyPackage],
            now: now
        )
        expect(.invalidResumption) { _ = try circle.people[2].join(bad.welcome, own, options: options) }
    }

    @Test func ownCommitIsRecognised() throws {
        var circle = try Circle(2, CipherSuite(.x25519AES128GCM))
        let commit = try circle.groups[0].commit(CommitRequest(), now: now)
        expect(.pendingCommitExists) { _ = try circle.groups[0].commit(CommitRequest(), now: now) }
        guard case .ownCommit = try circle.groups[0].process(commit.message, now: now) else {
            Issue.record("not recognised")
            return
        }
        try circle.groups[0].mergePendingCommit(now: now)
        expect(.noPendingCommit) { try circle.groups[0].mergePendingCommit(now: now) }
    }

    @Test func anotherCommitWins() throws {
        var circle = try Circle(3, CipherSuite(.x25519AES128GCM))
        _ = try circle.groups[0].commit(CommitRequest(), now: now)
        let lost = try circle.groups[0].process(
            try circle.groups[2].commit(CommitRequest(), now: now).message,
            now: now
        )
        let winner = try circle.groups[1].commit(CommitRequest(), now: now)
        for index in [0, 2] {
            guard case .commit(let staged) = try circle.groups[index].process(winner.message, now: now) else {
                Issue.record("not a commit")
                return
            }
            try circle.groups[index].merge(staged, now: now)
            #expect(!circle.groups[index].hasPendingCommit)
        }
        try circle.groups[1].mergePendingCommit(now: now)
        try circle.expectAgreement()
        guard case .commit(let staged) = lost else { return }
        expect(.staleStagedCommit) { try circle.groups[0].merge(staged, now: now) }
    }

    @Test func lateMessagesAreRead() throws {
        var circle = try Circle(3, CipherSuite(.x25519AES128GCM))
        let first = try circle.groups[1].seal([1])
        let second = try circle.groups[1].seal([2])
        let third = try circle.groups[1].seal([3])
        _ = try circle.groups[0].process(third, now: now)
        try circle.commit(by: 2)
        guard case .application(let message) = try circle.groups[0].process(first, now: now + 60) else {
            Issue.record("not application data")
            return
        }
        #expect(message.data == [1])
        expect(.generationConsumed) { _ = try circle.groups[0].process(first, now: now + 60) }
        expect(.staleEpoch) { _ = try circle.groups[0].process(second, now: now + 121) }
    }
}

extension Circle {
    /// Lets everybody follow a commit from outside.
    mutating func accept(_ commit: [UInt8]) throws {
        for index in active {
            guard case .commit(let staged) = try groups[index].process(commit, now: now) else {
                throw MLSError(.invalidArgument, "not a commit")
            }
            try groups[index].merge(staged, now: now)
        }
    }
}
