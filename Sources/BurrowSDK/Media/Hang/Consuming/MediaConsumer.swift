package import BurrowBase
package import BurrowMoQ

/// Follows one broadcast of somebody else's: reads its catalogue, says which tracks to subscribe, and brings the frames
/// of those into the order to decode them.
///
/// The owner performs `nextAction` until there is none after whatever it told the consumer, hands in what the tracks
/// bring, and takes frames with `nextFrame`. Nothing here waits: `deadline` says when to ask again.
package struct MediaConsumer {
    /// What came and what became of it, since the beginning.
    package struct Counters: Equatable, Sendable {
        package var frames: UInt64 = 0
        /// That no container could be read from.
        package var damaged: UInt64 = 0
        /// Of groups that were given up before.
        package var late: UInt64 = 0
        package var skippedGroups: UInt64 = 0
        /// Changes from one rendition to another.
        package var switches: UInt64 = 0

        package init(frames: UInt64 = 0) {
            self.frames = frames
        }
    }

    package let path: BroadcastPath
    package let support: MediaSupport
    package internal(set) var follower: CatalogueFollower
    /// What is wanted of the pictures; `nil` for none.
    package private(set) var videoWish: VideoWish?
    package private(set) var wantsAudio = false
    /// The only rendition of sound that will do; `nil` for any.
    private(set) var audioName: String?
    private var audioTerms: MediaTerms
    private var videoTerms: MediaTerms
    /// Whether packets of sound go through here. When their owner takes them from the track itself, a new track takes
    /// the place of the old one at once.
    let carriesAudio: Bool
    var actions = FIFO<MediaConsumerAction>()
    var audio = RenditionSwitch(.audio)
    var video = RenditionSwitch(.video)
    /// Renditions whose tracks turned out unusable, until the catalogue says something new.
    var unusable: [String] = []
    /// Renditions whose tracks are over although the catalogue has them; asked for again by `retry`.
    var over: [String] = []
    /// The catalogue comes from a new track, and may say the same as before although everything else is new.
    var isAnew = false
    private var lastID = MediaTrackID.catalogue.rawValue
    private var lastDecoder: UInt32 = 0
    /// Of tracks that are left.
    private var past = Counters()

    package init(
        path: BroadcastPath,
        support: MediaSupport = MediaSupport(),
        maxLatency: Interval = TrackDefaults.maxLatency,
        carriesAudio: Bool = true
    ) {
        self.carriesAudio = carriesAudio
        self.path = path
        self.support = support
        audioTerms = MediaTerms(.audio, maxLatency: maxLatency)
        videoTerms = MediaTerms(.video, maxLatency: maxLatency)
        follower = CatalogueFollower(path: path)
        subscribeCatalogue()
    }

    private mutating func subscribeCatalogue() {
        actions.append(
            .subscribe(
                .catalogue,
                broadcast: path,
                name: Catalogue.trackName,
                TrackDefaults.catalogueRequest
            )
        )
    }

    package var catalogue: Catalogue? { follower.catalogue }

    // MARK: Wishes

    /// Which pictures are wanted from now on. Another rendition takes over at one of its key frames.
    package mutating func want(video wish: VideoWish?) {
        videoWish = wish
        choose(.video)
    }

    /// Whether sound is wanted from now on, and if need be which.
    package mutating func want(audio wanted: Bool, named name: String? = nil) {
        wantsAudio = wanted
        audioName = name
        choose(.audio)
    }

    package func terms(of kind: MediaKind) -> MediaTerms { kind == .audio ? audioTerms : videoTerms }

    /// Asks for the tracks of a kind in another way, those that are subscribed too.
    package mutating func set(_ next: MediaTerms, of kind: MediaKind) {
        guard next != terms(of: kind) else { return }
        if kind == .audio { audioTerms = next } else { videoTerms = next }
        self[kind].set(maxLatency: next.maxLatency)
        for track in self[kind].tracks { actions.append(.update(track.id, next.request)) }
    }

    subscript(_ kind: MediaKind) -> RenditionSwitch {
        get { kind == .audio ? audio : video }
        // In place: a copy would copy every queue in it once one is written to.
        _modify { if kind == .audio { yield &audio } else { yield &video } }
    }

    /// Does something with a track; nothing when it is left already.
    private mutating func with(_ id: MediaTrackID, _ body: (inout IncomingTrack) -> Void) {
        if !audio.with(id, body) { _ = video.with(id, body) }
    }

    // MARK: What tracks bring

    /// Takes a frame of a track, as it was on the wire. `index` is its place in the group.
    package mutating func receive(
        _ payload: Slice,
        of id: MediaTrackID,
        group: UInt64,
        index: Int,
        isDiscontinuous: Bool = false
    ) {
        guard id != .catalogue else { return follower.offer(payload, group: group) }
        with(id) { $0.receive(payload, group: group, index: index, isDiscontinuous: isDiscontinuous) }
    }

    /// A group is over; `isWhole` when nothing of it is missing, `count` is how many frames it had.
    package mutating func endGroup(_ group: UInt64, of id: MediaTrackID, isWhole: Bool, count: Int) {
        with(id) { $0.end(group, isWhole: isWhole, isEmpty: count == 0) }
    }

    /// A frame of a group was lost on the way, and what refers to it is of no use.
    package mutating func damage(_ group: UInt64, of id: MediaTrackID) {
        with(id) { $0.damage(group) }
    }

    /// The publisher has started anew: groups of this track count from the beginning.
    package mutating func restart(_ id: MediaTrackID) {
        guard id != .catalogue else { return follower.restart() }
        with(id) { $0.restart() }
    }

    /// Nothing more of a group can be decoded: what comes next is the key frame of a later one.
    package mutating func giveUp(_ group: UInt64, of id: MediaTrackID) {
        with(id) { $0.giveUp(group) }
    }

    /// Pictures are decoded too late: goes on with the last group of the track that has begun, if it is another.
    package mutating func catchUp(_ id: MediaTrackID) {
        with(id) { $0.catchUp() }
    }

    /// A track has ended or cannot be had. Another rendition takes its place if there is one.
    package mutating func end(_ id: MediaTrackID) {
        leave(id) { $0.over.append($1) }
    }

    /// What a track brings cannot be decoded. Another rendition takes its place if there is one; this one is not asked
    /// for again before the catalogue says something new.
    package mutating func refuse(_ id: MediaTrackID) {
        leave(id) { $0.unusable.append($1) }
    }

    private mutating func leave(_ id: MediaTrackID, _ note: (inout Self, String) -> Void) {
        for kind in MediaKind.allCases {
            guard let track = self[kind].tracks.first(where: { $0.id == id }), !track.isGone else { continue }
            note(&self, track.name)
            with(id) { ($0.isGone, $0.isOver) = (true, true) }
            choose(kind)
        }
    }

    /// Asks again for tracks that had ended: the publisher may have begun others of the same name.
    package mutating func retry() {
        guard !over.isEmpty else { return }
        over.removeAll()
        for kind in MediaKind.allCases { choose(kind) }
    }

    /// Follows the catalogue anew: its track is over, or the broadcast is another one.
    package mutating func followAnew() {
        isAnew = true
        follower.restart()
        actions.append(.unsubscribe(.catalogue))
        subscribeCatalogue()
    }

    // MARK: Out

    /// The next thing to do with the tracks; `nil` when there is none.
    package mutating func nextAction() -> MediaConsumerAction? {
        if follower.isWaiting { readCatalogue() }
        return actions.popFirst()
    }

    /// The next frame of the sound, in the order of arrival, or of the pictures, in the order to decode.
    package mutating func nextFrame(_ kind: MediaKind, now: Instant) -> MediaFrame? {
        let next = self[kind].next(now: now)
        if let track = self[kind].takeReplaced() {
            past.switches &+= 1
            leave(track)
        }
        return next.map { frame($0.head, of: $0.track, isDecodedOnly: $0.isDecodedOnly) }
    }

    private mutating func frame(
        _ head: GroupSequencer.Head,
        of track: IncomingTrack,
        isDecodedOnly: Bool
    ) -> MediaFrame {
        past.frames &+= 1
        return MediaFrame(
            track: track.id,
            kind: track.kind,
            frame: head.frame,
            group: head.group,
            decoder: track.decoder,
            isDiscontinuous: head.isDiscontinuous,
            followsPause: head.followsPause,
            isDecodedOnly: isDecodedOnly
        )
    }

    /// How many pictures wait to be taken with `nextFrame`, and the usual time between two.
    package var waitingPictures: (count: Int, interval: Interval) { video.waiting }

    /// When `nextFrame` may have something although nothing came.
    package var deadline: Instant { video.deadline }

    package var counters: Counters {
        var sum = past
        audio.add(to: &sum)
        video.add(to: &sum)
        return sum
    }

    /// What the decoder for a frame's track must know; `nil` when the catalogue no longer has it.
    package func videoFormat(of id: MediaTrackID) -> VideoFormat? {
        guard let track = video.tracks.first(where: { $0.id == id }),
            let rendition = catalogue?.video(named: track.name)
        else { return nil }
        return VideoFormat(
            rendition: rendition,
            description: rendition.description ?? track.reader.description
        )
    }

    package func audioFormat(of id: MediaTrackID) -> AudioFormat? {
        guard let track = audio.tracks.first(where: { $0.id == id }),
            let rendition = catalogue?.audio(named: track.name)
        else { return nil }
        return AudioFormat(
            rendition: rendition,
            description: rendition.description ?? track.reader.description
        )
    }

    // MARK: Tracks

    /// Subscribes the track of a rendition; `nil` when its container cannot be read.
    mutating func open(
        _ kind: MediaKind,
        _ name: String,
        _ container: Container,
        _ broadcast: BroadcastPath
    ) -> IncomingTrack? {
        lastID += 1
        let id = MediaTrackID(rawValue: lastID)
        let reader: ContainerReader
        do {
            reader = try ContainerReader(container, of: kind)
        } catch {
            actions.append(.problem(id, error))
            return nil
        }
        let terms = terms(of: kind)
        actions.append(.subscribe(id, broadcast: broadcast, name: name, terms.request))
        return IncomingTrack(
            id: id,
            kind: kind,
            name: name,
            broadcast: broadcast,
            reader: reader,
            decoder: newDecoder(),
            maxLatency: terms.maxLatency
        )
    }

    mutating func newDecoder() -> UInt32 {
        lastDecoder &+= 1
        return lastDecoder
    }

    mutating func leave(_ track: IncomingTrack) {
        past.add(track)
        let isEnding = track.kind == .audio && track.isGone && !track.isOver && wantsAudio && !carriesAudio
        actions.append(isEnding ? .finish(track.id) : .unsubscribe(track.id))
    }
}

extension MediaConsumer.Counters {
    mutating func add(_ track: IncomingTrack) {
        damaged &+= track.damagedFrames
        late &+= track.lateFrames
        skippedGroups &+= track.skippedGroups
    }
}
