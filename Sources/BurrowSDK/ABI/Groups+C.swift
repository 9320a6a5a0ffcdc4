import BurrowBase
import BurrowEngine
import BurrowMarmot
import BurrowNostr
import CBurrow

// Identities and groups between the header's forms and our own.

extension IdentityOptions {
    init(_ cfg: burrow_identity_config) throws(EngineError) {
        self.init()
        try unsafe Arguments.check(cfg.flags, [], "flags")
        if unsafe cfg.key_timeout_ms > 0 { keyPatience = unsafe .milliseconds(Int64(cfg.key_timeout_ms)) }
        try unsafe Arguments.check(reserved: cfg.reserved)
        path = try unsafe Arguments.optionalText(cfg.storage_path, "storage_path")
        guard path != nil else { return }
        guard let secret = unsafe cfg.storage_key else {
            throw EngineError(.invalidArgument, "storage_path without storage_key")
        }
        storageKey = unsafe Array(UnsafeBufferPointer(start: secret, count: 32))
    }
}

extension GroupDraft {
    init(_ cfg: burrow_group_config) throws(EngineError) {
        try unsafe Arguments.check(cfg.flags, [], "flags")
        self.init(
            name: try unsafe Arguments.optionalText(cfg.name, "name") ?? "",
            description: try unsafe Arguments.optionalText(cfg.description, "description") ?? "",
            relays: try unsafe Arguments.relays(cfg.relays, cfg.relay_count)
        )
    }
}

extension GroupUpdate {
    init(_ change: burrow_group_change) throws(EngineError) {
        self.init()
        try unsafe Arguments.check(change.flags, [], "flags")
        name = try unsafe Arguments.optionalText(change.name, "name")
        description = try unsafe Arguments.optionalText(change.description, "description")
        admins = try unsafe Arguments.publicKeys(change.admins, change.admin_count)
        formerAdmins = try unsafe Arguments.publicKeys(change.former_admins, change.former_admin_count)
        let urls = try unsafe Arguments.texts(change.moq_relays, change.moq_relay_count, "moq_relays")
        if unsafe change.moq_relays != nil { mediaRelays = urls }
    }
}

extension burrow_group_info {
    init(_ snapshot: GroupBoard.Snapshot) {
        self.init()
        state = snapshot.phase.rawValue
        var bits = 0
        if snapshot.isAdmin { bits |= BURROW_GROUP_ADMIN }
        if snapshot.isLeaving { bits |= BURROW_GROUP_LEAVING }
        if snapshot.hasPendingCommit { bits |= BURROW_GROUP_CHANGE_PENDING }
        flags = UInt32(clamping: bits)
        members = UInt32(clamping: snapshot.members.count)
        own_leaf = snapshot.ownLeaf
        id_len = UInt32(clamping: snapshot.id.count)
        epoch = snapshot.epoch
        unsafe withUnsafeMutableBytes(of: &id) { unsafe Self.copy(snapshot.id, to: $0) }
        unsafe withUnsafeMutableBytes(of: &nostr_id) { unsafe Self.copy(snapshot.nostrID, to: $0) }
        unsafe withUnsafeMutableBytes(of: &inviter) {
            unsafe Self.copy(snapshot.inviter?.bytes ?? [], to: $0)
        }
        unsafe withUnsafeMutableBytes(of: &name) { unsafe Arguments.write(snapshot.name, to: $0) }
    }

    private static func copy(_ bytes: [UInt8], to field: UnsafeMutableRawBufferPointer) {
        for (index, byte) in bytes.prefix(field.count).enumerated() { unsafe field[index] = byte }
    }
}

extension burrow_member {
    init(_ member: MarmotGroup.Member, isSelf: Bool) {
        self.init()
        var bits = 0
        if member.isAdmin { bits |= BURROW_GROUP_ADMIN }
        if isSelf { bits |= BURROW_GROUP_SELF }
        flags = UInt32(clamping: bits)
        devices = UInt32(clamping: member.leaves.count)
        leaf = member.leaves.first ?? 0
        unsafe withUnsafeMutableBytes(of: &pubkey) { (field) in
            for (index, byte) in member.identity.bytes.prefix(field.count).enumerated() {
                unsafe field[index] = byte
            }
        }
    }
}

extension Arguments {
    static func publicKeys(
        _ pointer: UnsafePointer<UInt8>?,
        _ count: Int
    ) throws(EngineError) -> [PublicKey] {
        guard count != 0 else { return [] }
        guard let pointer = unsafe pointer, (1...1024).contains(count) else {
            throw EngineError(.invalidArgument, "public keys are NULL or more than 1024")
        }
        var keys: [PublicKey] = []
        for index in 0..<count { keys.append(try unsafe publicKey(pointer + 32 * index, "public keys")) }
        return keys
    }

    /// At least one URL of a relay.
    static func relays(
        _ pointer: UnsafePointer<UnsafePointer<CChar>?>?,
        _ count: Int
    ) throws(EngineError) -> [String] {
        let urls = try unsafe texts(pointer, count, "relays")
        guard !urls.isEmpty else { throw EngineError(.invalidArgument, "relays are needed") }
        return urls
    }

    static func bytes(
        _ pointer: UnsafePointer<UInt8>?,
        _ count: Int,
        limit: Int,
        _ name: StaticString
    ) throws(EngineError) -> [UInt8] {
        guard count != 0 else { return [] }
        guard let pointer = unsafe pointer, (1...limit).contains(count) else {
            throw EngineError(.invalidArgument, "\(name) is NULL or longer than \(limit) bytes")
        }
        return unsafe Array(UnsafeBufferPointer(start: pointer, count: count))
    }

    /// A JSON array of arrays of strings.
    static func tags(_ pointer: UnsafePointer<CChar>?) throws(EngineError) -> [[String]] {
        guard let text = try unsafe optionalText(pointer, "tags") else { return [] }
        guard let value = try? JSON.parse(Array(text.utf8)), case .array(let list) = value else {
            throw EngineError(.invalidArgument, "tags is no JSON array")
        }
        var tags: [[String]] = []
        for entry in list {
            guard case .array(let elements) = entry else {
                throw EngineError(.invalidArgument, "tags has an element that is no array")
            }
            var tag: [String] = []
            for element in elements {
                guard case .string(let text) = element else {
                    throw EngineError(.invalidArgument, "tags has an element that is no string")
                }
                tag.append(text)
            }
            tags.append(tag)
        }
        return tags
    }
}
