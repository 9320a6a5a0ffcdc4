import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import FuzzHarness

/// What a client stored, with bytes changed, records exchanged or made up. Each record is read or named as unreadable, and
/// what was read must not fall over when it is used.
enum MarmotStateTarget: FuzzTarget {
    static let seconds: Int64 = 1_800_000_000
    static let now = Instant(microseconds: seconds * 1_000_000)
    static let relays = ["wss://relay.example.com"]

    static func run() {
        guard let scene = try? Scene() else { preconditionFailure("nothing to store") }
        fuzz { (input) in
            var choices = Choices(input)
            var records = scene.records
            for _ in 0..<(1 + choices.byte() % 4) {
                let index = (choices.byte() << 8 | choices.byte()) % records.count
                var key = records[index].key
                var value = records[index].value.bytes
                switch choices.byte() % 8 {
                case 0: key = RecordKey(decoding: choices.bytes(choices.byte() % 80)) ?? key
                case 1: value = choices.bytes(choices.byte())
                case 2: value = records[choices.byte() % records.count].value.bytes
                case 3: key = records[choices.byte() % records.count].key
                default: alter(&value, &choices)
                }
                require(RecordKey(decoding: key.encoded) == key, "a name is written otherwise than read")
                records[index] = (key, RecordValue(value))
            }
            var unreadable: [RecordKey] = []
            var client = MarmotClient(
                publicKey: scene.publicKey,
                records: records,
                unreadable: &unreadable
            )
            use(&client, scene)
        }
    }

    static func alter(_ bytes: inout [UInt8], _ choices: inout Choices) {
        for _ in 0..<(1 + choices.byte() % 3) where !bytes.isEmpty {
            bytes[(choices.byte() << 8 | choices.byte()) % bytes.count] ^= UInt8(1 + choices.byte() % 255)
        }
    }

    static func use(_ client: inout MarmotClient, _ scene: Scene) {
        _ = client.resume(now: now)
        for event in scene.late { _ = client.receive(event, now: now) }
        for invitation in client.invitations { _ = try? client.accept(invitation.id, now: now) }
        for id in client.groupIDs {
            _ = try? client.send(EventKind(9), content: "hello", to: id, now: now)
            _ = try? client.selfUpdate(of: id, now: now)
        }
        _ = client.timerFired(now: now + .seconds(10))
        _ = try? client.makeKeyPackage(slot: client.keyPackageSlots.last, relays: relays, now: now)
    }

    struct Scene {
        let publicKey: PublicKey
        let records: [(key: RecordKey, value: RecordValue)]
        /// Events of the group that have not been read.
        let late: [Event]

        /// A member with a key package, an invitation, a group, a way back in it, and a commit on its way.
        init() throws {
            var keys: [LocalKey] = []
            var clients: [MarmotClient] = []
            var packages: [KeyPackageEvent] = []
            var stored: [RecordKey: RecordValue] = [:]
            /// In the order in which they were written first.
            var order: [RecordKey] = []
            func keep(_ step: MarmotStep) {
                for write in step.writes {
                    switch write {
                    case .put(let key, let value):
                        if !order.contains(key) { order.append(key) }
                        stored[key] = value
                    case .drop(let key): stored[key] = nil
                    case .dropParts(let group, let names):
                        for case .part(let owner, let name) in order
                        where owner == group && name.starts(with: names) {
                            stored[.part(group: owner, name: name)] = nil
                        }
                    }
                }
            }
            for index in 0..<3 {
                let key = try LocalKey.random()
                var client = MarmotClient(publicKey: key.publicKey)
                let step = try client.makeKeyPackage(relays: relays, now: now).1
                guard case .sign(let rumor, _)? = step.sends.first else {
                    throw MarmotError(.invalidArgument, "no key package")
                }
                packages.append(try KeyPackageEvent(key.sign(rumor), now: UnixTime(seconds)))
                if index == 1 { keep(step) }
                keys.append(key)
                clients.append(client)
            }
            func events(_ step: MarmotStep) -> [Event] {
                step.sends.compactMap { if case .groupEvent(let event, _, _) = $0 { event } else { nil } }
            }
            var late: [Event] = []
            for round in 0..<2 {
                let draft = GroupDraft(name: "g", relays: relays)
                let (id, step) = try clients[0].found(draft, inviting: Array(packages[1...]), now: now)
                for case .wrap(let rumor, let to, _) in step.sends where to == keys[1].publicKey {
                    keep(clients[1].receive(welcome: rumor, now: now))
                }
                // The second one stays an invitation.
                guard round == 0, let invitation = clients[1].invitations.first else { break }
                keep(try clients[1].accept(invitation.id, now: now).1)
                let renewal = try clients[0].selfUpdate(of: id, now: now).1
                for event in events(renewal) {
                    _ = clients[0].published(event.id, accepted: true, now: now)
                    keep(clients[1].receive(event, now: now))
                }
                late += events(try clients[0].send(EventKind(9), content: "late", to: id, now: now).1)
                late += events(try clients[0].selfUpdate(of: id, now: now).1)
                keep(try clients[1].send(EventKind(9), content: "own", to: id, now: now).1)
                keep(try clients[1].selfUpdate(of: id, now: now).1)
            }
            publicKey = keys[1].publicKey
            records = order.compactMap { (key) in stored[key].map { (key, $0) } }
            self.late = late
        }
    }
}
