import BurrowBase
import BurrowMedia
import BurrowMoQ

/// Our own broadcast in one room: performs what its `MediaPublisher` wants done with wire tracks.
final class BroadcastPublisher: WireUser {
    /// A class, because it is looked up for each frame, and copying a weak reference costs more than the rest of that.
    private final class Open {
        let wire: HostTrack
        /// Who fills it; `nil` for the catalogue's.
        weak var filler: (any WireFiller)?

        init(wire: HostTrack, filler: (any WireFiller)?) {
            self.wire = wire
            self.filler = filler
        }
    }

    private let room: HostRoom
    private unowned let loop: MediaLoop
    private var publisher = MediaPublisher()
    private var open: [MediaTrackID: Open] = [:]
    private let allocator = SliceAllocator(blockSize: 128 * 1024)

    init(_ room: HostRoom, _ loop: MediaLoop) {
        self.room = room
        self.loop = loop
    }

    /// When `act` wants to be called although nothing happened.
    var deadline: Instant { publisher.deadline }

    /// Opens the catalogue, if that is not done, although nothing stands in it yet.
    func begin() {
        if open[.catalogue] == nil { attempt { () throws(MediaError) in } }
    }

    // MARK: Tracks

    func add(
        _ rendition: AudioRendition,
        packetsPerGroup: UInt32,
        _ options: SubscribeOptions,
        for filler: any WireFiller
    ) throws(EngineError) -> MediaTrackID {
        var rendition = rendition
        if room.protection != nil { rendition.name = room.newTrackName() }
        do throws(MediaError) {
            let id = try publisher.add(rendition, packetsPerGroup: Int(packetsPerGroup))
            try act(id, options, filler)
            return id
        } catch {
            throw EngineError(error)
        }
    }

    func add(
        _ rendition: VideoRendition,
        _ options: SubscribeOptions,
        for filler: any WireFiller
    ) throws(EngineError) -> MediaTrackID {
        var rendition = rendition
        if room.protection != nil { rendition.name = room.newTrackName() }
        do throws(MediaError) {
            let id = try publisher.add(rendition)
            try act(id, options, filler)
            return id
        } catch {
            throw EngineError(error)
        }
    }

    func update(audio id: MediaTrackID, _ change: (inout AudioRendition) -> Void) {
        attempt { () throws(MediaError) in try publisher.update(id, change) }
    }

    func update(video id: MediaTrackID, _ change: (inout VideoRendition) -> Void) {
        attempt { () throws(MediaError) in try publisher.update(id, change) }
    }

    /// Says which tracks of the host there are.
    func list(_ data: [Catalogue.DataTrack]) {
        attempt { () throws(MediaError) in try publisher.set(data: data) }
    }

    private func attempt(_ body: () throws(MediaError) -> Void) {
        do throws(MediaError) {
            try body()
            try act()
        } catch {
            LogRing.shared.write(.warning, "media", "our catalogue: \(error.context)")
        }
    }

    func remove(_ id: MediaTrackID) {
        publisher.remove(id)
        attempt { () throws(MediaError) in }
    }

    /// Does what has become due.
    func tick() {
        guard loop.now >= publisher.deadline else { return }
        attempt { () throws(MediaError) in }
    }

    /// Opens, writes and closes until there is nothing to do. `options` and `filler` are those of track `id`.
    private func act(
        _ id: MediaTrackID? = nil,
        _ options: SubscribeOptions? = nil,
        _ filler: (any WireFiller)? = nil
    ) throws(MediaError) {
        while let action = publisher.nextAction(now: loop.now) {
            do throws(EngineError) {
                switch action {
                case .open(let track, var configuration):
                    if track == id, let options {
                        (configuration.priority, configuration.maxAge) = (options.priority, options.maxAge)
                    }
                    let kind = publisher.kind(of: track)
                    let wire = try loop.publishWire(in: room, configuration, of: kind, for: self)
                    open[track] = Open(wire: wire, filler: track == id ? filler : nil)
                    if track == id { filler?.filled.carriers?.add(wire) }
                case .writeCatalogue(let document): try write(document)
                case .close(let track):
                    if let closed = open.removeValue(forKey: track) { close(closed) }
                }
            } catch {
                throw MediaError(.limit, error.context)
            }
        }
    }

    private func close(_ closed: Open) {
        closed.filler?.filled.carriers?.remove(closed.wire)
        loop.closeWire(closed.wire)
    }

    private func write(_ document: [UInt8]) throws(EngineError) {
        guard let wire = open[.catalogue]?.wire else { return }
        let time = loop.now.microseconds
        let slice = Slice(copying: document.span)
        let bytes = unsafe UnsafeRawBufferPointer(start: slice.start, count: slice.count)
        let isTaken = unsafe try wire.push(bytes, timestamp: time, flags: [.key, .endOfGroup])
        guard isTaken else { throw EngineError(.limit, "the catalogue changes faster than it can be sent") }
    }

    // MARK: Frames

    /// Sends an encoded frame. False when it cannot be: what follows and refers to it is of no use then.
    func send(_ frame: EncodedFrame, on id: MediaTrackID) -> Bool {
        guard let wire = open[id]?.wire, case .write(let outgoing, _, _) = publisher.place(frame, on: id)
        else {
            return false
        }
        var flags: FrameFlags = outgoing.isKey ? .key : []
        if outgoing.endsGroup { flags.insert(.endOfGroup) }
        guard
            let packed = try? LegacyFrame.write(
                timestamp: frame.timestamp,
                payload: frame.payload.span,
                allocator: allocator
            )
        else { return false }
        let bytes = unsafe UnsafeRawBufferPointer(start: packed.start, count: packed.count)
        return unsafe (try? wire.push(bytes, timestamp: frame.timestamp, flags: flags)) ?? false
    }

    /// The pictures of a track stop for a while: those who watch learn that nothing is missing, and who comes meanwhile
    /// does not get what was last.
    func pause(_ id: MediaTrackID) {
        guard let wire = open[id]?.wire, publisher.pause(id) else { return }
        wire.pushBreak()
    }

    func stop() {
        for id in open.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            if let closed = open[id] { close(closed) }
        }
        open.removeAll()
    }

    // MARK: Wires

    func wireReadable(_ wire: HostTrack) {}

    func wireChanged(_ wire: HostTrack, _ phase: TrackPhase, _ error: EngineError?) {
        guard phase == .failed, let error else { return }
        if let filler = open.values.first(where: { $0.wire === wire })?.filler {
            filler.wireFailed(error)
        } else {
            LogRing.shared.write(.warning, "media", "our catalogue: \(error.context)")
        }
    }

    func wireWanted(_ wire: HostTrack, _ isWanted: Bool) {
        open.values.first { $0.wire === wire }?.filler?.wireWanted(isWanted)
    }

    func keyFrameWanted(_ wire: HostTrack) {
        open.values.first { $0.wire === wire }?.filler?.keyFrameWanted()
    }
}

/// Fills one of our tracks.
protocol WireFiller: AnyObject {
    /// The host's track that is sent by it.
    var filled: HostTrack { get }
    /// It cannot be published.
    func wireFailed(_ error: EngineError)
    /// Somebody began to follow it, or nobody does any more.
    func wireWanted(_ isWanted: Bool)
    /// What is sent is to go on with a key frame.
    func keyFrameWanted()
}

extension WireFiller {
    func keyFrameWanted() {}
}
