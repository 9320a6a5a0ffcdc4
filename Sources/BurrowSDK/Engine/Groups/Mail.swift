import BurrowBase
import BurrowCrypto
import BurrowMarmot
import BurrowNostr

/// What is in the file until somebody else has it: events until a relay has them, messages until the host has taken them.
///
/// A value, changed on a copy like everything that is stored. What is done with is deleted with the next step, or soon.
struct Mail {
    /// A message that waits for the host.
    struct Incoming {
        let number: UInt64
        let group: [UInt8]
        let epoch: UInt64
        let leaf: UInt32
        let text: String
    }

    /// An event that waits for a relay.
    struct Outgoing {
        let id: EventID
        let number: UInt64
        let text: String
        let relays: String

        init(id: EventID, number: UInt64, text: String, relays: String) {
            self.id = id
            self.number = number
            self.text = text
            self.relays = relays
        }

        var isPassing: Bool { number == 0 }

        /// An event that is not kept: when nobody has it at once, it means nothing any more.
        init(passing event: Event, relays: [String]) {
            self.init(
                id: event.id,
                number: 0,
                text: String(decoding: event.json, as: UTF8.self),
                relays: relays.joined(separator: "\n")
            )
        }
    }

    private static let outgoing: UInt8 = 3
    private static let incoming: UInt8 = 4
    // 5 is of `StateFile`.
    static let drafts: UInt8 = 6
    static let version: UInt8 = 1

    let isStored: Bool
    var lastNumber: UInt64 = 0
    /// Events that wait, oldest first.
    private var waiting: [(id: EventID, number: UInt64)] = []
    /// Deletions that are not stored yet.
    var owed = RecordBatch()
    /// What has to be signed or wrapped elsewhere first, oldest first.
    var unsigned: [Draft] = []

    init(isStored: Bool) {
        self.isStored = isStored
    }

    // MARK: Coming and going

    /// Puts an event into the batch. `nil` when it waits already.
    mutating func send(_ event: Event, _ relays: [String], into batch: inout RecordBatch) -> Outgoing? {
        guard !waiting.contains(where: { $0.id == event.id }) else { return nil }
        lastNumber += 1
        let out = Outgoing(
            id: event.id,
            number: lastNumber,
            text: String(decoding: event.json, as: UTF8.self),
            relays: relays.joined(separator: "\n")
        )
        guard isStored else { return out }
        var writer = ByteWriter()
        writer.writeUInt8(Self.version)
        writer.writeBytes(event.id.value.bytes)
        writer.writeString(out.relays)
        writer.writeString(out.text)
        batch.put(Self.key(Self.outgoing, lastNumber), writer.bytes)
        waiting.append((event.id, lastNumber))
        if waiting.count > EngineLimits.waitingPublications {
            owed.delete(Self.key(Self.outgoing, waiting.removeFirst().number))
        }
        return out
    }

    /// Puts a message into the batch.
    mutating func receive(_ message: GroupMessage, into batch: inout RecordBatch) -> Incoming {
        lastNumber += 1
        let incoming = Incoming(
            number: isStored ? lastNumber : 0,
            group: message.group,
            epoch: message.epoch,
            leaf: message.leaf,
            text: String(decoding: message.rumor.json, as: UTF8.self)
        )
        guard isStored else { return incoming }
        var writer = ByteWriter()
        writer.writeUInt8(Self.version)
        writer.writeMessage { $0.writeBytes(message.group) }
        writer.writeVarint(message.epoch)
        writer.writeVarint(UInt64(message.leaf))
        writer.writeString(incoming.text)
        batch.put(Self.key(Self.incoming, lastNumber), writer.bytes)
        return incoming
    }

    /// A relay has an event, or the host gave it up.
    mutating func published(_ id: EventID) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        owed.delete(Self.key(Self.outgoing, waiting.remove(at: index).number))
    }

    /// The host has taken a message.
    mutating func delivered(_ number: UInt64) {
        owed.delete(Self.key(Self.incoming, number))
    }

    /// The deletions are stored.
    mutating func settle() {
        owed = RecordBatch()
    }

    // MARK: Reading back

    /// What waited when the process ended, in the order in which it came.
    mutating func restore(
        outgoing: [Record],
        incoming: [Record],
        drafts: [Record]
    ) throws(DecodeError) -> (out: [Outgoing], in: [Incoming]) {
        var out: [Outgoing] = []
        for record in outgoing {
            var reader = ByteReader(record.value.span)
            guard try reader.readUInt8() == Self.version, let id = Bytes32(try reader.readBytes(32)) else {
                throw .malformed
            }
            let relays = try reader.readString(limit: record.value.count)
            let text = try reader.readString(limit: record.value.count)
            try reader.expectEnd()
            out.append(Outgoing(id: EventID(id), number: Self.number(record), text: text, relays: relays))
        }
        var messages: [Incoming] = []
        for record in incoming {
            var reader = ByteReader(record.value.span)
            guard try reader.readUInt8() == Self.version else { throw .malformed }
            let group = try reader.readBytes(try reader.readLength(limit: record.value.count))
            let epoch = try reader.readVarint()
            guard let leaf = UInt32(exactly: try reader.readVarint()) else { throw .malformed }
            let text = try reader.readString(limit: record.value.count)
            try reader.expectEnd()
            messages.append(
                Incoming(number: Self.number(record), group: group, epoch: epoch, leaf: leaf, text: text)
            )
        }
        unsigned = try drafts.map { (record) throws(DecodeError) in try Draft(record, Self.number(record)) }
        waiting = out.map { ($0.id, $0.number) }
        lastNumber = max(out.last?.number ?? 0, messages.last?.number ?? 0, unsigned.last?.number ?? 0)
        return (out, messages)
    }

    static var outgoingPrefix: [UInt8] { [outgoing] }
    static var incomingPrefix: [UInt8] { [incoming] }
    static var draftPrefix: [UInt8] { [drafts] }

    static func key(_ kind: UInt8, _ number: UInt64) -> [UInt8] {
        [kind] + stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    private static func number(_ record: Record) -> UInt64 {
        record.key.dropFirst().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// What the host has taken when it asks for the next event.
package struct MessageReceipt: Sendable {
    let identity: HostIdentity
    let number: UInt64

    func acknowledge() {
        if number > 0 { identity.engine.state.post(.delivered(identity, number)) }
    }
}
