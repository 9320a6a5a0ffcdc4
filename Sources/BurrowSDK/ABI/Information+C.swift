import BurrowBase
import BurrowEngine
import BurrowMoQ
import BurrowNostr
import BurrowQUIC
import CBurrow

// From our snapshots to the header's structs.

extension burrow_room_info {
    init(_ room: HostRoom, _ snapshot: HostRoom.Snapshot) {
        self.init()
        state = snapshot.phase.rawValue
        status = snapshot.error.map { StatusMapping.status(of: $0.code) } ?? .ok
        version = snapshot.version == 0 ? 0 : 1 << UInt32(snapshot.version)
        participant_count = UInt32(clamping: snapshot.participants.count)
        track_count = snapshot.tracks
        reconnects = snapshot.reconnects
        connected_us = snapshot.connectedSince?.microseconds ?? 0
        peer_code = snapshot.peerCode
        unsafe withUnsafeMutableBytes(of: &remote_address) {
            unsafe Arguments.write(snapshot.connectedSince == nil ? "" : snapshot.remoteAddress, to: $0)
        }
        unsafe withUnsafeMutableBytes(of: &text) {
            unsafe Arguments.write(snapshot.error?.context ?? "", to: $0)
        }
        unsafe withUnsafeMutableBytes(of: &path) { unsafe Arguments.write(room.path, to: $0) }
    }
}

extension burrow_participant {
    init(_ participant: HostParticipant) {
        self.init()
        id = participant.number
        joined_us = participant.joined.microseconds
        if let key = participant.member?.bytes {
            unsafe withUnsafeMutableBytes(of: &member) { unsafe $0.copyBytes(from: key) }
        }
        unsafe withUnsafeMutableBytes(of: &path) { unsafe Arguments.write(participant.path, to: $0) }
    }
}

extension burrow_room_stats {
    init(_ snapshot: HostRoom.Snapshot) {
        self.init()
        sealing_epoch = snapshot.protection.sealingEpoch.map { Int64(clamping: $0) } ?? -1
        newest_epoch = snapshot.protection.newestEpoch.map { Int64(clamping: $0) } ?? -1
        guard let statistics = snapshot.statistics else { return }
        let counts = snapshot.protection.counts
        sealed_frames = counts.sealed
        unsealed_frames = counts.unsealed
        opened_frames = counts.opened
        unknown_key_frames = counts.unknownKey
        forged_frames = counts.forged
        replayed_frames = counts.replayed
        unprotected_frames = counts.unprotected
        measured_us = snapshot.measured?.microseconds ?? 0
        let now = statistics.connection ?? ConnectionStatistics()
        let past = snapshot.pastConnections
        mtu = UInt32(clamping: now.mtu)
        rtt_us = now.rtt.microseconds
        min_rtt_us = now.minimumRTT.microseconds
        send_rate_bps = now.deliveryRate.multipliedReportingOverflow(by: 8).partialValue
        congestion_window_bytes = now.congestionWindow
        in_flight_bytes = now.bytesInFlight
        sent_bytes = past.sentBytes &+ now.sentBytes
        received_bytes = past.receivedBytes &+ now.receivedBytes
        sent_packets = past.sentPackets &+ now.sentPackets
        received_packets = past.receivedPackets &+ now.receivedPackets
        lost_packets = past.lostPackets &+ now.lostPackets
        repeated_packets = past.repeatedPackets &+ now.repeatedPackets
        repeated_bytes = past.repeatedBytes &+ now.repeatedBytes
        published_frames = statistics.publishedFrames
        published_bytes = statistics.publishedBytes
        subscribed_frames = statistics.subscribedFrames
        subscribed_bytes = statistics.subscribedBytes
        expired_groups = statistics.expiredGroups
    }
}

extension burrow_track_info {
    init(_ track: HostTrack, _ snapshot: HostTrack.Snapshot) {
        self.init()
        direction = track.direction.rawValue
        state = snapshot.phase.rawValue
        status = snapshot.error.map { StatusMapping.status(of: $0.code) } ?? .ok
        kind = track.content
        let options = snapshot.options
        var bits = 0
        if options.ordered { bits |= BURROW_TRACK_ORDERED }
        if options.maxAge == .zero { bits |= BURROW_TRACK_LATEST_ONLY }
        if options.startGroup != nil { bits |= BURROW_TRACK_START_GROUP }
        if options.endGroup != nil { bits |= BURROW_TRACK_END_GROUP }
        if track.isRecorded { bits |= BURROW_TRACK_RECORDED }
        if track.isPaused { bits |= BURROW_TRACK_PAUSED }
        if track.isEncodedByHost { bits |= BURROW_TRACK_HOST_CODEC }
        flags = UInt32(clamping: bits)
        priority = UInt32(options.priority)
        max_age_ms = UInt32(clamping: options.maxAge.milliseconds)
        unsafe withUnsafeMutableBytes(of: &path) { unsafe Arguments.write(track.path, to: $0) }
        let name = track.name.isEmpty ? snapshot.rendition : track.name
        unsafe withUnsafeMutableBytes(of: &self.name) { unsafe Arguments.write(name, to: $0) }
        unsafe withUnsafeMutableBytes(of: &text) {
            unsafe Arguments.write(snapshot.error?.context ?? "", to: $0)
        }
    }
}

extension burrow_track_stats {
    init(_ figures: TrackFigures) {
        self.init()
        queued_frames = UInt32(clamping: figures.waiting)
        measured_us = figures.measured
        frames = figures.frames
        bytes = figures.bytes
        dropped_frames = figures.dropped
        groups = figures.groups
        latest_group = figures.latestGroup
        subscribers = UInt64(clamping: figures.subscribers)
        opened_frames = figures.protection.opened
        unknown_key_frames = figures.protection.unknownKey
        forged_frames = figures.protection.forged
        replayed_frames = figures.protection.replayed
    }
}

extension burrow_relay_info {
    init(_ snapshot: HostRelay.Snapshot) {
        self.init()
        state = snapshot.phase.rawValue
        status = snapshot.error.map { StatusMapping.status(of: $0.code) } ?? .ok
        let first = snapshot.addresses.first
        port = UInt32(first?.port ?? 0)
        sessions = UInt32(clamping: snapshot.statistics?.sessions ?? 0)
        broadcasts = UInt32(clamping: snapshot.statistics?.broadcasts ?? 0)
        tracks = UInt32(clamping: snapshot.statistics?.tracks ?? 0)
        subscriptions = UInt32(clamping: snapshot.statistics?.subscriptions ?? 0)
        unsafe withUnsafeMutableBytes(of: &fingerprint) { (field) in
            for (index, byte) in snapshot.fingerprint.prefix(field.count).enumerated() {
                unsafe field[index] = byte
            }
        }
        unsafe withUnsafeMutableBytes(of: &address) {
            unsafe Arguments.write(first?.description ?? "", to: $0)
        }
        unsafe withUnsafeMutableBytes(of: &text) {
            unsafe Arguments.write(snapshot.error?.context ?? "", to: $0)
        }
    }
}
