import BurrowBase
import BurrowMoQ

/// Divides the frames of one published track into groups: pictures from key frame to key frame, sound by a fixed
/// number of packets. The first frame of a group can be decoded without any other, and groups never begin before the
/// one before them.
struct GroupWriter {
    let kind: MediaKind
    /// Packets of sound in a group; of no meaning for pictures.
    let packetsPerGroup: Int
    private var nextGroup: UInt64 = 0
    /// The group being written.
    private var group: UInt64?
    private var count = 0
    private var bytes = 0
    /// The newest group is the mark of a break.
    private var isPaused = false
    /// Where the newest group begins.
    private var start: Int64 = 0

    init(kind: MediaKind, packetsPerGroup: Int) {
        self.kind = kind
        self.packetsPerGroup = min(max(packetsPerGroup, 1), HangLimits.groupFrames)
    }

    mutating func place(_ frame: EncodedFrame) -> FramePlacement {
        guard frame.payload.count > 0 else { return .refused(.empty) }
        guard frame.payload.count <= HangLimits.frameBytes else { return .refused(.tooLarge) }
        guard frame.timestamp >= 0, frame.timestamp <= HangLimits.timestamp else {
            return .refused(.timestampOutOfRange)
        }
        guard frame.timestamp >= start else { return .refused(.timestampBehind) }
        let isFull = count >= HangLimits.groupFrames || bytes >= HangLimits.groupBytes
        let begins: Bool
        switch kind {
        case .audio:
            begins = group == nil || isFull
        case .video:
            // The track below would end an endless group by force and begin the next with whatever comes.
            guard frame.isKey || group != nil && !isFull else { return .refused(.needsKeyFrame) }
            begins = frame.isKey
        }
        if begins { begin(at: frame.timestamp) }
        let (current, index) = (nextGroup &- 1, count)
        count += 1
        bytes += frame.payload.count
        let ends = kind == .audio && count >= packetsPerGroup
        if ends { group = nil }
        let outgoing = OutgoingFrame(
            timestamp: frame.timestamp,
            isKey: begins,
            endsGroup: ends,
            isDatagram: false
        )
        return .write(outgoing, group: current, index: index)
    }

    /// Pictures stop for a while: takes the place of a group without a frame. False when the last one was that already,
    /// or there was none.
    mutating func pause() -> Bool {
        guard kind == .video, nextGroup > 0, !isPaused else { return false }
        group = nil
        nextGroup &+= 1
        isPaused = true
        return true
    }

    private mutating func begin(at timestamp: Int64) {
        isPaused = false
        group = nextGroup
        nextGroup &+= 1
        count = 0
        bytes = 0
        start = timestamp
    }
}
