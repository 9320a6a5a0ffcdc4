import BurrowBase
import BurrowCalls
import BurrowEngine
import BurrowMoQ
import BurrowNostr
import CBurrow

// Calls between the header's forms and our own.

extension CallRules {
    init(_ cfg: burrow_engine_config) {
        self.init()
        asks = unsafe cfg.flags.has(BURROW_ENGINE_ASK_CALLS)
        allowsPrivateRelays = unsafe cfg.flags.has(BURROW_ENGINE_PRIVATE_CALLS)
    }
}

extension CallOptions {
    /// Longest text of relays that is looked at.
    private static let relayBytes = 16 << 10

    init(_ cfg: burrow_call_config) throws(EngineError) {
        self.init()
        let flags = unsafe cfg.flags
        let known = [BURROW_CALL_VIDEO, BURROW_CALL_MUTED, BURROW_CALL_SILENT, BURROW_CALL_BY_GROUP]
        try Arguments.check(flags, known, "flags")
        hasVideo = flags.has(BURROW_CALL_VIDEO)
        isMuted = flags.has(BURROW_CALL_MUTED)
        rings = !flags.has(BURROW_CALL_SILENT)
        isByGroup = flags.has(BURROW_CALL_BY_GROUP)
        relays = try Self.relays(unsafe Arguments.optionalText(cfg.relays, "relays") ?? "")
        lastRelays = try Self.relays(unsafe Arguments.optionalText(cfg.last_relays, "last_relays") ?? "")
        tokenService = try unsafe Arguments.optionalText(cfg.token_url, "token_url")
        ringTime = unsafe Self.time(cfg.ring_ms)
        connectTime = unsafe Self.time(cfg.connect_ms)
        graceTime = unsafe Self.time(cfg.grace_ms)
        aloneTime = unsafe Self.time(cfg.alone_ms)
        guard let room = unsafe cfg.room else { return }
        let read = try unsafe Arguments.read(room, zero: burrow_room_config(), "room")
        self.room = try unsafe Self.room(read)
        unsafe lastN = read.last_n == 0 ? .max : Int(clamping: read.last_n)
    }

    fileprivate static func room(_ cfg: burrow_room_config) throws(EngineError) -> RoomConfiguration {
        guard unsafe cfg.url == nil, unsafe cfg.path == nil, unsafe cfg.prefix == nil,
            unsafe cfg.group == nil, unsafe cfg.call_id == nil
        else {
            throw EngineError(.invalidArgument, "url, path, prefix, group and call_id of room are the call's")
        }
        guard unsafe !cfg.flags.has(BURROW_ROOM_NO_DISCOVERY), unsafe !cfg.flags.has(BURROW_ROOM_NO_RECONNECT)
        else {
            throw EngineError(.invalidArgument, "a call needs to discover others and to connect again")
        }
        // It is replaced before anything is dialled.
        return try unsafe RoomConfiguration(cfg, url: "moqt://relay.invalid")
    }

    private static func relays(_ text: String) throws(EngineError) -> [String] {
        guard text.utf8.count <= relayBytes else {
            throw EngineError(.invalidArgument, "relays is longer than \(relayBytes) bytes")
        }
        var urls: [String] = []
        for line in text.split(whereSeparator: { $0.isNewline }) {
            do throws(NostrError) {
                urls.append(try ServerURL(String(line), policy: .ownMedia).text)
            } catch {
                throw EngineError(.invalidArgument, error.context)
            }
        }
        return urls
    }

    private static func time(_ milliseconds: UInt32) -> Interval? {
        milliseconds == 0 ? nil : .milliseconds(Int64(milliseconds))
    }
}

extension CallChange {
    init(_ change: burrow_call_change) throws(EngineError) {
        self.init()
        let flags = unsafe change.flags
        try Arguments.check(
            flags,
            [
                BURROW_CALL_CHANGE_MUTED, BURROW_CALL_CHANGE_VIDEO, BURROW_CALL_CHANGE_ADMISSION,
                BURROW_CALL_CHANGE_LOOK,
            ],
            "flags"
        )
        try Arguments.check(reserved: unsafe change.reserved)
        if flags.has(BURROW_CALL_CHANGE_MUTED) { isMuted = unsafe change.muted != 0 }
        if flags.has(BURROW_CALL_CHANGE_VIDEO) { hasVideo = unsafe change.video != 0 }
        looks = flags.has(BURROW_CALL_CHANGE_LOOK)
        if let room = unsafe change.room {
            self.room = try unsafe CallOptions.room(Arguments.read(room, zero: burrow_room_config(), "room"))
        }
        guard flags.has(BURROW_CALL_CHANGE_ADMISSION) else { return }
        switch unsafe Int(change.admission) {
        case BURROW_CALL_ADMIT_RING: answer = .ring
        case BURROW_CALL_ADMIT_SILENCE: answer = .silence
        case BURROW_CALL_ADMIT_DROP: answer = .drop
        default: throw EngineError(.invalidArgument, "admission is \(unsafe change.admission)")
        }
    }
}

extension CallEndReason {
    /// The constant of the header.
    var number: Int {
        switch self {
        case .hangup: BURROW_CALL_REASON_HANGUP
        case .declined: BURROW_CALL_REASON_DECLINED
        case .busy: BURROW_CALL_REASON_BUSY
        case .timeout: BURROW_CALL_REASON_TIMEOUT
        case .cancelled: BURROW_CALL_REASON_CANCELLED
        case .answeredElsewhere: BURROW_CALL_REASON_ANSWERED_ELSEWHERE
        case .declinedElsewhere: BURROW_CALL_REASON_DECLINED_ELSEWHERE
        case .glare: BURROW_CALL_REASON_GLARE
        case .failed: BURROW_CALL_REASON_FAILED
        case .relayUnreachable: BURROW_CALL_REASON_RELAY_UNREACHABLE
        case .unsupported: BURROW_CALL_REASON_UNSUPPORTED
        case .authFailed: BURROW_CALL_REASON_AUTH_FAILED
        case .removed: BURROW_CALL_REASON_REMOVED
        case .publishFailed: BURROW_CALL_REASON_PUBLISH_FAILED
        case .unknown: BURROW_CALL_REASON_UNKNOWN
        case .remoteHangup: BURROW_CALL_REASON_REMOTE_HANGUP
        case .missed: BURROW_CALL_REASON_MISSED
        case .mediaFailed: BURROW_CALL_REASON_MEDIA_FAILED
        case .keysUnavailable: BURROW_CALL_REASON_KEYS_UNAVAILABLE
        }
    }
}

extension CallUpdate.Progress {
    fileprivate var number: Int {
        switch self {
        case .ringing: BURROW_CALL_PROGRESS_RINGING
        case .accepted: BURROW_CALL_PROGRESS_ACCEPTED
        case .joined: BURROW_CALL_PROGRESS_JOINED
        case .reconnecting: BURROW_CALL_PROGRESS_RECONNECTING
        case .held: BURROW_CALL_PROGRESS_HELD
        }
    }
}

extension burrow_call_info {
    init(_ call: HostCall, _ snapshot: HostCall.Snapshot) {
        unsafe self.init()
        unsafe state = snapshot.phase.rawValue
        unsafe detail = snapshot.detail.rawValue
        unsafe reason = UInt32(clamping: snapshot.reason?.number ?? BURROW_CALL_REASON_NONE)
        var bits = 0
        if snapshot.media == .video { bits |= BURROW_CALL_VIDEO }
        if snapshot.isMuted { bits |= BURROW_CALL_MUTED }
        if call.isOutgoing { bits |= BURROW_CALL_OUTWARD }
        if snapshot.hasVideo { bits |= BURROW_CALL_CAMERA }
        if snapshot.peer != nil { bits |= BURROW_CALL_PAIR }
        unsafe flags = UInt32(clamping: bits)
        unsafe participant_count = UInt32(clamping: snapshot.members.count)
        unsafe started_us = snapshot.started?.microseconds ?? 0
        unsafe since_us = snapshot.since?.microseconds ?? 0
        unsafe sequence = snapshot.sequence
        unsafe room = OpaquePointer(bitPattern: snapshot.room)
        unsafe group_id_len = UInt32(clamping: min(snapshot.group.count, 64))
        unsafe withUnsafeMutableBytes(of: &caller) { unsafe Self.copy(snapshot.caller?.bytes ?? [], to: $0) }
        unsafe withUnsafeMutableBytes(of: &peer) { unsafe Self.copy(snapshot.peer?.bytes ?? [], to: $0) }
        unsafe withUnsafeMutableBytes(of: &group_id) { unsafe Self.copy(snapshot.group, to: $0) }
        unsafe withUnsafeMutableBytes(of: &call_id) { unsafe Arguments.write(call.id.text, to: $0) }
        unsafe withUnsafeMutableBytes(of: &other_id) {
            unsafe Arguments.write(snapshot.other?.text ?? "", to: $0)
        }
        unsafe withUnsafeMutableBytes(of: &relay) { unsafe Arguments.write(snapshot.relay, to: $0) }
        unsafe withUnsafeMutableBytes(of: &text) { unsafe Arguments.write(snapshot.text, to: $0) }
    }

    private static func copy(_ bytes: [UInt8], to field: UnsafeMutableRawBufferPointer) {
        for (index, byte) in bytes.prefix(field.count).enumerated() { unsafe field[index] = byte }
    }
}

extension burrow_call_member {
    init(_ member: HostCall.Member) {
        self.init()
        let person = member.participant
        participant = member.number
        muted = Self.number(person.isMuted)
        video = Self.number(person.hasVideo)
        present = person.isPresent ? 1 : 0
        announced = person.isAnnounced ? 1 : 0
        progress = UInt32(clamping: person.progress?.number ?? BURROW_CALL_PROGRESS_NONE)
        unsafe withUnsafeMutableBytes(of: &pubkey) { (field) in
            for (index, byte) in person.person.bytes.prefix(field.count).enumerated() {
                unsafe field[index] = byte
            }
        }
        unsafe withUnsafeMutableBytes(of: &device) {
            unsafe Arguments.write(person.device?.text ?? "", to: $0)
        }
        unsafe withUnsafeMutableBytes(of: &path) { unsafe Arguments.write(person.path ?? "", to: $0) }
    }

    private static func number(_ flag: Bool?) -> Int32 { flag.map { $0 ? 1 : 0 } ?? -1 }
}
