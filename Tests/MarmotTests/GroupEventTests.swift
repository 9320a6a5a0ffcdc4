import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// Group events: the outer layer and what is inside of it.
struct GroupEventTests {
    private func event(
        _ world: World,
        like good: Event,
        kind: EventKind = .groupMessage,
        at time: UnixTime? = nil,
        tags: [BurrowNostr.Tag]? = nil,
        content: String? = nil
    ) throws -> Event {
        let key = try LocalKey.random()
        return try key.sign(
            Rumor(
                publicKey: key.publicKey,
                createdAt: time ?? good.createdAt,
                kind: kind,
                tags: tags ?? good.tags,
                content: content ?? good.content
            )
        )
    }

    @Test func formIsChecked() throws {
        let world = try World(2)
        let good = try world.says(0, "hello")
        let id = try #require(good.tags.value(of: "h"))
        let now = UnixTime(world.now, offset: 0)
        #expect(good.tags == [["h", id], ["encoding", "base64"]])
        #expect(good.publicKey != world[0].publicKey)
        func refused(_ code: MarmotError.Code, _ event: Event) throws {
            let step = try world[1].take(world[1].client.receive(event, now: world.now))
            #expect(step.notices.count == 1)
            guard case .refused(_, let error)? = step.notices.first else {
                Issue.record("\(step.notices)")
                return
            }
            #expect(error.code == code)
        }
        try refused(.wrongKind, event(world, like: good, kind: EventKind(446)))
        try refused(.invalidTag, event(world, like: good, tags: [["encoding", "base64"]]))
        try refused(.invalidTag, event(world, like: good, tags: [["h", id], ["h", id]]))
        try refused(.invalidTag, event(world, like: good, tags: [["h", "00"]]))
        try refused(
            .unknownGroup,
            event(world, like: good, tags: [["h", String(repeating: "0", count: 64)]])
        )
        try refused(.notInTime, event(world, like: good, at: now + 301))
        try refused(.notInTime, event(world, like: good, at: now - 46 * 86_400))
        try refused(.invalidContent, event(world, like: good, content: "?"))
        try refused(.invalidContent, event(world, like: good, content: Base64.standard.encode([1, 2, 3])))
        let large = String(repeating: "A", count: MarmotLimits.contentBytes + 4)
        try refused(.tooLarge, event(world, like: good, content: large))
        let early = Base64.standard.encode([2] + [UInt8](repeating: 7, count: 120))
        try refused(
            .unsupportedMarmotVersion(.a),
            event(world, like: good, tags: [["h", id]], content: early)
        )
        // In capitals, without encoding and with more tags it is fine.
        try world.gives(event(world, like: good, tags: [["h", id.uppercased()], ["x", "y"]]), to: 1)
        #expect(world[1].messages() == ["hello"])
    }

    @Test func sameMessageIsReadOnce() throws {
        let world = try World(2)
        let good = try world.says(0, "once")
        try world.gives(good, to: 1, 1)
        #expect(world[1].messages() == ["once"])
        #expect(world[1].errors().isEmpty)
        try world.gives(event(world, like: good), to: 1)
        #expect(world[1].messages() == ["once"])
        #expect(world[1].errors() == [.mls(.generationConsumed)])
        try world[1].restart()
        try world.gives(good, to: 1)
        #expect(world[1].messages() == ["once"])
        // What comes back to its author is no news.
        try world.gives(good, to: 0)
        try world[0].restart()
        try world.gives(good, to: 0)
        #expect(world[0].messages().isEmpty)
        #expect(world[0].errors().isEmpty)
    }

    @Test func innerMessageIsOfTheOuterLayersEpoch() throws {
        let world = try World(3)
        let old = try EnvelopeKey(world.state(world[0]).mls)
        try world.spreads(world.selfUpdate(0), from: 0)
        let forged = try world.forges(0, envelope: old) { try $0.seal(Array("{}".utf8)) }
        try world.gives(forged, to: 1)
        #expect(world[1].errors() == [.epochMismatch])
    }

    @Test func otherMessagesInTheEnvelopeAreRefused() throws {
        let world = try World(2)
        let other = try World(2)
        let foreign = try other.state(other[0]).mls
        let cases: [(MarmotError.Code, (inout Group) throws -> [UInt8])] = [
            (.mls(.codecTruncated), { _ in [0, 1] }),
            (.mls(.wireFormatRefused), { try $0.groupInfo() }),
            (
                .mls(.wrongGroup),
                { (_) in
                    var group = foreign; return try group.seal([1])
                }
            ),
            (
                .mls(.decryptionFailed),
                { (group) in
                    var bytes = try group.seal([1])
                    bytes[bytes.count - 1] ^= 1
                    return bytes
                }
            ),
        ]
        for (code, body) in cases {
            world[1].notices = []
            try world.gives(world.forges(0, body), to: 1)
            #expect(world[1].errors() == [code])
        }
    }

    @Test func rumorIsTheSenders() throws {
        let world = try World(2)
        let author = world[0].publicKey
        let now = UnixTime(world.now, offset: 0)
        let mine = try Rumor(publicKey: author, createdAt: now, kind: EventKind(9), content: "m")
        let others = try Rumor(
            publicKey: world[1].publicKey,
            createdAt: now,
            kind: EventKind(9),
            content: "m"
        )
        let signed = try world[0].key.sign(mine).json
        let text = String(decoding: mine.json, as: UTF8.self)
        let wrongID = text.replacing(mine.id.hex, with: String(repeating: "0", count: 64))
        let noID = text.replacing("\"id\":\"\(mine.id.hex)\",", with: "")
        let cases: [(MarmotError.Code?, [UInt8])] = [
            (.senderMismatch, others.json),
            (.invalidRumor, signed),
            (.invalidRumor, Array(wrongID.utf8)),
            (.invalidRumor, Array("hello".utf8)),
            (.invalidRumor, []),
            (nil, Array(noID.utf8)),
        ]
        for (code, bytes) in cases {
            world[1].notices = []
            try world.gives(world.forges(0) { try $0.seal(bytes) }, to: 1)
            #expect(world[1].errors() == (code.map { [$0] } ?? []))
            // The forger's ratchet does not move in the copy it uses; move it for the next one.
            _ = try world.says(0, "skip")
        }
        #expect(world[1].messages() == ["m"])
    }

    @Test func messageThatIsOverIsNotShown() throws {
        let world = try World(2)
        let end = UnixTime(world.now, offset: 0) + 10
        let event = try world.does(0) {
            try $0.send(EventKind(25050), content: "call", expiration: end, to: world.group, now: world.now).1
        }
        #expect(event.tags.value(of: "expiration") == String(end.seconds))
        world.now = world.now + .seconds(11)
        try world.gives(event, to: 1)
        #expect(world[1].errors() == [.expired])
        #expect(throws: MarmotError.self) {
            try world[0].client.send(
                EventKind(9),
                content: "",
                tags: [["h", "x"]],
                to: world.group,
                now: world.now
            )
        }
    }

    @Test func eventsNobodyOpensAreHeldWithinLimits() throws {
        let world = try World(2)
        let good = try world.says(0, "x")
        for number in 0..<(MarmotLimits.heldEvents + 5) {
            let noise = Base64.standard.encode(
                [UInt8](repeating: UInt8(number % 251), count: 40 + number % 7)
            )
            let time = good.createdAt + Int64(number % 200)
            try world.gives(event(world, like: good, at: time, content: noise), to: 1)
        }
        #expect(world[1].errors().count == 5)
        world.now = world.now + .seconds(MarmotLimits.heldSeconds + 300)
        try world.gives(good, to: 1)
        #expect(world[1].messages() == ["x"])
        #expect(world[1].errors().count == MarmotLimits.heldEvents + 5)
    }

    /// Somebody founds a group with the id of another one, to draw its events.
    @Test func groupsWithOneIDHearBoth() throws {
        let world = try World(2)
        let id = try world.state(world[0]).data.nostrGroupID
        let thief = try Person()
        let suite = CipherSuite(.x25519AES128GCM)
        let package = try world[1].keyPackage()
        let data = try GroupData(
            nostrGroupID: id,
            name: "t",
            admins: [thief.publicKey],
            relays: World.relays
        )
        var group = try Group(
            founding: [0],
            MemberIdentity(
                credential: .basic(thief.publicKey.bytes),
                capabilities: Capabilities(cipherSuites: [1], extensions: [0x000a, 0xf2ee]),
                signatureKey: suite.generateSignatureKey()
            ),
            extensions: [Extension(type: 0xf2ee, data: data.encoded)],
            lifetime: .standard(now: 1_800_000_000),
            suite: suite
        )
        let commit = try group.commit(CommitRequest([.add(package.keyPackage)]), now: 1_800_000_000)
        let rumor = try WelcomeRumor.make(
            #require(commit.welcome),
            for: package.event.id,
            from: thief.publicKey,
            relays: World.relays,
            client: "",
            now: UnixTime(world.now, offset: 0)
        )
        try world[1].take(world[1].client.receive(welcome: rumor, now: world.now))
        let invitation = try #require(world[1].client.invitations.first)
        try world[1].take(try world[1].client.accept(invitation.id, now: world.now).1)
        #expect(world[1].client.groupIDs.first == [0])
        try world.gives(world.says(0, "still heard"), to: 1)
        #expect(world[1].messages() == ["still heard"])
    }

    @Test func exporterIsSharedAndTheProtocolsLabelsAreNot() throws {
        let world = try World(2)
        let label = Array("SFrame 1.0 Base Key".utf8)
        let keys = try (0..<2).map {
            try world.state(world[$0]).export(label: label, context: [1], count: 16).copied()
        }
        #expect(keys[0] == keys[1])
        #expect(throws: MarmotError.self) {
            try world.state(world[0]).export(label: Array("marmot".utf8), context: [], count: 32)
        }
    }

    @Test func oldGroupIDIsHeardForAWhile() throws {
        let world = try World(2)
        let before = try world.says(0, "before")
        let old = try world.state(world[1]).data.nostrGroupID
        var change = GroupDataChange()
        change.rotatesID = true
        let event = try world.does(0) { try $0.update(change, of: world.group, now: world.now).1 }
        try world.spreads(event, from: 0)
        let new = try world.state(world[1]).data.nostrGroupID
        #expect(new != old)
        #expect(world[1].client.subscriptions == [new, old])
        try world.gives(before, to: 1)
        try world.gives(world.says(0, "after"), to: 1)
        #expect(world[1].messages() == ["before", "after"])
    }
}
