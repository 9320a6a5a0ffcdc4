package import BurrowBase

/// A group: frames in order, written by one source and read by any number of streams and local readers.
///
/// The bytes are kept in the form lite-05 sends them, per frame `timestamp delta, payload length, payload`, so a
/// stream only follows `log`; versions without timestamps skip the delta (see `ByteLog.Entry.skip`).
package final class Group {
    /// Where a frame lies in the log.
    package struct Frame {
        /// In the track's timescale.
        package let timestamp: Int64
        package let length: Int
        /// The log entry the frame's header begins in.
        let entry: Int
        /// Bytes of header at the front of that entry.
        let headerLength: Int
    }

    package private(set) var sequence: UInt64 = 0
    package private(set) var log = ByteLog()
    package private(set) var frames: ContiguousArray<Frame> = []
    /// When the first byte of the group was seen.
    package private(set) var arrival = Instant(microseconds: 0)
    /// When the next group came and with which timestamp it begins; noted when the track lets go of this one.
    private(set) var supersession: (since: Instant, begin: Int64?)?
    /// Payload bytes of the last frame that are still to come.
    package private(set) var missingBytes = 0
    private var lastTimestamp: Int64 = 0
    /// Bytes that the cache's budget knows of.
    private(set) var countedBytes = 0
    /// Whether the log holds anything of the payload of the newest frame.
    private var payloadStarted = false

    /// Nothing a peer says makes more memory than this at once.
    private static let reserved = 256

    /// What a frame costs besides its bytes: it can be empty.
    private static let frameCost = 96
    /// What each piece costs that a frame's payload came in beyond the first: it can be a single byte.
    private static let pieceCost = 96

    package init() {}

    /// Gets a used group ready for another sequence, keeping its memory.
    func reuse(sequence: UInt64, arrival: Instant) {
        self.sequence = sequence
        self.arrival = arrival
        frames.removeAll(keepingCapacity: true)
        missingBytes = 0
        supersession = nil
        lastTimestamp = 0
        countedBytes = 0
        payloadStarted = false
        log.reset()
    }

    /// Makes memory for about so many frames, instead of growing it step by step.
    func reserve(_ count: Int) {
        frames.reserveCapacity(min(count, Self.reserved))
        log.reserve(min(count, Self.reserved))
    }

    /// Whether nobody but the pool holds this group's log.
    func ownsLogAlone() -> Bool { isKnownUniquelyReferenced(&log) }

    /// The timestamp of the first frame, or `nil` while there is none.
    package var firstTimestamp: Int64? { frames.first?.timestamp }

    /// Frames whose payload is complete.
    package var completeFrames: Int { missingBytes > 0 ? frames.count - 1 : frames.count }

    package var isOpen: Bool { log.end == .open }

    /// How much memory the group takes, roughly.
    package var footprint: Int {
        let pieces = max(log.endEntry - 2 * frames.count, 0)
        return log.byteCount + frames.count * Self.frameCost + pieces * Self.pieceCost
    }

    /// How much the group grew since this was last asked.
    func countGrowth() -> Int {
        let grown = footprint - countedBytes
        countedBytes += grown
        return grown
    }

    /// Starts a frame whose payload follows by `append(payload:)`.
    package func beginFrame(timestamp: Int64, length: Int, allocator: SliceAllocator) {
        let header = FrameHeader(timestampDelta: timestamp &- lastTimestamp, payloadLength: length)
        let slice = allocator.kept(allocator.copy(header.encoded.span))
        frames.append(
            Frame(timestamp: timestamp, length: length, entry: log.endEntry, headerLength: slice.count)
        )
        log.append(slice, skip: header.deltaLength)
        lastTimestamp = timestamp
        missingBytes = length
        payloadStarted = false
    }

    /// Starts a frame with a timestamp relative to the previous one, as lite-05 carries it.
    package func beginFrame(timestampDelta: Int64, length: Int, allocator: SliceAllocator) {
        beginFrame(timestamp: lastTimestamp &+ timestampDelta, length: length, allocator: allocator)
    }

    /// Adds payload to the newest frame. More than it announced is cut off.
    package func append(payload: Slice, allocator: SliceAllocator) {
        let part = allocator.kept(payload.prefix(missingBytes))
        guard part.count > 0 else { return }
        // The first piece never joins the header's entry, so that a frame's payload starts at an entry of its own.
        if payloadStarted { log.extend(part) } else { log.append(part) }
        payloadStarted = true
        missingBytes -= part.count
    }

    /// Adds a whole frame in one piece of memory.
    package func appendFrame(timestamp: Int64, payload: UnsafeRawBufferPointer, allocator: SliceAllocator) {
        let header = FrameHeader(timestampDelta: timestamp &- lastTimestamp, payloadLength: payload.count)
        let headerLength = header.encoded.count
        let slice = unsafe allocator.allocate(headerLength + payload.count) { (target) in
            unsafe header.encoded.copy(to: target)
            if let source = payload.baseAddress {
                unsafe (target + headerLength).copyMemory(from: source, byteCount: payload.count)
            }
        }
        frames.append(
            Frame(
                timestamp: timestamp,
                length: payload.count,
                entry: log.endEntry,
                headerLength: headerLength
            )
        )
        log.append(slice, skip: header.deltaLength)
        lastTimestamp = timestamp
        missingBytes = 0
        payloadStarted = false
    }

    /// Ends the group. One that ends inside a frame was cut off, and readers must not take it for whole.
    package func finish() {
        if missingBytes > 0 { log.abort(StreamCode.malformed.wire) } else { log.finish() }
    }

    /// Gives the group up; streams that follow it are reset with the code.
    package func abort(_ code: StreamCode) {
        log.abort(code.wire)
    }

    func superseded(by next: Group) {
        supersession = (next.arrival, next.firstTimestamp)
    }

    /// Gives the group up even if it was complete.
    package func revoke(_ code: StreamCode) {
        log.revoke(code.wire)
    }

    /// Copies the payload of a complete frame to `target`, which has room for `frames[index].length` bytes.
    package func copyPayload(of index: Int, to target: UnsafeMutableRawPointer) {
        guard index >= 0, index < completeFrames else { return }
        let frame = frames[index]
        var cursor = ByteLog.Cursor(entry: frame.entry, offset: frame.headerLength)
        var written = 0
        while written < frame.length, let slice = log.next(at: &cursor, bare: false) {
            let part = slice.prefix(frame.length - written)
            unsafe (target + written).copyMemory(from: part.start, byteCount: part.count)
            written += part.count
            cursor.offset += part.count
        }
    }
}
