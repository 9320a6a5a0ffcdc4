package import BurrowBase
package import BurrowMoQ

/// Publishes a broadcast's sound and pictures: says which tracks to open, what to write to the catalogue's, and where
/// in its track each encoded frame goes.
///
/// The owner performs `nextAction` until there is none, before it announces the broadcast and after every change, so
/// that nobody finds a broadcast without its catalogue, or in a catalogue a track that is not open.
package struct MediaPublisher {
    /// What the owner is to do with its tracks, in this order.
    package enum Action: Equatable, Sendable {
        case open(MediaTrackID, TrackConfiguration)
        /// A group of its own on the catalogue's track, which is opened before.
        case writeCatalogue([UInt8])
        case close(MediaTrackID)
    }

    /// What became of frames, of all tracks.
    package struct Counters: Equatable, Sendable {
        package var placed: UInt64 = 0
        package var refused: UInt64 = 0
        package var catalogues: UInt64 = 0

        package init(placed: UInt64 = 0, refused: UInt64 = 0, catalogues: UInt64 = 0) {
            self.placed = placed
            self.refused = refused
            self.catalogues = catalogues
        }
    }

    private struct Source {
        let id: MediaTrackID
        let name: String
        var writer: GroupWriter
    }

    package private(set) var catalogue = Catalogue()
    package private(set) var counters = Counters()
    /// When the catalogue wants to be written again; ask `nextAction` then.
    package private(set) var deadline: Instant = .distantFuture
    private var sources: ContiguousArray<Source> = []
    private var opens: FIFO<Action> = FIFO()
    private var closes: FIFO<MediaTrackID> = FIFO()
    private var lastID = MediaTrackID.catalogue.rawValue
    /// What was written last.
    private var published: (catalogue: Catalogue, at: Instant)?
    /// How often figures alone are published anew.
    private let figuresInterval: Interval

    package init(figuresInterval: Interval = .seconds(1)) {
        self.figuresInterval = figuresInterval
        opens.append(.open(.catalogue, TrackDefaults.catalogueConfiguration))
    }

    // MARK: Tracks

    /// Adds a rendition of the pictures. Its container is always `legacy`.
    package mutating func add(_ rendition: VideoRendition) throws(MediaError) -> MediaTrackID {
        var next = catalogue
        var rendition = rendition
        rendition.container = .legacy
        next.video.renditions.append(rendition)
        try accept(next)
        return add(.video, name: rendition.name, packetsPerGroup: 1)
    }

    /// Adds a rendition of the sound. More packets in a group cost less overhead and more delay when one is lost.
    package mutating func add(
        _ rendition: AudioRendition,
        packetsPerGroup: Int = 1
    ) throws(MediaError) -> MediaTrackID {
        var next = catalogue
        var rendition = rendition
        rendition.container = .legacy
        next.audio.renditions.append(rendition)
        try accept(next)
        return add(.audio, name: rendition.name, packetsPerGroup: packetsPerGroup)
    }

    private mutating func add(_ kind: MediaKind, name: String, packetsPerGroup: Int) -> MediaTrackID {
        lastID += 1
        let id = MediaTrackID(rawValue: lastID)
        let writer = GroupWriter(kind: kind, packetsPerGroup: packetsPerGroup)
        sources.append(Source(id: id, name: name, writer: writer))
        opens.append(.open(id, TrackDefaults.configuration(kind, name: name)))
        return id
    }

    /// Takes a track out of the catalogue, then closes it.
    package mutating func remove(_ id: MediaTrackID) {
        guard let index = sources.firstIndex(where: { $0.id == id }) else { return }
        let source = sources.remove(at: index)
        catalogue.video.renditions.removeAll { $0.name == source.name }
        catalogue.audio.renditions.removeAll { $0.name == source.name }
        closes.append(id)
    }

    // MARK: Catalogue

    /// Says something else about a rendition of the pictures. Its name stays.
    package mutating func update(
        _ id: MediaTrackID,
        _ change: (inout VideoRendition) -> Void
    ) throws(MediaError) {
        let index = catalogue.video.renditions.firstIndex { $0.name == trackName(of: id) }
        guard let index else { throw MediaError(.invalidArgument, "no such video track") }
        var next = catalogue
        let name = next.video.renditions[index].name
        change(&next.video.renditions[index])
        next.video.renditions[index].name = name
        next.video.renditions[index].container = .legacy
        try accept(next)
    }

    /// Says something else about a rendition of the sound. Its name stays.
    package mutating func update(
        _ id: MediaTrackID,
        _ change: (inout AudioRendition) -> Void
    ) throws(MediaError) {
        let index = catalogue.audio.renditions.firstIndex { $0.name == trackName(of: id) }
        guard let index else { throw MediaError(.invalidArgument, "no such audio track") }
        var next = catalogue
        let name = next.audio.renditions[index].name
        change(&next.audio.renditions[index])
        next.audio.renditions[index].name = name
        next.audio.renditions[index].container = .legacy
        try accept(next)
    }

    package mutating func set(user: Catalogue.User?) throws(MediaError) {
        var next = catalogue
        next.user = user
        try accept(next)
    }

    package mutating func set(data: [Catalogue.DataTrack]) throws(MediaError) {
        var next = catalogue
        next.data = data
        try accept(next)
    }

    /// How all pictures are to be shown.
    package mutating func set(display: PictureSize?, rotation: Int, isFlipped: Bool) throws(MediaError) {
        var next = catalogue
        next.video.display = display
        next.video.rotation = rotation
        next.video.isFlipped = isFlipped
        try accept(next)
    }

    /// What a track carries; `nil` for the catalogue's.
    package func kind(of id: MediaTrackID) -> MediaKind? {
        sources.first { $0.id == id }?.writer.kind
    }

    private func trackName(of id: MediaTrackID) -> String? {
        sources.first { $0.id == id }?.name
    }

    /// Takes a catalogue over only if it can be written.
    private mutating func accept(_ next: Catalogue) throws(MediaError) {
        _ = try next.encoded()
        catalogue = next
    }

    // MARK: Doing

    /// The next thing to do; `nil` when there is none before `deadline`.
    package mutating func nextAction(now: Instant) -> Action? {
        if let open = opens.popFirst() { return open }
        if isCatalogueDue(now: now), let document = try? catalogue.encoded() {
            published = (catalogue, now)
            deadline = .distantFuture
            counters.catalogues &+= 1
            return .writeCatalogue(document)
        }
        return closes.popFirst().map { .close($0) }
    }

    /// What matters at once, figures when their time has come.
    private mutating func isCatalogueDue(now: Instant) -> Bool {
        guard let published else { return true }
        guard published.catalogue != catalogue else {
            deadline = .distantFuture
            return false
        }
        let diff = CatalogueDiff(from: published.catalogue, to: catalogue)
        let isUrgent = diff.isStructural || diff.changesUser || diff.changesDisplay || diff.changesData
        if isUrgent || changesStall(published.catalogue) { return true }
        deadline = published.at + figuresInterval
        return now >= deadline
    }

    /// A rendition that stalls is to be left now, not in a while.
    private func changesStall(_ old: Catalogue) -> Bool {
        catalogue.video.renditions.contains { $0.isStalled != old.video(named: $0.name)?.isStalled }
    }

    /// Says where a frame of a track goes. Frames of one track come in the order of encoding.
    package mutating func place(_ frame: EncodedFrame, on id: MediaTrackID) -> FramePlacement {
        guard let index = sources.firstIndex(where: { $0.id == id }) else {
            counters.refused &+= 1
            return .refused(.unknownTrack)
        }
        let placement = sources[index].writer.place(frame)
        if case .write = placement { counters.placed &+= 1 } else { counters.refused &+= 1 }
        return placement
    }

    /// The pictures of a track stop for a while. Whether a group without a frame, the mark of a break in time, is to be
    /// written; the next frame must be a key frame then.
    package mutating func pause(_ id: MediaTrackID) -> Bool {
        guard let index = sources.firstIndex(where: { $0.id == id }) else { return false }
        return sources[index].writer.pause()
    }
}
