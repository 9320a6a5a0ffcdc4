import BurrowBase
import BurrowMoQ

/// A subscribed track of one rendition: takes frames out of its container and gives them out in their order.
struct IncomingTrack {
    let id: MediaTrackID
    let kind: MediaKind
    let name: String
    let broadcast: BroadcastPath
    private(set) var reader: ContainerReader
    /// For pictures. Sound is given out as it comes: a jitter buffer puts it in order better, because it knows when
    /// each packet is due.
    private var sequencer: GroupSequencer
    private var arrived = FIFO<GroupSequencer.Head>()
    /// The container gave these for one frame of the track.
    private var unpacked: ContiguousArray<EncodedFrame> = []
    private var isDiscontinuous = false
    /// The newest group that began with frames without media, and the last of them: its first picture is behind.
    private var emptyFront: (group: UInt64, index: Int)?
    /// The number of the decoder for what is given out, and for what comes from the next key frame on.
    var decoder: UInt32
    var nextDecoder: UInt32
    /// The track is over, refused or no longer in the catalogue.
    var isGone = false
    /// Nothing more comes on it.
    var isOver = false
    private(set) var damagedFrames: UInt64 = 0

    /// Packets of sound that nobody takes.
    private static let arrivedLimit = 512

    init(
        id: MediaTrackID,
        kind: MediaKind,
        name: String,
        broadcast: BroadcastPath,
        reader: ContainerReader,
        decoder: UInt32,
        maxLatency: Interval
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.broadcast = broadcast
        self.reader = reader
        self.decoder = decoder
        nextDecoder = decoder
        sequencer = GroupSequencer(maxLatency: maxLatency)
    }

    var maxLatency: Interval {
        get { sequencer.maxLatency }
        set { sequencer.maxLatency = newValue }
    }

    var skippedGroups: UInt64 { sequencer.skippedGroups }
    var lateFrames: UInt64 { sequencer.lateFrames }
    var interval: Int64 { sequencer.interval }
    var waiting: Int { sequencer.waiting }
    var newestTimestamp: Int64? { sequencer.newestTimestamp }
    var deadline: Instant { kind == .video ? sequencer.deadline : .distantFuture }

    /// Goes on with another container from here.
    mutating func replace(reader: ContainerReader) {
        self.reader = reader
    }

    mutating func receive(_ payload: Slice, group: UInt64, index: Int, isDiscontinuous gap: Bool) {
        let isFirst = index == 0 || emptyFront.map { $0 == (group, index - 1) } ?? false
        do throws(MediaError) {
            unpacked.removeAll(keepingCapacity: true)
            try reader.read(payload, isFirst: isFirst, into: &unpacked)
        } catch {
            damagedFrames &+= 1
            if kind == .video { sequencer.damage(group) } else { isDiscontinuous = true }
            return
        }
        if isFirst && unpacked.isEmpty { emptyFront = (group, index) }
        for (offset, frame) in unpacked.enumerated() {
            switch kind {
            case .video: sequencer.insert(frame, group: group, isFirst: isFirst && offset == 0)
            case .audio:
                if arrived.count >= Self.arrivedLimit {
                    _ = arrived.popFirst()
                    isDiscontinuous = true
                }
                let isAfterGap = isDiscontinuous || gap && offset == 0
                arrived.append(.init(frame: frame, group: group, isDiscontinuous: isAfterGap))
                isDiscontinuous = false
            }
        }
        // Otherwise the last frame's memory would not be used again until the next one.
        unpacked.removeAll(keepingCapacity: true)
    }

    mutating func end(_ group: UInt64, isWhole: Bool, isEmpty: Bool) {
        switch kind {
        case .video: sequencer.end(group, isWhole: isWhole, isEmpty: isEmpty)
        case .audio: if isEmpty { isDiscontinuous = true }
        }
    }

    mutating func damage(_ group: UInt64) {
        if kind == .video { sequencer.damage(group) } else { isDiscontinuous = true }
    }

    mutating func giveUp(_ group: UInt64) {
        if kind == .video { sequencer.giveUp(group) }
    }

    mutating func catchUp() {
        if kind == .video { sequencer.catchUp() }
    }

    mutating func restart() {
        sequencer.restart()
        isDiscontinuous = true
    }

    mutating func head(now: Instant) -> GroupSequencer.Head? {
        kind == .video ? sequencer.head(now: now) : arrived.first
    }

    mutating func pop() {
        if kind == .video { sequencer.pop() } else { _ = arrived.popFirst() }
    }
}
