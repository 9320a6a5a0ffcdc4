import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import FuzzHarness

/// Group events of a live group: any content and tags, sealed properly around bytes of the input, or around what a
/// member signs who keeps to no rule. What is refused must leave the group as it was, and nobody but the admin may change
/// who is in it.
enum GroupEventTarget: FuzzTarget {
    static let seconds: Int64 = 1_800_000_000
    static let now = Instant(microseconds: seconds * 1_000_000)

    static func run() {
        guard let scene = try? Scene() else { preconditionFailure("no group to attack") }
        fuzz { (input) in
            var choices = Choices(input)
            var victim = scene.victim
            for _ in 0..<3 {
                guard !choices.rest.isEmpty else { break }
                guard let event = try? scene.event(&choices) else { continue }
                for notice in victim.receive(event, now: now).notices {
                    switch notice {
                    case .membersChanged, .dataChanged, .mediaRelaysChanged, .joined, .removed, .invitation:
                        require(false, "a member who is no admin changed the group: \(notice)")
                    case .message(let message):
                        require(message.sender == scene.attackerKey, "a message in the name of somebody else")
                    default: break
                    }
                }
            }
            _ = victim.timerFired(now: now + .seconds(10))
            guard let group = victim.group(scene.group) else { return require(false, "the group is gone") }
            require(group.isActive, "the group is no longer active")
            require(group.members.count == 3, "somebody is gone")
            // The admin is heard as if nothing had happened.
            let heard = victim.receive(scene.greeting, now: now).notices.contains { (notice) in
                if case .message = notice { true } else { false }
            }
            require(heard, "an honest message is no longer read")
        }
    }

    struct Scene {
        let group: [UInt8]
        let victim: MarmotClient
        let attacker: Group
        let attackerKey: PublicKey
        let envelope: EnvelopeKey
        let nostrGroupID: Bytes32
        let greeting: Event
        let guest: KeyPackage

        init() throws {
            let relays = ["wss://relay.example.com"]
            var options = MarmotOptions()
            options.storesState = false
            func package(_ client: inout MarmotClient, _ key: LocalKey) throws -> KeyPackageEvent {
                let step = try client.makeKeyPackage(relays: relays, now: now).1
                guard case .sign(let rumor, _)? = step.sends.first else {
                    throw MarmotError(.invalidArgument, "no key package")
                }
                return try KeyPackageEvent(key.sign(rumor), now: UnixTime(seconds))
            }
            var keys: [LocalKey] = []
            var clients: [MarmotClient] = []
            var packages: [KeyPackageEvent] = []
            for _ in 0..<4 {
                let key = try LocalKey.random()
                var client = MarmotClient(publicKey: key.publicKey, options: options)
                packages.append(try package(&client, key))
                keys.append(key)
                clients.append(client)
            }
            let draft = GroupDraft(name: "g", relays: relays)
            let (id, step) = try clients[0].found(draft, inviting: Array(packages[1...2]), now: now)
            for index in 1...2 {
                for case .wrap(let rumor, let to, _) in step.sends where to == keys[index].publicKey {
                    _ = clients[index].receive(welcome: rumor, now: now)
                }
                guard let invitation = clients[index].invitations.first else {
                    throw MarmotError(.invalidArgument, "no invitation")
                }
                _ = try clients[index].accept(invitation.id, now: now)
            }
            guard let attacker = clients[1].group(id), let state = clients[0].group(id) else {
                throw MarmotError(.unknownGroup, "no group")
            }
            let sent = try clients[0].send(EventKind(9), content: "hello", to: id, now: now).1
            guard case .groupEvent(let greeting, _, _)? = sent.sends.first else {
                throw MarmotError(.invalidArgument, "no message")
            }
            group = id
            self.greeting = greeting
            self.attacker = attacker.mls
            attackerKey = keys[1].publicKey
            envelope = try EnvelopeKey(state.mls)
            nostrGroupID = state.data.nostrGroupID
            victim = clients[2]
            guest = packages[3].keyPackage
        }

        func event(_ choices: inout Choices) throws -> Event {
            var random = SeededRandom(seed: UInt64(choices.byte()))
            var member = attacker
            let message: [UInt8]
            switch choices.byte() % 8 {
            case 0:
                let key = try LocalKey.random()
                return try key.sign(
                    Rumor(
                        publicKey: key.publicKey,
                        createdAt: UnixTime(seconds - 500 + Int64(choices.byte()) * 8),
                        kind: .groupMessage,
                        tags: [Tag(["h", nostrGroupID.hex])],
                        content: Base64.standard.encode(choices.bytes(200))
                    )
                )
            case 1: message = choices.bytes(512)
            case 2: message = altered(try member.seal(choices.bytes(64)), &choices)
            case 3: message = altered(try member.propose(proposal(&choices)), &choices)
            case 4: message = try member.seal(rumor(&choices))
            case 5:
                var list: [Proposal] = []
                for _ in 0..<(choices.byte() % 3) { list.append(proposal(&choices)) }
                message = altered(
                    try member.commit(CommitRequest(list), now: UInt64(seconds)).message,
                    &choices
                )
            case 6:
                let count = choices.byte()
                let signed = try member.sign(
                    .proposal(Proposal(decoding: choices.bytes(count))),
                    [],
                    choices.byte() % 2 == 0 ? .publicMessage : .privateMessage
                )
                message = try member.protect(signed).encoded
            default:
                let commit = Commit(proposals: [.proposal(proposal(&choices))], path: nil)
                let signed = try member.sign(.commit(commit), [], .publicMessage)
                let forged = AuthenticatedContent(
                    wireFormat: .publicMessage,
                    content: signed.content,
                    authentication: ContentAuthentication(
                        signature: signed.authentication.signature,
                        confirmationTag: choices.bytes(32)
                    )
                )
                message = try member.protect(forged).encoded
            }
            return try GroupEvent.make(
                message,
                key: envelope,
                nostrGroupID: nostrGroupID,
                now: UnixTime(seconds - Int64(choices.byte() % 4)),
                random: &random
            )
        }

        private func rumor(_ choices: inout Choices) throws -> [UInt8] {
            guard choices.byte() % 2 == 0 else { return choices.bytes(300) }
            let author = choices.byte() % 2 == 0 ? attackerKey : victim.publicKey
            return try Rumor(
                publicKey: author,
                createdAt: UnixTime(seconds),
                kind: choices.byte() % 2 == 0 ? .mediaRelays : EventKind(9),
                tags: [["relay", "moqt://media.example"]],
                content: String(decoding: choices.bytes(20), as: UTF8.self)
            ).json
        }

        private func proposal(_ choices: inout Choices) -> Proposal {
            switch choices.byte() % 6 {
            case 0: return .add(guest)
            case 1: return .remove(UInt32(choices.byte() % 4))
            case 2:
                let own = attacker.context.extensions
                let changed = Extension(type: UInt16(choices.byte()) | 0xf200, data: choices.bytes(64))
                return .groupContextExtensions(choices.byte() % 2 == 0 ? own : own + [changed])
            case 3: return .update(guest.leafNode)
            case 4: return .reinit(ReInit(groupID: [2], cipherSuite: 1, extensions: []))
            // What a member may do for itself would end its part in this.
            default: return .externalInit(kemOutput: choices.bytes(32))
            }
        }

        private func altered(_ message: [UInt8], _ choices: inout Choices) -> [UInt8] {
            var message = message
            for _ in 0..<(choices.byte() % 3) {
                message[(choices.byte() << 8 | choices.byte()) % message.count] ^= UInt8(choices.byte())
            }
            return message
        }
    }
}
