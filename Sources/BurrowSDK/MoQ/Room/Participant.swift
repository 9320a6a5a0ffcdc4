package import BurrowBase

/// Somebody whose broadcast is in the room.
package struct Participant: Equatable, Sendable {
    /// The same for the same path as long as the room is open.
    package let number: UInt32
    package let path: BroadcastPath
    package let joined: Instant
    /// Known from before the connection was lost, not seen since.
    var isStale = false
}

extension Room: OriginWatcher {
    package func originChanged(_ path: BroadcastPath) {
        guard path != configuration.path else { return }
        if let broadcast = learned.broadcast(path) {
            appeared(path, broadcast)
        } else {
            disappeared(path)
        }
    }

    private func appeared(_ path: BroadcastPath, _ broadcast: Broadcast) {
        if participants[path] != nil {
            participants[path]?.isStale = false
        } else {
            let number = number(for: path)
            participants[path] = Participant(number: number, path: path, joined: services.context.now)
            services.tell(.joined(id, participant: number, path: path.description))
        }
        for subscription in subscriptions.values where subscription.path == path {
            subscription.follow(broadcast, self, now: services.context.now)
        }
    }

    /// The one the path had before. Those who left are forgotten when a relay names paths without end.
    private func number(for path: BroadcastPath) -> UInt32 {
        if let known = participantNumbers[path] { return known }
        if participantNumbers.count >= configuration.sessionLimits.rememberedPaths {
            participantNumbers = participantNumbers.filter { participants[$0.key] != nil }
        }
        lastParticipantNumber &+= 1
        participantNumbers[path] = lastParticipantNumber
        return lastParticipantNumber
    }

    private func disappeared(_ path: BroadcastPath) {
        guard participants[path] != nil else { return }
        // When the connection is lost everything disappears with it; most of it will be back.
        if state == .reconnecting || session?.isClosed ?? false {
            participants[path]?.isStale = true
            return
        }
        // One whose source is another now is announced again at once.
        participants[path]?.isStale = true
        departed.append(path)
    }

    /// Tells who was not announced again in the same turn.
    func tellDepartures() {
        guard !departed.isEmpty else { return }
        defer { departed.removeAll(keepingCapacity: true) }
        guard case .connected = phase, let session, !session.isClosed else { return }
        for path in departed {
            guard let known = participants[path], known.isStale, learned.broadcast(path) == nil else {
                continue
            }
            participants[path] = nil
            services.tell(.left(id, participant: known.number, path: path.description))
        }
    }

    /// Everybody has had time to come back after a reconnect: who did not has left.
    func reconcile(now: Instant) {
        reconcileDeadline = .distantFuture
        for participant in participants.values.sorted(by: { $0.number < $1.number }) where participant.isStale
        {
            participants[participant.path] = nil
            services.tell(.left(id, participant: participant.number, path: participant.path.description))
        }
    }
}
