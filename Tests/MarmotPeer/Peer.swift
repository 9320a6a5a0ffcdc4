import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Glibc

/// One identity with one client. Every reply has `events` (445, to be published), `welcomes` (rumors and for whom) and
/// `notices`.
struct Peer {
    struct Failure: Error {
        let text: String

        init(_ text: String) { self.text = text }
    }

    let key: LocalKey
    var client: MarmotClient
    /// What a store would hold.
    var records: [RecordKey: RecordValue] = [:]
    /// By how many seconds this peer's clock is ahead.
    var clock: Int64 = 0
    private var random = SystemRandom()

    static var options: MarmotOptions {
        var options = MarmotOptions()
        // The driver decides when things happen.
        options.leaveDelay = .zero
        options.adminLeaveDelay = .zero
        options.selfUpdateDelay = nil
        options.selfUpdateInterval = nil
        return options
    }

    init() throws {
        key = try LocalKey.random()
        client = MarmotClient(publicKey: key.publicKey, options: Self.options)
    }

    var now: Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: (Int64(time.tv_sec) + clock) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    static func failure(_ text: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { (writer) in
            writer.bool(false, for: "ok")
            writer.string(text, for: "error")
        }
        return writer.bytes
    }

    mutating func answer(_ line: [UInt8]) -> [UInt8] {
        do {
            let limits = JSON.Limits(bytes: 8 << 20, depth: 16, allowsNUL: true)
            guard case .object(let request) = try JSON.parse(line, limits: limits) else {
                throw Failure("request is no object")
            }
            clock = try request.optionalInteger("clock") ?? clock
            var reply = Reply()
            try perform(request, &reply)
            return try finished(reply)
        } catch let error as MarmotError {
            return Self.failure("\(error.code): \(error.context)")
        } catch let error as Failure {
            return Self.failure(error.text)
        } catch {
            return Self.failure("\(error)")
        }
    }

    /// What a request led to.
    struct Reply {
        var step = MarmotStep()
        var group: [UInt8]?
        var operation: UInt64?
        var values: [(String, JSON)] = []
    }

    private func json(_ bytes: [UInt8]) throws -> JSON {
        try JSON.parse(bytes, limits: JSON.Limits(bytes: 8 << 20, depth: 16, allowsNUL: true))
    }

    private func sign(_ rumor: Rumor) throws -> JSON {
        try json(key.sign(rumor).json)
    }

    /// Stores what is to be stored and writes everything else into one object.
    private mutating func finished(_ reply: Reply) throws -> [UInt8] {
        for write in reply.step.writes {
            switch write {
            case .put(let key, let value): records[key] = value
            case .drop(let key): records[key] = nil
            case .dropParts(let group, let names):
                let prefix = RecordKey.partPrefix(group: group, names: names)
                records = records.filter { !$0.key.encoded.starts(with: prefix) }
            }
        }
        var members: [JSON.Object.Member] = [.init("ok", .bool(true))]
        var events: [JSON] = []
        var welcomes: [JSON] = []
        var published: [JSON] = []
        for send in reply.step.sends {
            switch send {
            case .groupEvent(let event, _, _): events.append(try json(event.json))
            case .sign(let rumor, _): published.append(try sign(rumor))
            case .wrap(let rumor, let to, _):
                welcomes.append(
                    .object(.init([.init("rumor", try json(rumor.json)), .init("to", .string(to.hex))]))
                )
            }
        }
        members.append(.init("events", .array(events)))
        members.append(.init("welcomes", .array(welcomes)))
        members.append(.init("published", .array(published)))
        members.append(.init("notices", .array(try reply.step.notices.map(describe))))
        if let operation = reply.operation {
            members.append(.init("operation", .integer(Int64(clamping: operation))))
        }
        if let id = reply.group {
            members.append(.init("gid", .string(Hex.encode(id))))
            if let group = client.group(id) { members.append(.init("group", try describe(group))) }
        }
        for (name, value) in reply.values { members.append(.init(name, value)) }
        return JSON.object(JSON.Object(members)).encoded
    }

    private func describe(_ group: MarmotGroup) throws -> JSON {
        let mls = group.mls
        var exporter = ""
        if mls.status != .removed {
            exporter = Hex.encode(
                try mls.export(label: "marmot", context: Array("group-event".utf8), count: 32).copied()
            )
        }
        return .object(
            .init([
                .init("mls_group_id", .string(Hex.encode(group.id))),
                .init("nostr_group_id", .string(group.data.nostrGroupID.hex)),
                .init("name", .string(group.data.name)),
                .init("description", .string(group.data.description)),
                .init("epoch", .integer(Int64(clamping: group.epoch))),
                .init("state", .string(group.isActive ? "active" : "inactive")),
                .init("admins", .array(group.data.admins.map { .string($0.hex) })),
                .init("relays", .array(group.data.relays.map { .string($0) })),
                .init("members", .array(group.members.map { .string($0.identity.hex) })),
                .init("leaves", .integer(Int64(mls.tree.memberCount))),
                .init("media_relays", .array(group.mediaRelays.map { .string($0) })),
                .init("pending", .bool(group.hasPendingCommit)),
                .init("exporter", .string(exporter)),
            ])
        )
    }

    private func describe(_ notice: MarmotNotice) throws -> JSON {
        var members: [JSON.Object.Member] = []
        func kind(_ name: String) { members.append(.init("notice", .string(name))) }
        switch notice {
        case .message(let message):
            kind("message")
            members.append(.init("rumor", try json(message.rumor.json)))
            members.append(.init("epoch", .integer(Int64(clamping: message.epoch))))
        case .epochChanged(_, let epoch, let by):
            kind("epoch")
            members.append(.init("epoch", .integer(Int64(clamping: epoch))))
            members.append(.init("by", .string(by.hex)))
        case .membersChanged(_, let added, let removed):
            kind("members")
            members.append(.init("added", .array(added.map { .string($0.hex) })))
            members.append(.init("removed", .array(removed.map { .string($0.hex) })))
        case .dataChanged: kind("data")
        case .mediaRelaysChanged(_, let relays):
            kind("media_relays")
            members.append(.init("relays", .array(relays.map { .string($0) })))
        case .invitation(let invitation):
            kind("invitation")
            members.append(.init("inviter", .string(invitation.inviter.hex)))
        case .joined: kind("joined")
        case .removed: kind("removed")
        case .operationDone(_, let operation):
            kind("done")
            members.append(.init("operation", .integer(Int64(clamping: operation))))
        case .operationFailed(_, let operation, let error):
            kind("failed")
            members.append(.init("operation", .integer(Int64(clamping: operation))))
            members.append(.init("error", .string("\(error.code)")))
        case .rolledBack(_, let epoch, let unsent):
            kind("rolled_back")
            members.append(.init("epoch", .integer(Int64(clamping: epoch))))
            members.append(.init("unsent", .array(try unsent.map { try json($0.json) })))
        case .keyPackageUsed: kind("key_package_used")
        case .refused(_, let error):
            kind("refused")
            members.append(.init("error", .string("\(error.code): \(error.context)")))
        }
        return .object(JSON.Object(members))
    }
}
