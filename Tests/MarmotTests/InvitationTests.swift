import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// Invitations: what must hold before a group is even shown.
struct InvitationTests {
    let now = World.start
    let admin: Person
    let guest: Person
    let suite = CipherSuite(.x25519AES128GCM)

    init() throws {
        admin = try Person()
        guest = try Person()
    }

    private func invitation() throws -> Rumor {
        let package = try guest.keyPackage()
        let draft = GroupDraft(name: "g", relays: World.relays)
        try admin.take(try admin.client.found(draft, inviting: [package], now: now).1)
        return try #require(admin.welcomes.last).rumor
    }

    private func changed(
        _ rumor: Rumor,
        by author: PublicKey? = nil,
        content: String? = nil,
        _ change: (inout [BurrowNostr.Tag]) -> Void = { _ in }
    ) throws -> Rumor {
        var tags = rumor.tags
        change(&tags)
        return try Rumor(
            publicKey: author ?? rumor.publicKey,
            createdAt: rumor.createdAt,
            kind: rumor.kind,
            tags: tags,
            content: content ?? rumor.content
        )
    }

    private func refusal(_ rumor: Rumor) throws -> MarmotError.Code? {
        let step = try guest.take(guest.client.receive(welcome: rumor, now: now))
        #expect(guest.client.invitations.isEmpty)
        #expect(guest.client.groupIDs.isEmpty)
        guard case .refused(_, let error)? = step.notices.first else { return nil }
        return error.code
    }

    @Test func goodOneIsShownAcceptedAndAnswered() throws {
        let rumor = try invitation()
        #expect(rumor.json.count <= GiftWrap.rumorBytes)
        // Through its wraps.
        var random = SystemRandom()
        let wrap = try admin.key.wrap(
            rumor,
            for: guest.publicKey,
            now: UnixTime(now, offset: 0),
            random: &random
        )
        try guest.take(guest.client.receive(welcome: guest.key.unwrap(wrap), now: now))
        let shown = try #require(guest.client.invitations.first)
        #expect(shown.inviter == admin.publicKey)
        #expect(shown.members == [admin.publicKey, guest.publicKey].sorted())
        #expect(shown.data.name == "g")
        // It survives a restart, and is there once.
        try guest.restart()
        try guest.take(guest.client.receive(welcome: rumor, now: now))
        #expect(guest.client.invitations == [shown])
        let (group, step) = try guest.client.accept(shown.id, now: now)
        try guest.take(step)
        #expect(guest.client.invitations.isEmpty)
        #expect(guest.client.group(group)?.needsSelfUpdate == true)
        let used = guest.notices.contains { if case .keyPackageUsed = $0 { true } else { false } }
        #expect(used)
        let whole = guest.store.records.filter { if case .part = $0.key { false } else { true } }
        #expect(whole.count == 2)
    }

    @Test func declinedOneIsGone() throws {
        let rumor = try invitation()
        try guest.take(guest.client.receive(welcome: rumor, now: now))
        let shown = try #require(guest.client.invitations.first)
        try guest.take(guest.client.decline(shown.id))
        #expect(guest.client.invitations.isEmpty)
        #expect(throws: MarmotError.self) { try guest.client.accept(shown.id, now: now) }
        #expect(guest.store.records.count == 1)
    }

    @Test func formIsChecked() throws {
        let good = try invitation()
        let bytes = try Base64.standard.decode(good.content)
        let hex = Hex.encode(bytes)
        func refused(
            _ code: MarmotError.Code,
            content: String? = nil,
            _ change: (inout [BurrowNostr.Tag]) -> Void = { _ in }
        ) throws {
            #expect(try refusal(changed(good, content: content, change)) == code)
        }
        try refused(.unsupportedMarmotVersion(.d)) { $0.removeAll { $0.name == "encoding" } }
        try refused(.unsupportedMarmotVersion(.a), content: hex) { $0.removeAll { $0.name == "encoding" } }
        try refused(.unsupportedMarmotVersion(.a), content: hex) { (tags) in
            tags.removeAll { $0.name == "encoding" }
            tags.append(["encoding", "hex"])
        }
        try refused(.invalidTag) { $0.append(["encoding", "base64"]) }
        try refused(.invalidTag) { (tags) in
            tags.removeAll { $0.name == "encoding" }
            tags.append(["encoding", "gzip"])
        }
        try refused(.invalidTag) { $0.removeAll { $0.name == "relays" } }
        try refused(.invalidTag) { $0.removeAll { $0.name == "e" } }
        try refused(.invalidContent, content: "!")
        // The Welcome without the message around it.
        try refused(.mls(.codecInvalidValue), content: Base64.standard.encode(Array(bytes.dropFirst(4))))
        try refused(.mls(.codecTrailing), content: Base64.standard.encode(bytes + [0]))
        var otherSuite = bytes
        otherSuite[5] = 3
        try refused(.mls(.unsupportedCipherSuite), content: Base64.standard.encode(otherSuite))
        let package = try admin.keyPackage().keyPackage
        try refused(
            .invalidContent,
            content: Base64.standard.encode(MLSMessage.keyPackage(package).encoded)
        )
        let other = try Rumor(
            publicKey: good.publicKey,
            createdAt: good.createdAt,
            kind: .groupMessage,
            tags: good.tags,
            content: good.content
        )
        #expect(try refusal(other) == .wrongKind)
        // After all of that the good one still works.
        try guest.take(guest.client.receive(welcome: good, now: now))
        #expect(guest.client.invitations.count == 1)
    }

    @Test func changedWelcomeIsRefused() throws {
        let good = try invitation()
        var bytes = try Base64.standard.decode(good.content)
        bytes[bytes.count - 1] ^= 1
        let broken = try changed(good, content: Base64.standard.encode(bytes))
        #expect(try refusal(broken) == .mls(.welcomeDecryptFailed))
    }

    @Test func invitationForAnotherKeyPackageIsRefused() throws {
        let rumor = try invitation()
        let stranger = try Person()
        _ = try stranger.keyPackage()
        let step = stranger.client.receive(welcome: rumor, now: now)
        guard case .refused(_, let error)? = step.notices.first else {
            Issue.record("\(step.notices)")
            return
        }
        #expect(error.code == .noMatchingKeyPackage)
    }

    /// Somebody passes on what an admin made.
    @Test func inviterIsWhoSignedTheGroup() throws {
        let rumor = try invitation()
        let other = try Person()
        #expect(try refusal(changed(rumor, by: other.publicKey)) == .inviterMismatch)
    }

    /// A group of MLS that a key of anybody could make, without the rules of Marmot.
    private func forged(
        by inviter: Person,
        extensions: [Extension],
        package: KeyPackageEvent? = nil,
        identity: [UInt8]? = nil
    ) throws -> Rumor {
        let package = try package ?? guest.keyPackage()
        let signatureKey = try suite.generateSignatureKey()
        let types = extensions.map(\.type)
        var group = try Group(
            founding: [1, 2, 3],
            MemberIdentity(
                credential: .basic(identity ?? inviter.publicKey.bytes),
                capabilities: Capabilities(
                    cipherSuites: [1],
                    extensions: [0x000a, 0xf2ee, 0x0006] + types,
                    proposals: [Proposal.selfRemoveType]
                ),
                signatureKey: signatureKey
            ),
            extensions: extensions,
            lifetime: .standard(now: 1_800_000_000),
            suite: suite
        )
        let commit = try group.commit(CommitRequest([.add(package.keyPackage)]), now: 1_800_000_000)
        return try WelcomeRumor.make(
            #require(commit.welcome),
            for: package.event.id,
            from: inviter.publicKey,
            relays: World.relays,
            client: "",
            now: UnixTime(now, offset: 0)
        )
    }

    private func data(admins: [PublicKey]) throws -> Extension {
        let id = try #require(Bytes32([UInt8](repeating: 1, count: 32)))
        let data = try GroupData(nostrGroupID: id, name: "f", admins: admins, relays: World.relays)
        return Extension(type: 0xf2ee, data: data.encoded)
    }

    @Test func inviterIsAdmin() throws {
        let stranger = try Person()
        let rumor = try forged(by: admin, extensions: [data(admins: [stranger.publicKey])])
        #expect(try refusal(rumor) == .inviterNotAdmin)
    }

    @Test func groupHasGroupData() throws {
        #expect(try refusal(forged(by: admin, extensions: [])) == .missingGroupData)
        let broken = Extension(type: 0xf2ee, data: [0, 2])
        #expect(try refusal(forged(by: admin, extensions: [broken])) == .invalidGroupData)
    }

    @Test func membersAreNostrKeys() throws {
        let rumor = try forged(
            by: admin,
            extensions: [data(admins: [admin.publicKey])],
            identity: Array("alice".utf8)
        )
        #expect(try refusal(rumor) == .invalidMember)
    }

    @Test func groupIsNotOneWeAreIn() throws {
        let world = try World(2)
        let package = try world[1].keyPackage()
        // Another device of the same person, by the key package of this one.
        try world.does(0) { try $0.invite([package], to: world.group, now: world.now).1 }
        let event = try #require(world[0].store.records.first).key
        _ = event
        let pending = try world.state(world[0])
        #expect(pending.hasPendingCommit)
        try world[0].restart()
        let commit = try #require(world[0].out.last)
        try world.accepts(commit, of: 0)
        let rumor = try #require(world[0].welcomes.last).rumor
        try world[1].take(world[1].client.receive(welcome: rumor, now: world.now))
        #expect(world[1].errors() == [.groupAlreadyKnown])
        #expect(world[1].client.invitations.isEmpty)
    }

    @Test func oneWhoWasRemovedComesBack() throws {
        let world = try World(3)
        let removal = try world.does(0) {
            try $0.remove([world[2].publicKey], from: world.group, now: world.now).1
        }
        try world.spreads(removal, from: 0)
        #expect(try !world.state(world[2]).isActive)
        let package = try world[2].keyPackage()
        let event = try world.does(0) { try $0.invite([package], to: world.group, now: world.now).1 }
        try world.accepts(event, of: 0)
        try world.gives(event, to: 1)
        try world.join(world[2], world[0])
        try world.expectAgreement(0, 1, 2, epoch: 3)
        try world[2].restart()
        try world.gives(world.says(2, "back"), to: 0, 1)
        #expect(world[1].messages() == ["back"])
        // Nothing of the time before is stored.
        let snapshots = world[2].store.records.filter { if case .snapshot = $0.key { true } else { false } }
        #expect(snapshots.isEmpty)
    }

    @Test func onePackageServesSeveralGroups() throws {
        let package = try guest.keyPackage()
        for name in ["a", "b"] {
            let draft = GroupDraft(name: name, relays: World.relays)
            try admin.take(try admin.client.found(draft, inviting: [package], now: now).1)
            let rumor = try #require(admin.welcomes.last).rumor
            try guest.take(guest.client.receive(welcome: rumor, now: now))
            let shown = try #require(guest.client.invitations.first)
            try guest.take(try guest.client.accept(shown.id, now: now).1)
        }
        #expect(guest.client.groupIDs.count == 2)
    }

    @Test func foundingHasItsRules() throws {
        let package = try guest.keyPackage()
        func found(_ draft: GroupDraft, _ invitees: [KeyPackageEvent]) throws {
            _ = try admin.client.found(draft, inviting: invitees, now: now)
        }
        let own = try admin.keyPackage()
        #expect(throws: MarmotError.self) { try found(GroupDraft(name: "g", relays: World.relays), [own]) }
        let stranger = GroupDraft(name: "g", relays: World.relays, admins: [guest.publicKey])
        #expect(throws: MarmotError.self) { try found(stranger, []) }
        try found(stranger, [package])
        #expect(throws: MarmotError.self) { try found(GroupDraft(name: "g", relays: ["mailto:x"]), []) }
        let many = [KeyPackageEvent](repeating: package, count: 51)
        #expect(throws: MarmotError.self) { try found(GroupDraft(name: "g", relays: World.relays), many) }
        let twice = [package, package]
        #expect(throws: MarmotError.self) { try found(GroupDraft(name: "g", relays: World.relays), twice) }
        #expect(admin.client.groupIDs.count == 1)
    }

    @Test func groupWithoutSelfRemoveIsLeftByARemoval() throws {
        var draft = try KeyPackageEventTests.Draft()
        let key = try suite.generateSignatureKey()
        let bundle = try KeyPackageBundle(
            generate: MemberIdentity(
                credential: .basic(draft.person.publicKey.bytes),
                capabilities: Capabilities(cipherSuites: [1], extensions: [0x000a, 0xf2ee]),
                signatureKey: key
            ),
            lifetime: .standard(now: 1_800_000_000),
            extensions: [Extension(type: Extension.lastResort, data: [])],
            suite: suite
        )
        try draft.put(bundle.keyPackage)
        let parsed = try draft.parsed()
        #expect(!parsed.supportsSelfRemove)
        let member = try Person(draft.person)
        try member.take(
            try member.client.adopt(bundle, slot: #require(parsed.slot), relays: World.relays, now: now)
        )
        let group = GroupDraft(name: "old", relays: World.relays)
        let (id, step) = try admin.client.found(group, inviting: [parsed], now: now)
        try admin.take(step)
        let rumor = try #require(admin.welcomes.last).rumor
        try member.take(member.client.receive(welcome: rumor, now: now))
        try member.take(
            try member.client.accept(#require(member.client.invitations.first).id, now: now).1
        )
        try member.take(try member.client.leave(id, now: now))
        let proposal = try #require(member.out.last)
        try admin.take(admin.client.receive(proposal, now: now))
        try admin.take(admin.client.timerFired(now: now))
        let commit = try #require(admin.out.last)
        try admin.take(admin.client.published(commit.id, accepted: true, now: now))
        try member.take(member.client.receive(commit, now: now))
        #expect(member.notices.contains(.removed(group: id, by: nil)))
        #expect(admin.client.group(id)?.members.count == 1)
    }
}
