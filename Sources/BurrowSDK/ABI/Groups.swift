import BurrowEngine
import BurrowMarmot
public import CBurrow

@c @implementation
public func burrow_group_create(
    _ id: OpaquePointer?,
    _ cfg: UnsafePointer<burrow_group_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let read = try unsafe Arguments.read(cfg, zero: burrow_group_config(), "cfg")
        let members = try unsafe Arguments.publicKeys(read.members, read.member_count)
        let opening = try unsafe identity.found(GroupDraft(read), inviting: members)
        unsafe target.pointee = OpaquePointer(bitPattern: opening.handle)
        return unsafe Arguments.store(opening.request, in: req)
    }
}

@c @implementation
public func burrow_group_open(
    _ id: OpaquePointer?,
    _ group_id: UnsafePointer<UInt8>?,
    _ len: Int,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let wanted = try unsafe Array(Arguments.key(group_id, len))
        return try unsafe Arguments.store(identity.group(wanted), in: target)
    }
}

@c @implementation
public func burrow_group_list(
    _ id: OpaquePointer?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ cap: Int,
    _ count: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        guard let count = unsafe count else { throw EngineError(.invalidArgument, "count is NULL") }
        guard let out = unsafe out else {
            unsafe count.pointee = identity.groupCount
            guard cap == 0 else { throw EngineError(.invalidArgument, "out is NULL but cap is not 0") }
            return .ok
        }
        let handles = try identity.groups()
        unsafe count.pointee = handles.count
        guard UInt(bitPattern: cap) >= UInt(handles.count) else {
            for handle in handles { HandleTable.shared.release(handle) }
            throw EngineError(.bufferTooSmall, "\(handles.count) elements are needed, \(cap) available")
        }
        for (index, handle) in handles.enumerated() {
            unsafe out[index] = OpaquePointer(bitPattern: handle)
        }
        return .ok
    }
}

/// Starts a change of a group.
private func change(
    _ g: OpaquePointer?,
    _ req: UnsafeMutablePointer<burrow_request>?,
    _ change: () throws(EngineError) -> GroupChange
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(g, as: HostGroup.self) { (group) throws(EngineError) in
        unsafe Arguments.store(try group.change(change()), in: req)
    }
}

@c @implementation
public func burrow_group_join(
    _ g: OpaquePointer?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe change(g, req) { .join }
}

@c @implementation
public func burrow_group_invite(
    _ g: OpaquePointer?,
    _ pubkey: UnsafePointer<UInt8>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe change(g, req) { () throws(EngineError) in
        .invite(try unsafe Arguments.publicKey(pubkey, "pubkey"))
    }
}

@c @implementation
public func burrow_group_remove(
    _ g: OpaquePointer?,
    _ pubkey: UnsafePointer<UInt8>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe change(g, req) { () throws(EngineError) in
        .remove(try unsafe Arguments.publicKey(pubkey, "pubkey"))
    }
}

@c @implementation
public func burrow_group_update(
    _ g: OpaquePointer?,
    _ wanted: UnsafePointer<burrow_group_change>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe change(g, req) { () throws(EngineError) in
        guard let wanted = unsafe wanted else { return .update(GroupUpdate()) }
        let read = try unsafe Arguments.read(wanted, zero: burrow_group_change(), "change")
        return .update(try unsafe GroupUpdate(read))
    }
}

@c @implementation
public func burrow_group_relays(
    _ g: OpaquePointer?,
    _ moq: Int32,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(g, as: HostGroup.self) { (group) throws(EngineError) in
        let urls = group.board.snapshot.withLock { moq == 0 ? $0.relays : $0.mediaRelays }
        return try unsafe Arguments.copyOut(urls.joined(separator: "\n"), to: buf, cap, len)
    }
}

@c @implementation
public func burrow_group_leave(
    _ g: OpaquePointer?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe change(g, req) { .leave }
}

@c @implementation
public func burrow_group_send(
    _ g: OpaquePointer?,
    _ kind: UInt32,
    _ content: UnsafePointer<CChar>?,
    _ tags: UnsafePointer<CChar>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe change(g, req) { () throws(EngineError) in
        guard let kind = UInt16(exactly: kind) else {
            throw EngineError(.invalidArgument, "kind is above 65535")
        }
        return .send(
            kind: kind,
            content: try unsafe Arguments.text(content, "content"),
            tags: try unsafe Arguments.tags(tags)
        )
    }
}

@c @implementation
public func burrow_group_info_get(
    _ g: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_group_info>?
) -> burrow_status {
    unsafe withHandle(g, as: HostGroup.self) { (group) throws(EngineError) in
        let snapshot = group.board.snapshot.withLock { $0 }
        try unsafe Arguments.write(burrow_group_info(snapshot), to: out, "out")
        return .ok
    }
}

@c @implementation
public func burrow_group_members(
    _ g: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_member>?,
    _ cap: Int,
    _ count: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(g, as: HostGroup.self) { (group) throws(EngineError) in
        let own = group.identity.publicKey
        let members = group.board.snapshot.withLock { $0.members }
        return try unsafe Arguments.copyOut(members, to: out, cap, count) { (member) in
            burrow_member(member, isSelf: member.identity == own)
        }
    }
}

@c @implementation
public func burrow_group_export_secret(
    _ g: OpaquePointer?,
    _ label: UnsafePointer<CChar>?,
    _ context: UnsafePointer<UInt8>?,
    _ context_len: Int,
    _ out: UnsafeMutablePointer<UInt8>?,
    _ out_len: Int,
    _ epoch: UnsafeMutablePointer<UInt64>?
) -> burrow_status {
    unsafe withHandle(g, as: HostGroup.self) { (group) throws(EngineError) in
        guard let out = unsafe out, (1...8160).contains(out_len) else {
            throw EngineError(.invalidArgument, "out is NULL, or not between 1 and 8160 bytes are wanted")
        }
        let number = try unsafe group.board.export(
            label: Array(Arguments.text(label, "label").utf8),
            context: Arguments.bytes(context, context_len, limit: 65536, "context"),
            into: UnsafeMutableBufferPointer(start: out, count: out_len)
        )
        if let epoch = unsafe epoch { unsafe epoch.pointee = number }
        return .ok
    }
}
