internal import BurrowBase
internal import BurrowMLS
package import BurrowNostr

/// Which devices are in a group. A device signs with new keys soon, and has new key packages; what stays is their slot.
extension MarmotGroup {
    /// Whether a device of somebody is in the group: we invited it from this slot, or it signs with one of these keys.
    package func hasDevice(of person: PublicKey, slot: Bytes32?, signatureKeys: [[UInt8]]) -> Bool {
        mls.tree.members.contains { (leaf, node) in
            guard node.credential.nostrKey == person else { return false }
            return signatureKeys.contains(node.signatureKey) || slot != nil && slots[leaf] == slot
        }
    }

    /// The slots of those that a commit adds, by the leaf they get.
    static func slots(_ staged: StagedCommit, _ invitees: [KeyPackageEvent]) -> [UInt32: Bytes32] {
        var slots: [UInt32: Bytes32] = [:]
        for (leaf, node) in staged.added {
            let key = node.signatureKey
            slots[leaf] = invitees.first { $0.keyPackage.leafNode.signatureKey == key }?.slot
        }
        return slots
    }

    mutating func readSlots(_ reader: inout ByteReader) throws(MLSError) {
        slots = try StateReader.slots(&reader)
        if pending != nil { pending?.slots = try StateReader.slots(&reader) }
        for index in abandoned.indices { abandoned[index].slots = try StateReader.slots(&reader) }
    }
}

extension SecretWriter {
    /// The slots of a group, then those of each commit of ours.
    mutating func writeSlots(_ slots: [UInt32: Bytes32], of commits: [PendingCommit]) throws(MLSError) {
        for slots in [slots] + commits.map(\.slots) {
            try writeArray(slots.sorted { $0.key < $1.key }) { (writer, entry) throws(MLSError) in
                writer.writeUInt32(entry.key)
                writer.write(entry.value.bytes)
            }
        }
    }
}

extension StateReader {
    static func slots(_ reader: inout ByteReader) throws(MLSError) -> [UInt32: Bytes32] {
        let entries = try array(&reader) { (reader) throws(MLSError) -> (UInt32, Bytes32) in
            let leaf = try Wire.uint32(&reader)
            guard let slot = Bytes32(try Wire.bytes(&reader, count: 32)) else { throw Wire.truncated }
            return (leaf, slot)
        }
        return Dictionary(entries) { (_, last) in last }
    }
}
