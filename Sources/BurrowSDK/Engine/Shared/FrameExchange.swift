package import BurrowBase

/// The frames of one track between the loop and the host.
///
/// Received frames wait here to be pulled, each in a buffer that is lent to the host and comes back. Pushed frames wait in
/// one growing piece of memory which the loop swaps for an empty one. Neither way allocates in steady state.
package final class FrameExchange: Sendable {
    /// What is known about a received frame besides its bytes.
    package struct Description: Equatable, Sendable {
        package var group: UInt64
        package var sequence: UInt64
        package var timestamp: Int64
        /// How long it lasts, in microseconds; 0 when that is not known.
        package var duration: Int64 = 0
        /// When the last byte of it came.
        package var arrival: Instant
        /// The ABI's frame flags.
        package var flags: FrameFlags

        package init(group: UInt64, sequence: UInt64, timestamp: Int64, arrival: Instant, flags: FrameFlags) {
            self.group = group
            self.sequence = sequence
            self.timestamp = timestamp
            self.arrival = arrival
            self.flags = flags
        }
    }

    /// A received frame on loan.
    package struct Loan: Sendable {
        package let buffer: FrameBuffer
        /// Where the frame begins in the buffer.
        var offset = 0
        package let count: Int
        package let description: Description

        /// The frame, as long as the loan lasts.
        package var bytes: UnsafeRawBufferPointer {
            unsafe UnsafeRawBufferPointer(start: buffer.base + offset, count: count)
        }
    }

    /// What is said about groups between their frames, for whoever brings groups into order.
    package enum Mark: Equatable, Sendable {
        /// No more frames of a group will come, of which `count` there were; `isWhole` when none is missing.
        case groupEnd(group: UInt64, count: Int, isWhole: Bool)
        /// A frame of a group was dropped, so what refers to it is of no use.
        case lost(group: UInt64)
        /// The publisher has started anew: groups count from the beginning again.
        case restart
    }

    package enum Pull: Sendable {
        /// `refill` says that the loop holds more frames and should be told that there is room now.
        case frame(Loan, refill: Bool)
        case mark(Mark, refill: Bool)
        case nothing
        /// The track is over and nothing is left.
        case ended
    }

    /// Frames on their way to the loop, back to back.
    package struct Pushed: Sendable {
        package struct Frame: Equatable, Sendable {
            package var count: Int
            package var timestamp: Int64
            package var flags: FrameFlags
            /// No frame at all, but a group without any.
            package fileprivate(set) var isBreak = false

            package init(count: Int, timestamp: Int64, flags: FrameFlags) {
                self.count = count
                self.timestamp = timestamp
                self.flags = flags
            }
        }

        /// The frames, each with the exchange's margin around it.
        package var bytes: [UInt8] = []
        package fileprivate(set) var frames: [Frame] = []

        package init() {}

        package mutating func removeAll() {
            // A burst of large frames must not stay in memory for ever.
            bytes.removeAll(keepingCapacity: bytes.capacity <= 4 * EngineLimits.idleBufferBytes)
            frames.removeAll(keepingCapacity: true)
        }
    }

    package enum Push: Equatable, Sendable {
        /// `first` says that the loop has to be told.
        case taken(first: Bool)
        case full
        case closed
    }

    private enum Piece: Sendable {
        case frame(Loan)
        case mark(Mark)
    }

    private struct Incoming {
        var pieces = FIFO<Piece>()
        var bytes = 0
        var loans = 0
        var resting: [FrameBuffer] = []
        var isEnded = false
        var isEventQueued = false
        /// The loop found no room and waits to be told that there is some.
        var isLoopWaiting = false
        var received = Counters()

        var isFull: Bool {
            pieces.count >= EngineLimits.waitingFrames || bytes >= EngineLimits.waitingFrameBytes
        }
    }

    private struct Outgoing {
        var pushed = Pushed()
        var isClosed = false
        var isLoopTold = false
        var sent = Counters()
    }

    package struct Counters: Equatable, Sendable {
        package var frames: UInt64 = 0
        package var bytes: UInt64 = 0
        package var dropped: UInt64 = 0
    }

    private let incoming = Guarded(Incoming())
    private let outgoing = Guarded(Outgoing())
    /// What is left free around each pushed frame, for what is added to it on its way.
    let margin: Margin

    /// Bytes in front of a frame and behind it.
    struct Margin: Equatable, Sendable {
        var front = 0
        var back = 0
    }

    package convenience init() {
        self.init(margin: Margin())
    }

    init(margin: Margin) {
        self.margin = margin
    }

    // MARK: Received frames, loop side

    /// Whether more frames may be delivered. When not, the pull that makes room asks for a refill.
    package func hasRoom() -> Bool {
        incoming.withLock { (state) in
            if state.isFull { state.isLoopWaiting = true }
            return !state.isFull
        }
    }

    /// Gives up what has waited longest until there is room, for what is of no use when it is old.
    package func makeRoom() {
        incoming.withLock { (state) in
            while state.isFull, let oldest = state.pieces.popFirst() { Self.drop(oldest, from: &state) }
        }
    }

    /// Memory for a frame of this size.
    package func buffer(for count: Int) -> FrameBuffer {
        let resting = incoming.withLock { (state) -> FrameBuffer? in
            guard let index = state.resting.lastIndex(where: { $0.capacity >= count }) else { return nil }
            state.resting.swapAt(index, state.resting.count - 1)
            return state.resting.removeLast()
        }
        // Rounded up, so that frames of similar size fit the same buffers.
        return resting ?? FrameBuffer(capacity: max(2048, count + count / 4))
    }

    /// Adds a filled buffer. True when the host needs an event about it.
    package func deliver(
        _ buffer: FrameBuffer,
        offset: Int = 0,
        count: Int,
        _ description: Description
    ) -> Bool {
        incoming.withLock { (state) in
            guard !state.isEnded else { return false }
            let loan = Loan(buffer: buffer, offset: offset, count: count, description: description)
            state.pieces.append(.frame(loan))
            state.bytes += count
            state.received.frames &+= 1
            state.received.bytes &+= UInt64(clamping: count)
            defer { state.isEventQueued = true }
            return !state.isEventQueued
        }
    }

    /// Takes a buffer back that nothing was delivered in.
    func giveBack(_ buffer: FrameBuffer) {
        incoming.withLock { Self.rest(buffer, in: &$0) }
    }

    /// Adds what is to be known between two frames. True when the consumer needs an event about it.
    package func deliver(_ mark: Mark) -> Bool {
        incoming.withLock { (state) in
            guard !state.isEnded else { return false }
            state.pieces.append(.mark(mark))
            defer { state.isEventQueued = true }
            return !state.isEventQueued
        }
    }

    /// No more frames come.
    package func end() {
        incoming.withLock { $0.isEnded = true }
        outgoing.withLock { $0.isClosed = true }
    }

    // MARK: Received frames, host side

    /// Lets the consumer have the next frame, or what there is to know before it.
    package func pull() -> Pull {
        incoming.withLock { (state) -> Pull in
            guard state.loans < EngineLimits.loans else { return .nothing }
            guard let piece = state.pieces.popFirst() else { return state.isEnded ? .ended : .nothing }
            if case .frame(let loan) = piece {
                state.loans += 1
                state.bytes -= loan.count
                loan.buffer.lender = self
            }
            let hasRoom =
                state.pieces.count <= EngineLimits.waitingFrames / 2
                && state.bytes <= EngineLimits.waitingFrameBytes / 2
            let mustRefill = state.isLoopWaiting && hasRoom
            if mustRefill { state.isLoopWaiting = false }
            return switch piece {
            case .frame(let loan): .frame(loan, refill: mustRefill)
            case .mark(let mark): .mark(mark, refill: mustRefill)
            }
        }
    }

    /// The event about waiting frames was handed to the host, so the next frame needs another.
    package func dataEventTaken() {
        incoming.withLock { $0.isEventQueued = false }
    }

    /// The host dropped everything that waits, by ending its subscription.
    package func discard() {
        incoming.withLock { (state) in
            while let piece = state.pieces.popFirst() { Self.drop(piece, from: &state) }
            state.isEnded = true
        }
    }

    private static func drop(_ piece: Piece, from state: inout Incoming) {
        guard case .frame(let loan) = piece else { return }
        state.bytes -= loan.count
        state.received.dropped &+= 1
        rest(loan.buffer, in: &state)
    }

    func takeBack(_ buffer: FrameBuffer) {
        incoming.withLock { (state) in
            state.loans -= 1
            Self.rest(buffer, in: &state)
        }
    }

    private static func rest(_ buffer: FrameBuffer, in state: inout Incoming) {
        guard buffer.capacity <= EngineLimits.idleBufferBytes, !state.isEnded else { return }
        guard state.resting.count < EngineLimits.loans else { return }
        state.resting.append(buffer)
    }

    /// What came in so far, and how many frames wait.
    package var incomingCounters: (counters: Counters, waiting: Int) {
        incoming.withLock { ($0.received, $0.pieces.count) }
    }

    // MARK: Pushed frames

    /// Copies a frame for the loop.
    package func push(_ bytes: UnsafeRawBufferPointer, timestamp: Int64, flags: FrameFlags) -> Push {
        outgoing.withLock { (state) in
            guard !state.isClosed else { return .closed }
            let waiting = state.pushed.bytes.count
            guard state.pushed.frames.count < EngineLimits.pushedFrames,
                waiting == 0 || waiting + bytes.count <= EngineLimits.pushedBytes
            else {
                state.sent.dropped &+= 1
                return .full
            }
            if margin.front > 0 {
                state.pushed.bytes.append(contentsOf: repeatElement(0, count: margin.front))
            }
            unsafe state.pushed.bytes.append(contentsOf: bytes)
            if margin.back > 0 { state.pushed.bytes.append(contentsOf: repeatElement(0, count: margin.back)) }
            state.pushed.frames.append(
                Pushed.Frame(count: bytes.count, timestamp: timestamp, flags: flags)
            )
            state.sent.frames &+= 1
            state.sent.bytes &+= UInt64(clamping: bytes.count)
            defer { state.isLoopTold = true }
            return .taken(first: !state.isLoopTold)
        }
    }

    /// A group without a frame goes after what was pushed: what comes then does not go on from it.
    func pushBreak() -> Push {
        outgoing.withLock { (state) in
            guard !state.isClosed else { return .closed }
            guard state.pushed.frames.count < EngineLimits.pushedFrames else { return .full }
            var mark = Pushed.Frame(count: 0, timestamp: 0, flags: [])
            mark.isBreak = true
            state.pushed.frames.append(mark)
            defer { state.isLoopTold = true }
            return .taken(first: !state.isLoopTold)
        }
    }

    /// Swaps what was pushed for an empty batch. Loop only.
    package func takePushed(into batch: inout Pushed) {
        batch.removeAll()
        outgoing.withLock { (state) in
            swap(&state.pushed, &batch)
            state.isLoopTold = false
        }
    }

    /// Takes no more pushes; what was pushed before is still delivered.
    package func closeOutgoing() {
        outgoing.withLock { $0.isClosed = true }
    }

    /// What was pushed so far, and how many frames wait for the loop.
    package var outgoingCounters: (counters: Counters, waiting: Int) {
        outgoing.withLock { ($0.sent, $0.pushed.frames.count) }
    }
}

/// The flags of a frame, with the numbers of the ABI.
package struct FrameFlags: OptionSet, Equatable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let key = FrameFlags(rawValue: 1)
    package static let discontinuity = FrameFlags(rawValue: 2)
    package static let datagram = FrameFlags(rawValue: 4)
    package static let endOfGroup = FrameFlags(rawValue: 8)
    package static let fetched = FrameFlags(rawValue: 16)
}
