import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowMarmot
import BurrowNostr

/// The requests. Group ids are hexadecimal, events are objects.
extension Peer {
    private func group(_ request: JSON.Object) throws -> [UInt8] {
        try Hex.decode(try request.string("gid"))
    }

    private func keyPackages(_ request: JSON.Object) throws -> [KeyPackageEvent] {
        try request.array("members").map { (json) in
            try KeyPackageEvent(Event(json: json.encoded), now: UnixTime(now, offset: 0))
        }
    }

    private func keys(_ list: [JSON]?) throws -> [PublicKey] {
        try (list ?? []).map { (json) in
            guard let key = json.stringValue.flatMap(PublicKey.init(hex:)) else { throw Failure("no key") }
            return key
        }
    }

    private func texts(_ list: [JSON]?) -> [String]? {
        list.map { $0.compactMap(\.stringValue) }
    }

    private func tags(_ request: JSON.Object) throws -> [Tag] {
        try (request.optionalArray("tags") ?? []).map { Tag(($0.arrayValue ?? []).compactMap(\.stringValue)) }
    }

    mutating func perform(_ request: JSON.Object, _ reply: inout Reply) throws {
        let operation = try request.string("op")
        switch operation {
        case "hello": reply.values.append(("pubkey", .string(key.publicKey.hex)))
        case "key_package":
            let relays = texts(try request.optionalArray("relays")) ?? ["wss://relay.example.com"]
            (_, reply.step) = try client.makeKeyPackage(relays: relays, now: now)
        case "create_group":
            let draft = GroupDraft(
                name: try request.optionalString("name") ?? "",
                description: try request.optionalString("description") ?? "",
                relays: texts(try request.optionalArray("relays")) ?? ["wss://relay.example.com"],
                admins: try keys(try request.optionalArray("admins"))
            )
            let (id, step) = try client.found(draft, inviting: keyPackages(request), now: now)
            reply.group = id
            reply.step = step
        case "welcome": try join(request, &reply)
        case "process":
            let json = try request.object("event")
            reply.step = client.receive(try Event(json: JSON.object(json).encoded), now: now)
        case "published":
            guard let id = EventID(hex: try request.string("id")) else { throw Failure("no event id") }
            reply.step = client.published(id, accepted: try request.bool("accepted"), now: now)
        case "timer": reply.step = client.timerFired(now: now)
        case "restart":
            var unreadable: [RecordKey] = []
            client = MarmotClient(
                publicKey: key.publicKey,
                options: Self.options,
                records: records.map { ($0.key, $0.value) },
                unreadable: &unreadable
            )
            guard unreadable.isEmpty else { throw Failure("unreadable records: \(unreadable)") }
            reply.step = client.resume(now: now)
        default:
            let id = try group(request)
            reply.group = id
            try change(operation, id, request, &reply)
        }
    }

    private mutating func join(_ request: JSON.Object, _ reply: inout Reply) throws {
        let rumor: Rumor
        if let json = try request.optionalObject("event") {
            rumor = try key.unwrap(Event(json: JSON.object(json).encoded))
        } else {
            rumor = try Rumor(json: JSON.object(request.object("rumor")).encoded)
        }
        reply.step = client.receive(welcome: rumor, now: now)
        guard case .invitation(let invitation)? = reply.step.notices.first else { return }
        let (id, step) = try client.accept(invitation.id, now: now)
        reply.group = id
        reply.step.writes += step.writes
        reply.step.sends += step.sends
        reply.step.notices += step.notices
    }

    private mutating func change(
        _ operation: String,
        _ id: [UInt8],
        _ request: JSON.Object,
        _ reply: inout Reply
    ) throws {
        switch operation {
        case "group": break
        case "add":
            (reply.operation, reply.step) = try client.invite(keyPackages(request), to: id, now: now)
        case "remove":
            let people = try keys(request.array("pubkeys"))
            (reply.operation, reply.step) = try client.remove(people, from: id, now: now)
        case "update":
            var change = GroupDataChange()
            change.name = try request.optionalString("name")
            change.description = try request.optionalString("description")
            change.relays = texts(try request.optionalArray("relays"))
            change.admins = try request.optionalArray("admins").map { try keys($0) }
            change.rotatesID = try request.optionalBool("rotate") ?? false
            (reply.operation, reply.step) = try client.update(change, of: id, now: now)
        case "self_update": (reply.operation, reply.step) = try client.selfUpdate(of: id, now: now)
        case "self_demote": (reply.operation, reply.step) = try client.stepDown(in: id, now: now)
        case "leave": reply.step = try client.leave(id, now: now)
        case "send":
            let (rumor, step) = try client.send(
                EventKind(UInt16(clamping: try request.optionalInteger("kind") ?? 9)),
                content: try request.string("content"),
                tags: tags(request),
                expiration: try request.optionalInteger("expiration").map { UnixTime($0) },
                to: id,
                now: now
            )
            reply.step = step
            reply.values.append(("rumor", try JSON.parse(rumor.json)))
        case "resend":
            let rumor = try Rumor(json: JSON.object(request.object("rumor")).encoded)
            reply.step = try client.send(again: rumor, to: id, now: now)
        case "media_relays":
            let urls = texts(try request.array("urls")) ?? []
            reply.step = try client.setMediaRelays(urls, of: id, now: now)
        case "forget": reply.step = try client.forget(id)
        default: throw Failure("unknown request \(operation)")
        }
    }
}
