import BurrowBase
import BurrowCrypto
import BurrowMarmot
import BurrowNostr

/// What waits for a key that is elsewhere before it can wait for a relay.
extension Mail {
    struct Draft {
        let number: UInt64
        let rumor: Rumor
        /// For whom it is sealed and wrapped; `nil` when it is only signed.
        let recipient: PublicKey?
        let relays: [String]

        fileprivate init(_ number: UInt64, _ rumor: Rumor, _ recipient: PublicKey?, _ relays: [String]) {
            self.number = number
            self.rumor = rumor
            self.recipient = recipient
            self.relays = relays
        }

        func task() throws(NostrError) -> KeyTask {
            guard let recipient else { return .signing(rumor) }
            return .wrapping(try Wrapping(rumor, for: recipient))
        }
    }

    /// Puts what is to be made elsewhere into the batch; `nil` for what is made already.
    mutating func draft(_ send: MarmotSend, into batch: inout RecordBatch) -> Draft? {
        let draft: Draft
        switch send {
        case .groupEvent: return nil
        case .sign(let rumor, let relays): draft = Draft(lastNumber + 1, rumor, nil, relays)
        case .wrap(let rumor, let recipient, let relays):
            draft = Draft(lastNumber + 1, rumor, recipient, relays)
        }
        lastNumber += 1
        unsigned.append(draft)
        if isStored { batch.put(Self.key(Self.drafts, draft.number), draft.encoded) }
        return draft
    }

    /// Its holder has used the key, or will not. What is deleted belongs into the batch of what comes instead.
    mutating func settleDraft(_ number: UInt64, in batch: inout RecordBatch) -> Draft? {
        guard let index = unsigned.firstIndex(where: { $0.number == number }) else { return nil }
        if isStored { batch.delete(Self.key(Self.drafts, number)) }
        return unsigned.remove(at: index)
    }
}

extension Mail.Draft {
    fileprivate var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.writeUInt8(Mail.version)
        writer.writeMessage { $0.writeBytes(recipient?.bytes ?? []) }
        writer.writeString(relays.joined(separator: "\n"))
        writer.writeString(String(decoding: rumor.json, as: UTF8.self))
        return writer.bytes
    }

    init(_ record: Record, _ number: UInt64) throws(DecodeError) {
        var reader = ByteReader(record.value.span)
        guard try reader.readUInt8() == Mail.version else { throw .malformed }
        let key = try reader.readBytes(try reader.readLength(limit: 32))
        let relays = try reader.readString(limit: record.value.count)
        let text = try reader.readString(limit: record.value.count)
        try reader.expectEnd()
        let recipient = Bytes32(key).map { PublicKey($0) }
        guard key.isEmpty || recipient != nil, let rumor = try? Rumor(json: Array(text.utf8)) else {
            throw .malformed
        }
        self.init(number, rumor, recipient, relays.split(separator: "\n").map(String.init))
    }
}
