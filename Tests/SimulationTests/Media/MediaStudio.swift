import BurrowBase
import BurrowMedia
import BurrowMoQ
import BurrowSimulation

/// A member that publishes pictures and sound, as an engine would: 25 pictures and 50 packets a second.
final class MediaStudio {
    let member: RoomMember
    var publisher = MediaPublisher()
    private(set) var refused = 0
    private var tracks: [MediaTrackID: TrackID] = [:]
    private let allocator = SliceAllocator()

    static let pictureStep: Int64 = 40_000
    static let packetStep: Int64 = 20_000

    init(_ member: RoomMember) {
        self.member = member
    }

    private var now: Instant { member.scene.simulation.now }

    func subscribers(of id: MediaTrackID) -> Int? {
        tracks[id].flatMap { member.peer.node.statistics(of: $0)?.subscribers }
    }

    func perform() throws {
        while let action = publisher.nextAction(now: now) {
            switch action {
            case .open(let id, let configuration):
                tracks[id] = try member.peer.node.publishTrack(in: member.room, configuration, now: now)
            case .writeCatalogue(let document):
                let frame = OutgoingFrame(
                    timestamp: now.microseconds,
                    isKey: true,
                    endsGroup: true,
                    isDatagram: false
                )
                try push(.catalogue, frame, Slice(copying: document.span))
            case .close(let id):
                if let track = tracks.removeValue(forKey: id) { member.peer.node.closeTrack(track, now: now) }
            }
        }
        member.scene.simulation.settle(member.peer)
    }

    /// Publishes something for a while, a key frame as often as told; its bytes say which frame it is.
    func send(_ id: MediaTrackID, _ numbers: Range<Int>, step: Int64, keyEvery: Int = 1, size: Int) {
        let start = now
        for number in numbers {
            let time = start + .microseconds(step * Int64(number - numbers.lowerBound))
            member.scene.simulation.at(time, on: member.peer) { [self] in
                let frame = EncodedFrame(
                    timestamp: step * Int64(number),
                    isKey: number % keyEvery == 0,
                    payload: Slice(copying: RoomMember.payload(number, size: size).span)
                )
                guard case .write(let outgoing, _, _) = publisher.place(frame, on: id),
                    let packed = try? LegacyFrame.write(
                        timestamp: frame.timestamp,
                        payload: frame.payload.span,
                        allocator: allocator
                    )
                else {
                    refused += 1
                    return
                }
                try? push(id, outgoing, packed)
                member.scene.simulation.settle(member.peer)
            }
        }
    }

    private func push(_ id: MediaTrackID, _ frame: OutgoingFrame, _ payload: Slice) throws {
        guard let track = tracks[id] else { return }
        let bytes = [UInt8](payload)
        try unsafe bytes.withUnsafeBytes {
            try unsafe member.peer.node.push(track, frame, payload: $0, now: now)
        }
    }
}

/// A member that plays what another publishes.
final class MediaViewer {
    struct Seen {
        let time: Instant
        let number: Int
        let rendition: String
        let isKey: Bool
        let isDiscontinuous: Bool
        let isDecodedOnly: Bool
    }

    let member: RoomMember
    var consumer: MediaConsumer
    private(set) var pictures: [Seen] = []
    private(set) var packets: [Seen] = []
    /// What differs from what its number says.
    private(set) var damaged = 0
    private var tracks: [(media: MediaTrackID, track: TrackID)] = []
    private var names: [MediaTrackID: String] = [:]

    init(_ member: RoomMember, path: String, maxLatency: Interval) throws {
        self.member = member
        member.peer.readsAtOnce = false
        consumer = MediaConsumer(path: try BroadcastPath(path), maxLatency: maxLatency)
    }

    private var now: Instant { member.scene.simulation.now }
    private var node: Node { member.peer.node }

    /// Plays for a while, looking every ten milliseconds.
    func play(for interval: Interval) throws {
        let end = now + interval
        while now < end {
            try turn()
            member.scene.simulation.run(for: .milliseconds(10))
        }
    }

    private func turn() throws {
        try perform()
        for (media, track) in tracks {
            while let piece = node.nextPiece(track, now: now) {
                switch piece {
                case .frame(let frame):
                    var bytes = [UInt8](repeating: 0, count: frame.count)
                    unsafe bytes.withUnsafeMutableBytes {
                        if let start = $0.baseAddress { unsafe frame.copy(to: start) }
                    }
                    consumer.receive(
                        Slice(copying: bytes.span),
                        of: media,
                        group: frame.group,
                        index: frame.index,
                        isDiscontinuous: frame.isDiscontinuous
                    )
                case .groupEnd(let group, let count, let isWhole):
                    consumer.endGroup(group, of: media, isWhole: isWhole, count: count)
                case .restart: consumer.restart(media)
                }
            }
            // Tracks are read one after the other, and what is there is shown at once.
            show()
        }
        try perform()
        show()
        member.scene.simulation.settle(member.peer)
    }

    private func show() {
        while let frame = consumer.nextFrame(.video, now: now) { pictures.append(seen(frame)) }
        while let frame = consumer.nextFrame(.audio, now: now) { packets.append(seen(frame)) }
    }

    private func perform() throws {
        while let action = consumer.nextAction() {
            switch action {
            case .subscribe(let id, let path, let name, let options):
                let track = try node.subscribeTrack(
                    in: member.room,
                    path: path,
                    name: name,
                    options,
                    now: now
                )
                tracks.append((id, track))
                names[id] = name
            case .update(let id, let options):
                guard let track = tracks.first(where: { $0.media == id })?.track else { continue }
                try node.updateSubscription(track, options, now: now)
            case .unsubscribe(let id), .finish(let id):
                guard let index = tracks.firstIndex(where: { $0.media == id }) else { continue }
                node.closeTrack(tracks.remove(at: index).track, now: now)
            case .catalogueChanged, .problem: break
            }
        }
        member.scene.simulation.settle(member.peer)
    }

    private func seen(_ frame: MediaFrame) -> Seen {
        let step = frame.kind == .video ? MediaStudio.pictureStep : MediaStudio.packetStep
        let number = Int(frame.frame.timestamp / step)
        let bytes = [UInt8](frame.frame.payload)
        if bytes != RoomMember.payload(number, size: bytes.count) { damaged += 1 }
        return Seen(
            time: now,
            number: number,
            rendition: names[frame.track] ?? "?",
            isKey: frame.frame.isKey,
            isDiscontinuous: frame.isDiscontinuous,
            isDecodedOnly: frame.isDecodedOnly
        )
    }
}
