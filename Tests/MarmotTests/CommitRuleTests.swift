import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// Who may change what. Each rule is broken by a member who has all keys and keeps to no rule.
struct CommitRuleTests {
    static let seconds: UInt64 = 1_800_000_000

    /// What a receiver says to a forged commit, and that nothing has changed.
    private func refusal(
        _ world: World,
        by author: Int,
        to receiver: Int = 2,
        _ body: (inout Group) throws -> CommitRequest
    ) throws -> MarmotError.Code? {
        world[receiver].notices = []
        let before = try world.state(world[receiver]).mls.epochAuthenticator
        let event = try world.forges(author) { (group) in
            let request = try body(&group)
            return try group.commit(request, now: Self.seconds).message
        }
        try world.gives(event, to: receiver)
        #expect(try world.state(world[receiver]).mls.epochAuthenticator == before)
        return world[receiver].errors().first
    }

    private func data(_ world: World, _ change: (inout GroupData) -> Void) throws -> [Extension] {
        let state = try world.state(world[0])
        var data = state.data
        change(&data)
        return state.mls.context.extensions.map { (entry) in
            entry.type == 0xf2ee ? Extension(type: 0xf2ee, data: data.encoded) : entry
        }
    }

    @Test func othersThanAdminsMayNotChangeTheGroup() throws {
        let world = try World(4)
        let package = try Person().keyPackage().keyPackage
        #expect(try refusal(world, by: 1) { (_) in CommitRequest([.add(package)]) } == .notAdmin)
        #expect(try refusal(world, by: 1) { (_) in CommitRequest([.remove(3)]) } == .notAdmin)
        let renamed = try data(world) { $0.name = "mine" }
        #expect(
            try refusal(world, by: 1) { (_) in CommitRequest([.groupContextExtensions(renamed)]) }
                == .notAdmin
        )
        let promoted = try data(world) { $0.setAdmins([world[1].publicKey]) }
        #expect(
            try refusal(world, by: 1) { (_) in CommitRequest([.groupContextExtensions(promoted)]) }
                == .notAdmin
        )
        // Our own client does not even try.
        var change = GroupDataChange()
        change.name = "mine"
        let group = world.group
        for attempt: (inout MarmotClient) throws -> Void in [
            { _ = try $0.update(change, of: group, now: World.start) },
            { _ = try $0.remove([world[3].publicKey], from: group, now: World.start) },
            { _ = try $0.invite([Person().keyPackage()], to: group, now: World.start) },
            { _ = try $0.setMediaRelays([], of: group, now: World.start) },
        ] {
            #expect(throws: MarmotError.self) { try attempt(&world[1].client) }
        }
        #expect(try world.state(world[1]).epoch == 1)
        // The same by an admin is taken.
        try world.spreads(world.rename(0, "ours"), from: 0)
        try world.expectAgreement(0, 1, 2, 3, epoch: 2)
    }

    @Test func groupDataStays() throws {
        let world = try World(3)
        let without = try world.state(world[0]).mls.context.extensions.filter { $0.type != 0xf2ee }
        #expect(
            try refusal(world, by: 0) { (_) in CommitRequest([.groupContextExtensions(without)]) }
                == .missingGroupData
        )
        let broken = without + [Extension(type: 0xf2ee, data: [0, 2, 1])]
        #expect(
            try refusal(world, by: 0) { (_) in CommitRequest([.groupContextExtensions(broken)]) }
                == .invalidGroupData
        )
    }

    @Test func someAdminStays() throws {
        let world = try World(4, admins: 2)
        let stranger = try Person().publicKey
        for admins in [[], [stranger]] {
            let extensions = try data(world) { $0.setAdmins(admins) }
            #expect(
                try refusal(world, by: 0) { (_) in CommitRequest([.groupContextExtensions(extensions)]) }
                    == .noAdminLeft
            )
        }
        // The one who removes is to be no admin any more either.
        let extensions = try data(world) { $0.setAdmins([world[1].publicKey]) }
        #expect(
            try refusal(world, by: 0) { (_) in
                CommitRequest([.groupContextExtensions(extensions), .remove(1)])
            } == .noAdminLeft
        )
        var change = GroupDataChange()
        change.admins = []
        #expect(throws: MarmotError.self) {
            try world[0].client.update(change, of: world.group, now: world.now)
        }
        #expect(try !world.state(world[0]).hasPendingCommit)
    }

    @Test func proposalsThatGroupsDoNotUseAreRefused() throws {
        let world = try World(3)
        let code = try refusal(world, by: 0) { (group) in
            let resumption = PreSharedKeyID.Kind.resumption(.application, groupID: group.groupID, epoch: 1)
            return CommitRequest([try group.preSharedKeyProposal(resumption)])
        }
        #expect(code == .forbiddenProposal)
        let reinit = ReInit(groupID: [1], cipherSuite: 1, extensions: [])
        #expect(try refusal(world, by: 0) { (_) in CommitRequest([.reinit(reinit)]) } == .forbiddenProposal)
    }

    @Test func newMembersAreNostrKeys() throws {
        let world = try World(3)
        let package = try KeyPackageEventTests.made { $0.credential = .basic(Array("mallory".utf8)) }
        #expect(try refusal(world, by: 0) { (_) in CommitRequest([.add(package)]) } == .invalidMember)
    }

    @Test func newMembersCanDoWhatTheGroupRequires() throws {
        let world = try World(3)
        var draft = try KeyPackageEventTests.Draft()
        let key = draft.person.publicKey
        try draft.put(KeyPackageEventTests.made(key) { $0.capabilities.proposals = [] })
        let parsed = try draft.parsed()
        #expect(throws: MarmotError.self) {
            try world[0].client.invite([parsed], to: world.group, now: world.now)
        }
        #expect(try !world.state(world[0]).hasPendingCommit)
    }

    @Test func updateToAnotherIdentityIsIgnored() throws {
        let world = try World(3)
        // The library below makes no such commit, so a leaf of a proposal does.
        let suite = CipherSuite(.x25519AES128GCM)
        let event = try world.forges(1) { (group) in
            let leaf = try #require(group.tree.leaf(group.ownLeaf))
            var other = leaf
            other.credential = .basic([UInt8](repeating: 9, count: 32))
            other.encryptionKey = try suite.generateEncryptionKey().publicKey
            other.source = .update
            let signed = try group.sign(.proposal(.update(other)), [], .privateMessage)
            return try group.protect(signed).encoded
        }
        try world.gives(event, to: 2)
        #expect(world[2].errors() == [.ignoredProposal])
        #expect(try world.state(world[2]).mls.proposals.isEmpty)
    }

    @Test func emptyCommitOfAnybodyIsASelfUpdate() throws {
        let world = try World(3)
        let before = try #require(world.state(world[2]).mls.tree.leaf(1)?.signatureKey)
        try world.spreads(world.selfUpdate(1), from: 1)
        try world.expectAgreement(0, 1, 2, epoch: 2)
        let after = try #require(world.state(world[2]).mls.tree.leaf(1)?.signatureKey)
        #expect(before != after)
    }

    // MARK: Proposals by themselves

    private func proposes(_ world: World, _ author: Int, _ proposal: Proposal) throws -> Event {
        try world.forges(author) { try $0.propose(proposal) }
    }

    @Test func membersProposeAndNothingHappens() throws {
        let world = try World(4)
        let package = try Person().keyPackage().keyPackage
        try world.gives(proposes(world, 1, .add(package)), to: 0, 2)
        try world.gives(proposes(world, 2, .remove(3)), to: 0, 1)
        #expect(try world.state(world[0]).mls.proposals.count == 2)
        #expect(world[0].client.deadline == nil)
        // The next commit of an admin does not take them up either, and drops them.
        try world.accepts(world.rename(0, "n"), of: 0)
        #expect(try world.state(world[0]).mls.tree.memberCount == 4)
        #expect(try world.state(world[0]).mls.proposals.isEmpty)
    }

    @Test func otherProposalsAreIgnored() throws {
        let world = try World(3)
        let extensions = try data(world) { $0.name = "x" }
        try world.gives(proposes(world, 1, .groupContextExtensions(extensions)), to: 2)
        try world.gives(
            proposes(world, 1, .reinit(ReInit(groupID: [1], cipherSuite: 1, extensions: []))),
            to: 2
        )
        let update = try world.forges(1) { try $0.proposeUpdate() }
        try world.gives(update, to: 2)
        #expect(world[2].errors() == [.ignoredProposal, .ignoredProposal, .ignoredProposal])
        #expect(try world.state(world[2]).mls.proposals.isEmpty)
    }

    @Test func strangersProposeNothing() throws {
        let world = try World(2)
        let suite = CipherSuite(.x25519AES128GCM)
        let package = try Person().keyPackage().keyPackage
        for sender in [Sender.external(0), .newMemberProposal] {
            let event = try world.forges(0) { (group) in
                let content = FramedContent(
                    groupID: group.groupID,
                    epoch: group.epochNumber,
                    sender: sender,
                    authenticatedData: [],
                    content: .proposal(.add(package))
                )
                let key = try suite.generateSignatureKey()
                let signature = try Framing(suite).sign(
                    content,
                    .publicMessage,
                    context: group.context,
                    key: key
                )
                let authentication = ContentAuthentication(signature: signature, confirmationTag: nil)
                let message = PublicMessage(
                    content: content,
                    authentication: authentication,
                    membershipTag: nil
                )
                return MLSMessage.publicMessage(message).encoded
            }
            world[1].notices = []
            try world.gives(event, to: 1)
            #expect(world[1].errors() == [.externalSender])
        }
    }

    // MARK: Leaving

    @Test func leavesAreTakenUpByAnybody() throws {
        let world = try World(4)
        let proposal = try world.does(3) { try $0.leave(world.group, now: world.now) }
        // Asked again, and after a restart, it is the same.
        #expect(try world.does(3) { try $0.leave(world.group, now: world.now) } == proposal)
        try world[3].restart()
        #expect(world[3].out.last == proposal)
        try world.gives(proposal, to: 0, 1, 2)
        #expect(world[1].client.deadline == world.now)
        // No admin is needed.
        let commit = try world.does(1) { $0.timerFired(now: world.now) }
        try world.spreads(commit, from: 1)
        try world.expectAgreement(0, 1, 2, epoch: 2)
        #expect(world[3].notices.contains(.removed(group: world.group, by: nil)))
        #expect(
            world[0].notices.contains(
                .membersChanged(group: world.group, added: [], removed: [world[3].publicKey])
            )
        )
        #expect(world[0].client.deadline == nil)
        #expect(throws: MarmotError.self) {
            try world[3].client.send(EventKind(9), content: "x", to: world.group, now: world.now)
        }
        try world[3].take(try world[3].client.forget(world.group))
        #expect(world[3].client.groupIDs.isEmpty)
        #expect(world[3].store.records.allSatisfy { if case .keyPackage = $0.key { true } else { false } })
    }

    @Test func leaveIsAskedForAgainInTheNextEpoch() throws {
        let world = try World(3)
        try world.does(2) { try $0.leave(world.group, now: world.now) }
        // Nobody saw it, and then the group went on.
        let commit = try world.selfUpdate(1)
        try world.accepts(commit, of: 1)
        try world.gives(commit, to: 0, 2)
        let again = try #require(world[2].out.last)
        try world.gives(again, to: 0)
        let removal = try world.does(0) { $0.timerFired(now: world.now) }
        try world.accepts(removal, of: 0)
        try world.gives(removal, to: 2)
        #expect(try !world.state(world[2]).isActive)
    }

    @Test func admins() throws {
        let world = try World(3, admins: 2)
        #expect(throws: MarmotError.self) { try world[1].client.leave(world.group, now: world.now) }
        // One who asks nevertheless is not heard.
        try world.gives(proposes(world, 1, .selfRemove), to: 0, 2)
        #expect(world[2].errors() == [.adminCannotLeave])
        #expect(try world.state(world[2]).mls.proposals.isEmpty)
        #expect(world[2].client.deadline == nil)
        let step = try world.does(1) { try $0.stepDown(in: world.group, now: world.now).1 }
        try world.spreads(step, from: 1)
        #expect(try !world.state(world[1]).isAdmin)
        let leave = try world.does(1) { try $0.leave(world.group, now: world.now) }
        try world.gives(leave, to: 2)
        let commit = try world.does(2) { $0.timerFired(now: world.now) }
        try world.spreads(commit, from: 2)
        #expect(try !world.state(world[1]).isActive)
        #expect(throws: MarmotError.self) {
            try world[0].client.stepDown(in: world.group, now: world.now)
        }
    }

    @Test func removedAdminIsNoneAnyMore() throws {
        let world = try World(3, admins: 2)
        let commit = try world.does(0) {
            try $0.remove([world[1].publicKey], from: world.group, now: world.now).1
        }
        try world.spreads(commit, from: 0)
        #expect(try world.state(world[2]).data.admins == [world[0].publicKey])
        #expect(world[1].notices.contains(.removed(group: world.group, by: world[0].publicKey)))
    }

    /// The commit may come before the proposal it takes up.
    @Test func commitWaitsForItsProposal() throws {
        let world = try World(4)
        let proposal = try world.does(3) { try $0.leave(world.group, now: world.now) }
        try world.gives(proposal, to: 1)
        let commit = try world.does(1) { $0.timerFired(now: world.now) }
        try world.accepts(commit, of: 1)
        try world.gives(commit, to: 2)
        #expect(try world.state(world[2]).epoch == 1)
        try world.gives(proposal, to: 2)
        try world.expectAgreement(1, 2, epoch: 2)
        #expect(world[2].errors().isEmpty)
    }

    // MARK: MoQ relays, records

    @Test func mediaRelaysAreTheAdminsToChoose() throws {
        let world = try World(3)
        let relays = ["moqt://media.example:4443/live", "https://other.example"]
        let event = try world.does(0) { try $0.setMediaRelays(relays, of: world.group, now: world.now) }
        try world.gives(event, to: 1, 2)
        #expect(world[1].notices.contains { if case .mediaRelaysChanged = $0 { true } else { false } })
        #expect(try world.state(world[1]).mediaRelays == world.state(world[0]).mediaRelays)
        #expect(try world.state(world[1]).mediaRelays.count == 2)
        // It is no message for people.
        #expect(world[1].messages().isEmpty)
        let forged = try world.does(2) {
            try $0.send(
                .mediaRelays,
                content: "",
                tags: [["relay", "moqt://evil.example"]],
                to: world.group,
                now: world.now
            ).1
        }
        try world.gives(forged, to: 1)
        #expect(world[1].errors() == [.notAdmin])
        #expect(try world.state(world[1]).mediaRelays.count == 2)
        try world[1].restart()
        #expect(try world.state(world[1]).mediaRelays.count == 2)
        // Nobody else's network, no tokens.
        for bad in ["ws://192.168.0.1", "moqt://media.example?jwt=x", "http://media.example"] {
            #expect(throws: MarmotError.self) {
                try world[0].client.setMediaRelays([bad], of: world.group, now: world.now)
            }
        }
        world.now = world.now + .seconds(1)
        let none = try world.does(0) { try $0.setMediaRelays([], of: world.group, now: world.now) }
        try world.gives(none, to: 1)
        #expect(try world.state(world[1]).mediaRelays.isEmpty)
    }

    @Test func keysAreMadeNewAfterJoining() throws {
        var options = Person.options
        options.selfUpdateDelay = .seconds(10)
        options.selfUpdateInterval = .seconds(7 * 86_400)
        let world = try World(2, options: options)
        #expect(try world.state(world[1]).needsSelfUpdate)
        let deadline = try #require(world[1].client.deadline)
        #expect(deadline <= world.now + .seconds(10))
        world.now = deadline
        let event = try world.does(1) { $0.timerFired(now: world.now) }
        try world.spreads(event, from: 1)
        try world.expectAgreement(0, 1, epoch: 2)
        #expect(try !world.state(world[1]).needsSelfUpdate)
        #expect(world[1].client.deadline == world.now + .seconds(7 * 86_400))
    }

    @Test func pendingCommitSurvivesARestart() throws {
        let world = try World(3)
        let guest = try Person()
        let package = try guest.keyPackage()
        let event = try world.does(0) { try $0.invite([package], to: world.group, now: world.now).1 }
        #expect(throws: MarmotError.self) { try world[0].client.selfUpdate(of: world.group, now: world.now) }
        #expect(world[0].welcomes.count == 2)
        try world[0].restart()
        #expect(world[0].out == [event])
        try world.spreads(event, from: 0)
        #expect(world[0].welcomes.count == 3)
        try world.join(guest, world[0])
        try world.expectAgreement(0, 1, 2, epoch: 2)
        #expect(world[0].notices.contains(.operationDone(group: world.group, operation: 1)))
    }

    @Test func damagedRecordsAreNamedAndOthersRead() throws {
        let world = try World(2)
        var records = world[1].store.records
        records.append((.group([9]), RecordValue([1, 2, 3])))
        records.append((.keyPackage(reference: [7]), RecordValue([])))
        let id = try #require(Bytes32([UInt8](repeating: 0, count: 32)))
        records.append((.invitation(EventID(id)), RecordValue([0])))
        var unreadable: [RecordKey] = []
        let client = MarmotClient(
            publicKey: world[1].publicKey,
            options: Person.options,
            records: records,
            unreadable: &unreadable
        )
        #expect(unreadable.count == 3)
        #expect(client.groupIDs == [world.group])
    }

    @Test func recordKeysHaveOneForm() throws {
        let id = try #require(Bytes32([UInt8](repeating: 5, count: 32)))
        let keys: [RecordKey] = [
            .client, .keyPackage(reference: [1, 2]), .invitation(EventID(id)), .group([3]),
            .part(group: [3], name: [7]), .part(group: [3, 4], name: [7]), .part(group: [3], name: []),
            .snapshot(group: [3], epoch: 9),
        ]
        for key in keys { #expect(RecordKey(decoding: key.encoded) == key) }
        #expect(Set(keys.map(\.encoded)).count == keys.count)
        let prefix = RecordKey.partPrefix(group: [3], names: [7])
        #expect(keys.filter { $0.encoded.starts(with: prefix) } == [.part(group: [3], name: [7])])
        for bytes: [UInt8] in [[], [9], [4], [5, 1, 3], [2, 0]] { #expect(RecordKey(decoding: bytes) == nil) }
    }
}
