import BurrowBase

/// What the host says about a frame it publishes.
package struct OutgoingFrame: Equatable, Sendable {
    /// Microseconds.
    package var timestamp: Int64
    /// Begins a new group.
    package var isKey: Bool
    /// The group is complete with it.
    package var endsGroup: Bool
    /// To be sent as a datagram where possible.
    package var isDatagram: Bool

    package init(timestamp: Int64, isKey: Bool, endsGroup: Bool, isDatagram: Bool) {
        self.timestamp = timestamp
        self.isKey = isKey
        self.endsGroup = endsGroup
        self.isDatagram = isDatagram
    }
}

/// Where a frame stands in its track.
package struct FramePlace: Equatable, Sendable {
    package let group: UInt64
    package let index: Int
}

/// A track the host fills.
final class PublishedTrack: TrackSource {
    let track: Track
    private let id: TrackID
    private let services: NodeServices
    private var isWanted = false
    private var group: Group?
    private var nextSequence: UInt64 = 0
    /// For frames that are too large to be cut from the blocks all tracks share, made with the first of them.
    private var largeFrames: SliceAllocator?

    /// Half of it is the largest frame whose memory is used again. Pages that nothing is written to cost none.
    private static let largeBlock = 256 * 1024

    init(_ id: TrackID, track: Track, services: NodeServices) {
        self.id = id
        self.track = track
        self.services = services
        track.setState(.live)
        track.source = self
    }

    func push(_ frame: OutgoingFrame, payload: UnsafeRawBufferPointer, now: Instant) throws(MoQError) {
        guard track.isOpen else { throw MoQError(.closed, "track is unpublished") }
        guard payload.count <= TrackLimits.publishedFrameBytes else {
            throw MoQError(.limit, "frame of \(payload.count) bytes is too large")
        }
        if frame.isDatagram && payload.count <= TrackLimits.datagramPayload {
            endGroup()
            let slice = unsafe services.context.allocator.copy(payload)
            track.append(Datagram(sequence: nextSequence, timestamp: frame.timestamp, payload: slice))
            track.noteFrame(bytes: payload.count)
            nextSequence += 1
            return
        }
        if frame.isKey || frame.isDatagram || isFull { endGroup() }
        if group == nil {
            group = track.beginGroup(nextSequence, now: now)
            nextSequence += 1
        }
        guard let group else { throw MoQError(.internalError, "no group for the frame") }
        unsafe group.appendFrame(
            timestamp: frame.timestamp,
            payload: payload,
            allocator: allocator(for: payload.count)
        )
        track.noteFrame(bytes: payload.count)
        track.note(group)
        if frame.endsGroup || frame.isDatagram { endGroup() }
    }

    /// A group without a frame, for media the mark of a break in time: nothing after it goes on from what was before,
    /// and who comes meanwhile gets nothing old.
    func breakTime(now: Instant) {
        guard track.isOpen else { return }
        endGroup()
        group = track.beginGroup(nextSequence, now: now)
        nextSequence += 1
        endGroup()
    }

    private func allocator(for count: Int) -> SliceAllocator {
        // What the header of a frame takes is little.
        guard count + 16 > SliceAllocator.blockSize / 2 else { return services.context.allocator }
        let allocator = largeFrames ?? SliceAllocator(blockSize: Self.largeBlock)
        largeFrames = allocator
        return allocator
    }

    /// Where a frame will stand if it is pushed next.
    func place(of frame: OutgoingFrame) -> FramePlace {
        guard let group, !frame.isKey, !frame.isDatagram, !isFull else {
            return FramePlace(group: nextSequence, index: 0)
        }
        return FramePlace(group: group.sequence, index: group.frames.count)
    }

    /// A host that never marks a key frame must not fill the memory with one endless group.
    private var isFull: Bool {
        guard let group else { return false }
        return group.frames.count >= TrackLimits.publishedGroupFrames
            || group.log.byteCount >= TrackLimits.publishedGroupBytes
    }

    func demandChanged(_ track: Track) {
        let wanted = !track.readers.isEmpty
        guard wanted != isWanted else { return }
        isWanted = wanted
        services.tell(.demand(id, isWanted: wanted))
    }

    private func endGroup() {
        guard let open = group else { return }
        open.finish()
        track.note(open)
        group = nil
    }

    func end() {
        endGroup()
        track.setState(.ended)
    }
}
