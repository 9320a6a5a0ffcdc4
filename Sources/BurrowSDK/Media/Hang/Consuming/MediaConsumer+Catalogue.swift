import BurrowBase
import BurrowMoQ

/// What a catalogue means for the tracks of a consumer.
extension MediaConsumer {
    mutating func readCatalogue() {
        let diff: CatalogueDiff?
        do throws(MediaError) {
            diff = try follower.update()
        } catch {
            actions.append(.problem(.catalogue, error))
            return
        }
        let isAnew = isAnew
        self.isAnew = false
        guard isAnew || diff != nil else { return }
        if isAnew || diff?.isStructural ?? false {
            unusable.removeAll()
            over.removeAll()
        }
        if let diff { apply(diff) }
        choose(.audio)
        choose(.video)
    }

    private mutating func apply(_ diff: CatalogueDiff) {
        for entry in diff.entries where entry.change == .removed || entry.change == .restarted {
            changed(entry)
        }
        actions.append(.catalogueChanged(diff))
    }

    /// What plays goes on with another decoder, or ends.
    private mutating func changed(_ entry: CatalogueDiff.Entry) {
        guard let track = self[entry.kind].tracks.first(where: { $0.name == entry.name }) else { return }
        let isThere = entry.change == .restarted
        let offer = isThere ? offer(entry.kind, entry.name) : nil
        let decoder = newDecoder()
        _ = self[entry.kind].with(track.id) { (track) in
            guard let offer, offer.broadcast == track.broadcast, track.goOn(offer.container, decoder: decoder)
            else {
                track.isGone = true
                return
            }
        }
    }

    // MARK: Choosing

    /// What both kinds of renditions say about their tracks.
    private struct Offer {
        let name: String
        let container: Container
        let broadcast: BroadcastPath
    }

    private func offer(_ kind: MediaKind, _ name: String) -> Offer? {
        let found: (container: Container, reference: String?)?
        switch kind {
        case .audio: found = catalogue?.audio(named: name).map { ($0.container, $0.broadcast) }
        case .video: found = catalogue?.video(named: name).map { ($0.container, $0.broadcast) }
        }
        guard let found else { return nil }
        let target = found.reference.flatMap { path.resolving($0) } ?? path
        return Offer(name: name, container: found.container, broadcast: target)
    }

    /// The best that is offered, wanted and usable.
    private func best(_ kind: MediaKind) -> Offer? {
        guard var catalogue else { return nil }
        switch kind {
        case .audio:
            guard wantsAudio else { return nil }
            catalogue.audio.renditions.removeAll { !mayUse($0.name, only: audioName) }
            return support.choose(from: catalogue.audio).flatMap { offer(kind, $0.name) }
        case .video:
            guard let videoWish else { return nil }
            catalogue.video.renditions.removeAll { !mayUse($0.name, only: videoWish.name) }
            return support.choose(from: catalogue.video, for: videoWish).flatMap { offer(kind, $0.name) }
        }
    }

    private func mayUse(_ name: String, only wanted: String?) -> Bool {
        !unusable.contains(name) && !over.contains(name) && wanted ?? name == name
    }

    /// Subscribes what is best now, if it is not what plays.
    mutating func choose(_ kind: MediaKind) {
        // Ends because each turn but the last makes one more rendition unusable.
        while let best = best(kind) {
            if self[kind].stays(with: best.name) {
                if let track = self[kind].dropCandidate() { leave(track) }
                return
            }
            if self[kind].isHeading(for: best.name) { return }
            if let track = open(kind, best.name, best.container, best.broadcast) {
                if kind == .audio && !carriesAudio { leaveAll(kind) }
                if let dropped = self[kind].head(for: track) { leave(dropped) }
                return
            }
            unusable.append(best.name)
        }
        leaveAll(kind)
    }

    private mutating func leaveAll(_ kind: MediaKind) {
        for track in self[kind].removeAll() { leave(track) }
    }
}

extension IncomingTrack {
    /// Goes over to what the catalogue says now; false when its container cannot be read.
    fileprivate mutating func goOn(_ container: Container, decoder: UInt32) -> Bool {
        guard let reader = try? ContainerReader(container, of: kind) else { return false }
        replace(reader: reader)
        nextDecoder = decoder
        return true
    }
}
