import BurrowBase
import BurrowCrypto
import BurrowMarmot
import BurrowNostr
import BurrowStorage

/// What is in the file of an identity: its key, and the records of its groups.
enum StateFile {
    private static let identity: [UInt8] = [1]
    private static let groups: UInt8 = 2
    // 3 and 4 are of `Mail`.
    private static let invitations: UInt8 = 5
    // 6 is of `Mail`.
    private static let lastOffer: [UInt8] = [7]

    /// `nil` when everything stays in memory.
    static func open(_ options: IdentityOptions) throws(EngineError) -> Store? {
        guard let path = options.path else { return nil }
        return try translated { () throws(StorageError) in
            try Store(path: path, key: options.storageKey.span)
        }
    }

    /// Whose file it is, which from now on stands in it: with the secret key if that is here, else without. A file of the
    /// same person takes either form.
    static func identity(_ source: KeySource, in store: Store?) throws(EngineError) -> Identity {
        let stored = try translated { () throws(StorageError) in try store?.value(identity) }
            .map { String(decoding: $0, as: UTF8.self) }
        let known = try translated { () throws(NostrError) in
            try stored.map { (text) throws(NostrError) in try Identity(text: text) }
        }
        let chosen: Identity
        switch source {
        case .own:
            if case .remote = known {
                throw EngineError(.exists, "the state file belongs to somebody whose key is elsewhere")
            }
            chosen = try translated { () throws(NostrError) in
                if let known { return known }
                return .local(try LocalKey.random())
            }
        case .secret(let text):
            chosen = .local(try translated { () throws(NostrError) in try LocalKey.importing(text) })
        case .elsewhere(let key, _): chosen = .remote(key)
        }
        if let known, known.publicKey != chosen.publicKey {
            throw EngineError(.exists, "the state file belongs to another identity")
        }
        if let store, stored != chosen.text {
            var batch = RecordBatch()
            batch.put(identity, Array(chosen.text.utf8))
            try translated { () throws(StorageError) in try store.commit(batch) }
        }
        return chosen
    }

    static func records(in store: Store?) throws(EngineError) -> [(key: RecordKey, value: RecordValue)] {
        guard let store else { return [] }
        let stored = try translated { () throws(StorageError) in try store.records(prefix: [groups]) }
        var records: [(key: RecordKey, value: RecordValue)] = []
        for record in stored {
            guard let key = RecordKey(decoding: Array(record.key.dropFirst())) else {
                throw EngineError(.storageDamaged, "a record of the state file has no meaning")
            }
            records.append((key, record.stored))
        }
        return records
    }

    /// Invitations that were shown once: relays go on to tell of them.
    static func knownInvitations(in store: Store?) throws(EngineError) -> Set<EventID> {
        guard let store else { return [] }
        let stored = try translated { () throws(StorageError) in try store.records(prefix: [invitations]) }
        return Set(stored.compactMap { Bytes32(Array($0.key.dropFirst())).map { EventID($0) } })
    }

    static func note(invitation id: EventID, in batch: inout RecordBatch) {
        batch.put([invitations] + id.value.bytes, [])
    }

    /// The date of the newest call that came in a wrap; relays go on to tell of all before.
    static func lastOffer(in store: Store?) throws(EngineError) -> UnixTime? {
        let value = try translated { () throws(StorageError) in try store?.value(lastOffer) }
        guard let value, value.count == 8 else { return nil }
        return UnixTime(Int64(bitPattern: value.reduce(0) { $0 << 8 | UInt64($1) }))
    }

    static func note(offerAt time: UnixTime, in batch: inout RecordBatch) {
        let bits = UInt64(bitPattern: time.seconds)
        let bytes = stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> $0) }
        batch.put(lastOffer, bytes)
    }

    static func batch(_ writes: [MarmotWrite]) -> RecordBatch {
        var batch = RecordBatch()
        for write in writes {
            switch write {
            case .put(let key, let value): batch.put([groups] + key.encoded, value)
            case .drop(let key): batch.delete([groups] + key.encoded)
            case .dropParts(let group, let names):
                batch.deleteAll(prefix: [groups] + RecordKey.partPrefix(group: group, names: names))
            }
        }
        return batch
    }
}
