import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import FuzzHarness

/// Key package events and invitations, signed properly over tags and content of the input: what is accepted is what a
/// client could have made.
enum KeyPackageEventTarget: FuzzTarget {
    static let now = UnixTime(1_800_000_000)

    static func run() {
        guard let scene = try? Scene() else { preconditionFailure("no key package to change") }
        fuzz { (input) in
            var choices = Choices(input)
            var rumor = choices.byte() % 3 == 0 ? scene.welcome : scene.keyPackage
            for _ in 0..<(1 + choices.byte() % 3) {
                guard let changed = try? scene.changed(rumor, &choices) else { return }
                rumor = changed
            }
            _ = try? WelcomeRumor(rumor)
            guard let event = try? scene.key.sign(rumor) else { return }
            guard let parsed = try? KeyPackageEvent(event, now: now) else { return }
            require(parsed.identity == event.publicKey, "key package of somebody else")
            require(!parsed.relays.isEmpty, "key package without relays")
            let again = try? Base64.standard.decode(event.content)
            require(parsed.keyPackage.encoded == again, "key package changes on its way")
        }
    }

    struct Scene {
        let key: LocalKey
        let keyPackage: Rumor
        let welcome: Rumor

        init() throws {
            key = try LocalKey.random()
            let time = Instant(microseconds: now.seconds * 1_000_000)
            var client = MarmotClient(publicKey: key.publicKey)
            let relays = ["wss://relay.example.com"]
            let step = try client.makeKeyPackage(relays: relays, now: time).1
            guard case .sign(let rumor, _)? = step.sends.first else {
                throw MarmotError(.invalidArgument, "no key package")
            }
            keyPackage = rumor
            var founder = MarmotClient(publicKey: try LocalKey.random().publicKey)
            let invitee = try KeyPackageEvent(key.sign(rumor), now: now)
            let draft = GroupDraft(name: "g", relays: relays)
            guard
                case .wrap(let welcome, _, _)? = try founder.found(draft, inviting: [invitee], now: time)
                    .1.sends.first
            else { throw MarmotError(.invalidArgument, "no invitation") }
            self.welcome = welcome
        }

        /// Another version of a rumor: content, one tag, or the kind.
        func changed(_ rumor: Rumor, _ choices: inout Choices) throws -> Rumor {
            var kind = rumor.kind
            var tags = rumor.tags
            var content = rumor.content
            switch choices.byte() % 6 {
            case 0:
                kind = choices.byte() % 2 == 0 ? .oldKeyPackage : EventKind(UInt16(choices.byte()))
            case 1:
                guard !tags.isEmpty else { break }
                tags.remove(at: choices.byte() % tags.count)
            case 2:
                guard !tags.isEmpty else { break }
                let index = choices.byte() % tags.count
                tags[index] = Tag([tags[index].name, String(decoding: choices.bytes(24), as: UTF8.self)])
            case 3:
                tags.append(
                    Tag([
                        String(decoding: choices.bytes(6), as: UTF8.self),
                        String(decoding: choices.bytes(12), as: UTF8.self),
                    ])
                )
            case 4:
                var bytes = (try? Base64.standard.decode(content)) ?? []
                guard !bytes.isEmpty else { break }
                for _ in 0..<(1 + choices.byte() % 4) {
                    bytes[(choices.byte() << 8 | choices.byte()) % bytes.count] ^= UInt8(choices.byte())
                }
                content = Base64.standard.encode(bytes)
            default: content = Base64.standard.encode(choices.bytes(512))
            }
            return try Rumor(
                publicKey: rumor.publicKey,
                createdAt: rumor.createdAt,
                kind: kind,
                tags: tags,
                content: content
            )
        }
    }
}
