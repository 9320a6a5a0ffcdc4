import BurrowBase
package import BurrowNostr

extension CallSignal {
    /// Whom a signal is for.
    package enum Audience: Equatable, Sendable {
        /// Members of a group, in a message of it.
        case group
        /// One person, in a gift wrap; until then it matters.
        case person(PublicKey, expires: UnixTime)
    }

    /// The rumor that carries it (burrow-signalling §2.1, §4). Groups' rumors never say which group they are of.
    package func rumor(
        from sender: PublicKey,
        to audience: Audience,
        at now: UnixTime
    ) throws(NostrError) -> Rumor {
        var tags: [Tag] = []
        if case .person(let person, _) = audience { tags.append(["p", person.hex]) }
        tags.append(["call-id", call.text])
        if case .person(_, let expires) = audience { tags.append(["expiration", String(expires.seconds)]) }
        switch body {
        case .offer(let offer): tags.append(["call-type", offer.media.rawValue])
        case .legacyOffer(let media): tags.append(["call-type", media.rawValue])
        case .end, .update: break
        }
        return try Rumor(publicKey: sender, createdAt: now, kind: kind, tags: tags, content: content)
    }

    package var kind: EventKind {
        switch body {
        case .offer, .legacyOffer: .callOffer
        case .end: .callEnd
        case .update: .callUpdate
        }
    }

    /// The content, its members in the order of burrow-signalling §4.
    package var content: String {
        JSONWriter.text { (writer) in
            writer.object { (writer) in
                switch body {
                case .offer(let offer): write(offer, &writer)
                case .end(let end): write(end, &writer)
                case .update(let update): write(update, &writer)
                // Nobody sends it; what is read is its relay's absence.
                case .legacyOffer: writer.string("", for: "sdp")
                }
            }
        }
    }

    private func write(_ offer: CallOffer, _ writer: inout JSONWriter) {
        begin(&writer)
        writer.string(offer.media.rawValue, for: "call_type")
        writer.string(offer.relays.first?.text ?? "", for: "moq_relay")
        writer.string(offer.path, for: "broadcast_path")
        writer.string(offer.room.room, for: "room")
        device(offer.device, &writer)
        if offer.relays.count > 1 {
            writer.array(for: "relays") { (writer) in
                for relay in offer.relays { writer.string(relay.text) }
            }
        }
        epoch(offer.epoch, &writer)
        if let protection = offer.protection { writer.string(protection, for: "e2ee") }
        capabilities(offer.capabilities, &writer)
        if !offer.rings { writer.bool(false, for: "ring") }
        if let started = offer.startedAt { writer.integer(started.seconds, for: "started_at") }
    }

    private func write(_ end: CallEnd, _ writer: inout JSONWriter) {
        begin(&writer)
        device(end.device, &writer)
        writer.string(end.text ?? end.reason.rawValue, for: "reason")
        if let scope = end.scope { writer.string(scope.rawValue, for: "scope") }
        if let successor = end.successor { writer.string(successor.text, for: "superseded_by") }
        if let duration = end.duration { writer.integer(duration, for: "duration") }
    }

    private func write(_ update: CallUpdate, _ writer: inout JSONWriter) {
        begin(&writer)
        // As today's clients write them: always there, null when nothing changes.
        flag(update.isMuted, "is_muted", &writer)
        flag(update.hasVideo, "is_video_enabled", &writer)
        if let progress = update.progress { writer.string(progress.rawValue, for: "state") }
        if let path = update.path { writer.string(path, for: "broadcast_path") }
        if let relay = update.relay { writer.string(relay.text, for: "moq_relay") }
        if let media = update.media { writer.string(media.rawValue, for: "call_type") }
        if let sequence = update.sequence { writer.integer(sequence, for: "seq") }
        device(update.device, &writer)
        epoch(update.epoch, &writer)
        capabilities(update.capabilities, &writer)
    }

    private func begin(_ writer: inout JSONWriter) {
        writer.integer(2, for: "v")
        writer.string(call.text, for: "call_id")
    }

    private func device(_ device: DeviceID?, _ writer: inout JSONWriter) {
        if let device { writer.string(device.text, for: "device") }
    }

    private func epoch(_ epoch: UInt64?, _ writer: inout JSONWriter) {
        if let epoch { writer.integer(epoch, for: "epoch") }
    }

    private func flag(_ value: Bool?, _ name: String, _ writer: inout JSONWriter) {
        if let value { writer.bool(value, for: name) } else { writer.null(for: name) }
    }

    private func capabilities(_ capabilities: [String], _ writer: inout JSONWriter) {
        guard !capabilities.isEmpty else { return }
        writer.array(for: "caps") { (writer) in
            for capability in capabilities { writer.string(capability) }
        }
    }
}
