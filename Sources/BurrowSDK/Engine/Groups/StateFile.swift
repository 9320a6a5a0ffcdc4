import BurrowBase
import BurrowMarmot
import BurrowNostr
import BurrowStorage

/// What is in the file of an identity: its key, and the records of its groups.
enum StateFile {
    private static let identity: [UInt8] = [1]
    private static let groups: UInt8 = 2
    // 3 and 4 are of `Mail`.
    private static let invitations: UInt8 = 5

    /// `nil` when everything stays in memory.
    static func open(_ options: IdentityOptions) throws(EngineError) -> Store? {
        guard let path = options.path else { return nil }
        return try translated { () throws(StorageError) in
            try Store(path: path, key: options.storageKey.span)
        }
    }

    /// The `nsec` that the host gave, or the one in the file, or a new one. From now on it is in the file.
    static func key(_ given: String?, in store: Store?) throws(EngineError) -> String {
        let stored = try translated { () throws(StorageError) in try store?.value(identity) }
        let wanted = try translated { () throws(NostrError) in
            try given.map { (text) throws(NostrError) in try LocalKey.importing(text).exported() }
        }
        if let stored {
            let key = String(decoding: stored, as: UTF8.self)
            guard wanted == nil || wanted == key else {
                throw EngineError(.exists, "the state file belongs to another identity")
            }
            return key
        }
        let key = try translated { () throws(NostrError) in
            if let wanted { return wanted }
            return try LocalKey.random().exported()
        }
        if let store {
            var batch = RecordBatch()
            batch.put(identity, Array(key.utf8))
            try translated { () throws(StorageError) in try store.commit(batch) }
        }
        return key
    }

    static func records(in store: Store?) throws(EngineError) -> [(key: RecordKey, value: [UInt8])] {
        guard let store else { return [] }
        let stored = try translated { () throws(StorageError) in try store.records(prefix: [groups]) }
        var records: [(key: RecordKey, value: [UInt8])] = []
        for record in stored {
            guard let key = RecordKey(decoding: Array(record.key.dropFirst())) else {
                throw EngineError(.storageDamaged, "a record of the state file has no meaning")
            }
            records.append((key, record.value))
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
