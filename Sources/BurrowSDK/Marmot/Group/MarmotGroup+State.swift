package import BurrowBase
internal import BurrowCrypto
package import BurrowMLS
internal import BurrowNostr

/// A group as records for a store.
extension MarmotGroup {
    /// Since 2 with the slots of those we invited.
    private static let version: UInt8 = 2

    /// The group, as far as it has changed.
    mutating func storeState(_ step: inout MarmotStep) throws(MarmotError) {
        guard options.storesState else { return }
        try storeParts(&step)
        // Of several in one step only the last counts.
        step.writes.removeAll { (write) in
            if case .put(.group(id), _) = write { true } else { false }
        }
        step.writes.append(.put(.group(id), RecordValue(try encodedState())))
    }

    /// What of the MLS group has changed; after a message, that is one sender's ratchets.
    mutating func storeParts(_ step: inout MarmotStep) throws(MarmotError) {
        guard options.storesState else { return }
        var batch = RecordBatch()
        do { try ledger.update(&mls, slot: Self.currentSlot, into: &batch) } catch {
            throw MarmotError(error)
        }
        add(batch, to: &step)
    }

    /// The newest snapshot.
    mutating func storeSnapshot(_ step: inout MarmotStep) throws(MarmotError) {
        guard !snapshots.isEmpty else { return }
        try storeSnapshot(at: snapshots.count - 1, &step)
    }

    mutating func storeSnapshot(at index: Int, _ step: inout MarmotStep) throws(MarmotError) {
        guard options.storesState, snapshots.indices.contains(index) else { return }
        let epoch = snapshots[index].epoch
        var batch = RecordBatch()
        do {
            try ledger.update(&snapshots[index].mls, slot: Self.slot(of: epoch), into: &batch)
        } catch {
            throw MarmotError(error)
        }
        add(batch, to: &step)
        let key = RecordKey.snapshot(group: id, epoch: epoch)
        step.writes.append(.put(key, RecordValue(try snapshots[index].encodedState())))
    }

    mutating func drop(snapshotOf epoch: UInt64, _ step: inout MarmotStep) {
        guard options.storesState else { return }
        var batch = RecordBatch()
        // What cannot be dropped is dropped with the group.
        try? ledger.drop(slot: Self.slot(of: epoch), into: &batch)
        add(batch, to: &step)
        step.writes.append(.drop(.snapshot(group: id, epoch: epoch)))
    }

    private static let currentSlot: UInt32 = 0

    /// Where in the ledger a way back is; those of one time have different epochs.
    private static func slot(of epoch: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: epoch & 0x7fff_ffff) + 1
    }

    private func add(_ batch: RecordBatch, to step: inout MarmotStep) {
        for change in batch.changes {
            switch change {
            case .put(let name, let value): step.writes.append(.put(.part(group: id, name: name), value))
            case .delete(let name): step.writes.append(.drop(.part(group: id, name: name)))
            case .deleteAll(let prefix): step.writes.append(.dropParts(group: id, names: prefix))
            }
        }
    }

    func encodedState() throws(MarmotError) -> [UInt8] {
        try translated { () throws(MLSError) in
            var writer = SecretWriter()
            writer.writeUInt8(Self.version)
            try writer.writeArray(keys) { (writer, key) throws(MLSError) in
                writer.writeUInt64(key.epoch)
                writer.writeSecret(key.secret)
            }
            try writer.writeOptional(pending) { (writer, own) throws(MLSError) in
                try own.encode(to: &writer)
            }
            try writer.writeArray(abandoned) { (writer, own) throws(MLSError) in
                try own.encode(to: &writer)
            }
            writer.writeUInt64(UInt64(clamping: newest.seconds))
            try writer.writeArray(media.urls) { (writer, url) throws(MLSError) in
                writer.writeOpaque(Array(url.utf8))
            }
            try writer.writeOptional(media.rank) { (writer, rank) throws(MLSError) in writer.write(rank) }
            try writer.writeOptional(leaving) { (writer, event) throws(MLSError) in
                writer.writeOpaque(event.json)
            }
            writer.writeBool(needsSelfUpdate)
            writer.writeUInt64(nextOperation)
            try writer.writeSlots(slots, of: [pending].compactMap(\.self) + abandoned)
            return writer.bytes
        }
    }

    /// Reads a group back. `parts` and `snapshots` are its other records; ways back that cannot be read are left out.
    init(
        state: [UInt8],
        parts: [Record],
        snapshots records: [[UInt8]],
        identity: PublicKey,
        options: MarmotOptions,
        arena: SecretArena
    ) throws(MarmotError) {
        let policy = options.policy
        self = try translated { () throws(MLSError) in
            var reader = ByteReader(state.span)
            let version = try Wire.uint8(&reader)
            guard (1...Self.version).contains(version) else {
                throw MLSError(.unsupportedVersion, "stored group of another version")
            }
            var stored: [UInt32: Group] = [:]
            let ledger = try GroupLedger(
                prefix: [],
                records: parts,
                policy: policy,
                arena: arena,
                groups: &stored
            )
            guard let mls = stored[Self.currentSlot] else {
                throw MLSError(.codecInvalidValue, "stored group without its keys")
            }
            let suite = mls.suite
            guard let data = try? GroupData(mls.context.extensions) else {
                throw MLSError(.codecInvalidValue, "stored group without group data")
            }
            var group = MarmotGroup(restoring: mls, identity: identity, data: data, options: options)
            group.ledger = ledger
            group.keys = try StateReader.array(&reader) { (reader) throws(MLSError) in
                let epoch = try Wire.uint64(&reader)
                let secret = try StateReader.secret(&reader, suite)
                guard let key = try? EnvelopeKey(epoch: epoch, secret: secret) else {
                    throw MLSError(.codecInvalidValue, "stored key is none")
                }
                return key
            }
            group.pending = try StateReader.optional(&reader) { (reader) throws(MLSError) in
                try PendingCommit(state: &reader, suite)
            }
            group.abandoned = try StateReader.array(&reader) { (reader) throws(MLSError) in
                try PendingCommit(state: &reader, suite)
            }
            group.newest = UnixTime(Int64(clamping: try Wire.uint64(&reader)))
            group.media.urls = try StateReader.array(&reader) { (reader) throws(MLSError) in
                String(decoding: try Wire.opaque(&reader), as: UTF8.self)
            }
            group.media.rank = try StateReader.optional(&reader) { (reader) throws(MLSError) in
                try CommitRank(from: &reader)
            }
            group.leaving = try StateReader.optional(&reader) { (reader) throws(MLSError) in
                let json = try Wire.opaque(&reader)
                guard let event = try? Event(json: json) else {
                    throw MLSError(.codecInvalidValue, "stored event is none")
                }
                return event
            }
            group.needsSelfUpdate = try StateReader.bool(&reader)
            group.nextOperation = try Wire.uint64(&reader)
            if version > 1 { try group.readSlots(&reader) }
            guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after the stored group") }
            for record in records {
                if let snapshot = try? Snapshot(
                    state: record,
                    suite: suite,
                    group: { stored[Self.slot(of: $0)] }
                ) {
                    group.snapshots.append(snapshot)
                }
            }
            group.snapshots.sort { $0.epoch < $1.epoch }
            return group
        }
    }

    private init(restoring mls: Group, identity: PublicKey, data: GroupData, options: MarmotOptions) {
        id = mls.groupID
        self.identity = identity
        self.options = options
        self.mls = mls
        self.data = data
        keys = []
    }
}

extension Snapshot {
    func encodedState() throws(MarmotError) -> [UInt8] {
        try translated { () throws(MLSError) in
            var writer = SecretWriter()
            writer.writeUInt64(epoch)
            writer.write(rank)
            writer.writeOpaque(message)
            writer.writeUInt64(UInt64(clamping: newest.seconds))
            writer.writeUInt64(UInt64(clamping: endedAt.seconds))
            try writer.writeArray(abandoned) { (writer, own) throws(MLSError) in
                try own.encode(to: &writer)
            }
            try writer.writeSlots(slots, of: abandoned)
            return writer.bytes
        }
    }

    init(
        state: [UInt8],
        suite: CipherSuite,
        group: (_ epoch: UInt64) -> Group?
    ) throws(MarmotError) {
        var reader = ByteReader(state.span)
        do throws(MLSError) {
            let epoch = try Wire.uint64(&reader)
            guard let mls = group(epoch), mls.epochNumber == epoch else {
                throw MLSError(.codecInvalidValue, "stored way back without its keys")
            }
            self.mls = mls
            guard let data = try? GroupData(mls.context.extensions) else {
                throw MLSError(.codecInvalidValue, "stored group without group data")
            }
            self.data = data
            rank = try CommitRank(from: &reader)
            message = try Wire.opaque(&reader)
            newest = UnixTime(Int64(clamping: try Wire.uint64(&reader)))
            endedAt = UnixTime(Int64(clamping: try Wire.uint64(&reader)))
            abandoned = try StateReader.array(&reader) { (reader) throws(MLSError) in
                try PendingCommit(state: &reader, suite)
            }
            // Before version 2 of the group nothing followed.
            slots = try reader.isAtEnd ? [:] : StateReader.slots(&reader)
            for index in abandoned.indices where !reader.isAtEnd {
                abandoned[index].slots = try StateReader.slots(&reader)
            }
            guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after a stored way back") }
        } catch {
            throw MarmotError(error)
        }
    }
}

extension PendingCommit {
    func encode(to writer: inout SecretWriter) throws(MLSError) {
        writer.writeOpaque(event.json)
        writer.writeOpaque(message)
        try staged.encode(to: &writer)
        try writer.writeArray(welcomes) { (writer, welcome) throws(MLSError) in
            writer.writeOpaque(welcome.rumor.json)
            writer.writeOpaque(welcome.recipient.bytes)
            try writer.writeArray(welcome.relays) { (writer, url) throws(MLSError) in
                writer.writeOpaque(Array(url.utf8))
            }
        }
        try writer.writeOptional(operation) { (writer, number) throws(MLSError) in
            writer.writeUInt64(number)
        }
    }

    init(state reader: inout ByteReader, _ suite: CipherSuite) throws(MLSError) {
        let json = try Wire.opaque(&reader)
        guard let event = try? Event(json: json) else {
            throw MLSError(.codecInvalidValue, "stored event is none")
        }
        self.event = event
        message = try Wire.opaque(&reader)
        staged = try StagedCommit(state: &reader, suite)
        guard let data = try? GroupData(staged.extensions) else {
            throw MLSError(.codecInvalidValue, "stored commit without group data")
        }
        self.data = data
        welcomes = try StateReader.array(&reader) { (reader) throws(MLSError) in
            let json = try Wire.opaque(&reader)
            guard let rumor = try? Rumor(json: json), let key = Bytes32(try Wire.opaque(&reader)) else {
                throw MLSError(.codecInvalidValue, "stored invitation is none")
            }
            let relays = try StateReader.array(&reader) { (reader) throws(MLSError) in
                String(decoding: try Wire.opaque(&reader), as: UTF8.self)
            }
            return OutgoingWelcome(rumor: rumor, recipient: PublicKey(key), relays: relays)
        }
        operation = try StateReader.optional(&reader) { (reader) throws(MLSError) in
            try Wire.uint64(&reader)
        }
    }
}

extension CommitRank: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        let seconds = Int64(clamping: try Wire.uint64(&reader))
        guard let id = Bytes32(try Wire.bytes(&reader, count: 32)) else { throw Wire.truncated }
        self.init(createdAt: UnixTime(seconds), id: EventID(id))
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt64(UInt64(clamping: createdAt.seconds))
        writer.writeBytes(id.value.bytes)
    }
}

extension SecretWriter {
    /// Bytes that are secret, which are erased.
    mutating func writeSecrets(_ bytes: consuming [UInt8]) {
        var bytes = bytes
        write { $0.writeVarint(UInt64(bytes.count)) }
        write(bytes)
        Erasure.erase(&bytes)
    }
}
