import BurrowBase
import BurrowEngine
import CBurrow

extension burrow_event {
    /// The header's form of the event taken last, whose text and data live as long as the queue keeps them.
    init(_ event: HostEvent, _ queue: EventQueue) {
        unsafe self.init()
        let (kind, state) = unsafe Self.numbers(of: event.kind)
        unsafe struct_size = UInt32(clamping: MemoryLayout<burrow_event>.size)
        unsafe self.kind = UInt32(clamping: kind)
        unsafe self.state = state
        unsafe status = event.error.map { StatusMapping.status(of: $0.code) } ?? .ok
        unsafe participant = event.participant
        unsafe request = event.request
        unsafe time_us = event.time.microseconds
        unsafe value = Self.value(of: event)
        unsafe subject = UnsafeMutableRawPointer(bitPattern: event.subject)
        unsafe text = queue.text
        unsafe data = queue.data
        unsafe data_len = queue.byteCount
    }

    private static func value(of event: HostEvent) -> Int64 {
        guard case .callState(_, _, let detail, let reason) = event.kind else { return event.value }
        return Int64(detail.rawValue) | Int64(reason?.number ?? BURROW_CALL_REASON_NONE) << 8
    }

    private static func numbers(of kind: HostEvent.Kind) -> (kind: Int, state: UInt32) {
        switch kind {
        case .done: (BURROW_EVENT_DONE, 0)
        case .overflow: (BURROW_EVENT_OVERFLOW, 0)
        case .roomState(let phase): (BURROW_EVENT_ROOM_STATE, phase.rawValue)
        case .participantJoined: (BURROW_EVENT_PARTICIPANT_JOINED, 0)
        case .participantLeft: (BURROW_EVENT_PARTICIPANT_LEFT, 0)
        case .participantMedia: (BURROW_EVENT_PARTICIPANT_MEDIA, 0)
        case .speaker: (BURROW_EVENT_SPEAKER, 0)
        case .protection(let bits): (BURROW_EVENT_PROTECTION, bits)
        case .trackData: (BURROW_EVENT_TRACK_DATA, 0)
        case .trackState(let phase): (BURROW_EVENT_TRACK_STATE, phase.rawValue)
        case .trackEncoding: (BURROW_EVENT_TRACK_ENCODING, 0)
        case .relayState(let phase): (BURROW_EVENT_RELAY_STATE, phase.rawValue)
        case .nostrRelay(let phase): (BURROW_EVENT_NOSTR_RELAY, phase.rawValue)
        case .nostrEvent: (BURROW_EVENT_NOSTR_EVENT, 0)
        case .nostrStored: (BURROW_EVENT_NOSTR_STORED, 0)
        case .nostrClosed: (BURROW_EVENT_NOSTR_CLOSED, 0)
        case .nostrResult: (BURROW_EVENT_NOSTR_RESULT, 0)
        case .nostrOut: (BURROW_EVENT_NOSTR_OUT, 0)
        case .relayTried: (BURROW_EVENT_RELAY_TRIED, 0)
        case .token: (BURROW_EVENT_TOKEN, 0)
        case .discovered: (BURROW_EVENT_DISCOVERED, 0)
        case .nostrRefused: (BURROW_EVENT_NOSTR_REFUSED, 0)
        case .keyPackageUsed: (BURROW_EVENT_KEY_PACKAGE_USED, 0)
        case .keyRequest(let kind): (BURROW_EVENT_KEY_REQUEST, kind.rawValue)
        case .groupState(let phase): (BURROW_EVENT_GROUP_STATE, phase.rawValue)
        case .groupEpoch: (BURROW_EVENT_GROUP_EPOCH, 0)
        case .groupMembers: (BURROW_EVENT_GROUP_MEMBERS, 0)
        case .groupData: (BURROW_EVENT_GROUP_DATA, 0)
        case .groupMessage(_): (BURROW_EVENT_GROUP_MESSAGE, 0)
        case .groupRolledBack: (BURROW_EVENT_GROUP_ROLLED_BACK, 0)
        case .callState(_, let phase, _, _): (BURROW_EVENT_CALL_STATE, phase.rawValue)
        case .callMember(let change): (BURROW_EVENT_CALL_MEMBER, change.rawValue)
        }
    }

    /// Calls a function of the host with the event.
    func show(to function: burrow_event_fn, _ userData: UnsafeMutableRawPointer?) {
        unsafe withUnsafePointer(to: self) { unsafe function(userData, $0) }
    }
}
