import BurrowBase
import BurrowMoQ
import BurrowQUIC

// Everything that is counted, for dashboards and bug reports. Keys may come and go.

extension HostRoom {
    package func statisticsJSON() -> String {
        let snapshot = read()
        return JSONWriter.text { (json) in
            json.object { (json) in
                json.string("\(snapshot.phase)", for: "state")
                json.integer(snapshot.version, for: "version")
                json.string(snapshot.remoteAddress, for: "remote")
                json.integer(snapshot.reconnects, for: "reconnects")
                json.integer(snapshot.participants.count, for: "participants")
                json.integer(snapshot.tracks, for: "tracks")
                json.integer(snapshot.measured?.microseconds ?? 0, for: "measured_us")
                if protection != nil { snapshot.protection.write(to: &json, as: "protection") }
                guard let statistics = snapshot.statistics else { return }
                json.integer(statistics.publishedFrames, for: "published_frames")
                json.integer(statistics.publishedBytes, for: "published_bytes")
                json.integer(statistics.subscribedFrames, for: "subscribed_frames")
                json.integer(statistics.subscribedBytes, for: "subscribed_bytes")
                json.integer(statistics.expiredGroups, for: "expired_groups")
                json.integer(statistics.peerBandwidth, for: "peer_bandwidth_bps")
                if let connection = statistics.connection { connection.write(to: &json, as: "connection") }
                snapshot.pastConnections.write(to: &json, as: "past_connections")
                statistics.session.write(to: &json, as: "session")
            }
        }
    }
}

extension HostRelay {
    package func statisticsJSON() -> String {
        let snapshot = read()
        return JSONWriter.text { (json) in
            json.object { (json) in
                json.string("\(snapshot.phase)", for: "state")
                json.array(for: "addresses") { (json) in
                    for address in snapshot.addresses { json.string("\(address)") }
                }
                json.string(Hex.encode(snapshot.fingerprint), for: "fingerprint")
                json.integer(snapshot.measured?.microseconds ?? 0, for: "measured_us")
                guard let statistics = snapshot.statistics else { return }
                json.integer(statistics.sessions, for: "sessions")
                json.integer(statistics.broadcasts, for: "broadcasts")
                json.integer(statistics.tracks, for: "tracks")
                json.integer(statistics.subscriptions, for: "subscriptions")
                json.integer(statistics.counters.sessionsAccepted, for: "sessions_accepted")
                json.integer(statistics.counters.sessionsRefused, for: "sessions_refused")
                json.integer(statistics.counters.sessionsClosed, for: "sessions_closed")
                json.integer(statistics.counters.sessionsStalled, for: "sessions_stalled")
                json.integer(statistics.counters.sessionsExpired, for: "sessions_expired")
                json.object(for: "endpoint") { (json) in
                    json.integer(statistics.endpoint.accepted, for: "accepted")
                    json.integer(statistics.endpoint.refused, for: "refused")
                    json.integer(statistics.endpoint.crowded, for: "refused_per_address")
                    json.integer(statistics.endpoint.retriesSent, for: "retries_sent")
                    json.integer(
                        statistics.endpoint.versionNegotiationsSent,
                        for: "version_negotiations_sent"
                    )
                    json.integer(statistics.endpoint.resetsSent, for: "resets_sent")
                    json.integer(statistics.endpoint.dropped, for: "dropped")
                }
                statistics.total.write(to: &json, as: "total")
            }
        }
    }
}

extension ProtectionReport {
    fileprivate func write(to json: inout JSONWriter, as name: String) {
        json.object(for: name) { (json) in
            if let sealingEpoch { json.integer(sealingEpoch, for: "sealing_epoch") }
            if let newestEpoch { json.integer(newestEpoch, for: "newest_epoch") }
            json.integer(counts.sealed, for: "sealed")
            json.integer(counts.unsealed, for: "unsealed")
            json.integer(counts.opened, for: "opened")
            json.integer(counts.unknownKey, for: "unknown_key")
            json.integer(counts.forged, for: "forged")
            json.integer(counts.replayed, for: "replayed")
            json.integer(counts.unprotected, for: "unprotected")
        }
    }
}

extension ConnectionStatistics {
    fileprivate func write(to json: inout JSONWriter, as name: String) {
        json.object(for: name) { (json) in
            json.integer(rtt.microseconds, for: "rtt_us")
            json.integer(minimumRTT.microseconds, for: "min_rtt_us")
            json.integer(rttVariation.microseconds, for: "rtt_variation_us")
            json.integer(congestionWindow, for: "congestion_window")
            json.integer(bytesInFlight, for: "bytes_in_flight")
            json.integer(deliveryRate, for: "delivery_rate")
            json.integer(sentBytes, for: "sent_bytes")
            json.integer(sentPackets, for: "sent_packets")
            json.integer(receivedBytes, for: "received_bytes")
            json.integer(receivedPackets, for: "received_packets")
            json.integer(lostPackets, for: "lost_packets")
            json.integer(repeatedPackets, for: "repeated_packets")
            json.integer(repeatedBytes, for: "repeated_bytes")
            json.integer(probeTimeouts, for: "probe_timeouts")
            json.integer(mtu, for: "mtu")
        }
    }
}

extension SessionCounters {
    fileprivate func write(to json: inout JSONWriter, as name: String) {
        json.object(for: name) { (json) in
            json.integer(announcementsSent, for: "announcements_sent")
            json.integer(announcementsReceived, for: "announcements_received")
            json.integer(announcementsRefused, for: "announcements_refused")
            json.integer(subscriptionsServed, for: "subscriptions_served")
            json.integer(subscriptionsRefused, for: "subscriptions_refused")
            json.integer(requestsRefused, for: "requests_refused")
            json.integer(groupsSent, for: "groups_sent")
            json.integer(groupsExpired, for: "groups_expired")
            json.integer(groupsReceived, for: "groups_received")
            json.integer(groupsUnknown, for: "groups_unknown")
            json.integer(groupsUnwanted, for: "groups_unwanted")
            json.integer(datagramsSent, for: "datagrams_sent")
            json.integer(datagramsDropped, for: "datagrams_dropped")
            json.integer(datagramsReceived, for: "datagrams_received")
            json.integer(datagramsUnknown, for: "datagrams_unknown")
            json.integer(malformed, for: "malformed")
            json.integer(unknownStreams, for: "unknown_streams")
            json.integer(refusedStreams, for: "refused_streams")
            json.integer(pathChanges, for: "path_changes")
        }
    }
}
