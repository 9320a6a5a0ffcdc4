internal import BurrowBase
package import BurrowCrypto

/// Reading back what a ledger had stored.
extension GroupLedger {
    /// The ledger and the groups of records whose keys all begin with `prefix`.
    package init(
        prefix: [UInt8],
        records: [Record],
        policy: GroupPolicy,
        arena: SecretArena = SecretArena(),
        groups: inout [UInt32: Group]
    ) throws(MLSError) {
        self.init(prefix: prefix)
        var random = SystemRandom()
        let base = random.next()
        var contents: [UInt32: (head: [UInt8], parts: StoredParts)] = [:]
        var stored: [[UInt8]: [UInt8]] = [:]
        for record in records {
            guard record.key.starts(with: prefix) else { throw Self.strange }
            var key = record.key.dropFirst(prefix.count)
            guard key.popFirst() == Key.chunk else { continue }
            chunks.insert(Array(key))
            stored[Array(key)] = record.value
        }
        for record in records {
            var key = record.key.dropFirst(prefix.count)
            guard let kind = key.popFirst(), kind != Key.chunk else { continue }
            guard kind == Key.slot, let number = Self.number(&key) else { throw Self.strange }
            var content = contents[number] ?? ([], StoredParts(chunks: stored, base: base))
            try Self.sort(record.value, key, &content)
            contents[number] = content
        }
        for number in contents.keys.sorted() {
            guard let content = contents[number] else { continue }
            let group = try Group(state: content.head, policy: policy, arena: arena, parts: content.parts)
            var slot = Slot()
            slot.headDigest = try group.suite.hash(content.head)
            for epoch in content.parts.epochs { slot.bases[epoch] = base }
            slot.roots = group.roots
            slots[number] = slot
            suite = group.suite
            groups[number] = group
        }
    }

    private static func sort(
        _ value: [UInt8],
        _ key: ArraySlice<UInt8>,
        _ content: inout (head: [UInt8], parts: StoredParts)
    ) throws(MLSError) {
        var key = key
        switch key.popFirst() {
        case Key.head where key.isEmpty: content.head = value
        case Key.epoch:
            guard key.count == EpochName.byteCount + 5 else { throw strange }
            let epoch = EpochName(key.prefix(EpochName.byteCount))
            key = key.dropFirst(EpochName.byteCount)
            let kind = key.popFirst()
            guard let number = number(&key) else { throw strange }
            switch kind {
            case Key.node: content.parts.add(node: number, of: epoch, value)
            case Key.leaf: content.parts.add(ratchetsOf: number, of: epoch, value)
            default: throw strange
            }
        default: throw strange
        }
    }

    private static func number(_ key: inout ArraySlice<UInt8>) -> UInt32? {
        guard key.count >= 4 else { return nil }
        defer { key = key.dropFirst(4) }
        return key.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static var strange: MLSError {
        MLSError(.codecInvalidValue, "stored record that belongs to no group")
    }
}
