package import BurrowBase
package import BurrowMedia

/// Recorded samples of one track on their way from the host to the codec thread.
///
/// They wait in one growing piece of memory, in the format they came in, which the codec thread swaps for an empty one;
/// so in steady state pushing neither allocates nor waits longer than for that swap. The codec thread is woken when there
/// is enough for a packet, not for each chunk: hosts hand in half of one, or less, at a time.
package final class SampleExchange: Sendable {
    /// What is known about one pushed chunk besides its bytes.
    package struct Chunk: Equatable, Sendable {
        package var byteCount: Int
        package var format: PCMFormat
        /// When the first was recorded, in microseconds.
        package var timestamp: Int64

        package init(byteCount: Int, format: PCMFormat, timestamp: Int64) {
            self.byteCount = byteCount
            self.format = format
            self.timestamp = timestamp
        }

        var duration: Interval {
            let frames = byteCount / max(format.bytesPerFrame, 1)
            return .microseconds(Int64(frames) * 1_000_000 / Int64(max(format.rate, 1)))
        }
    }

    /// Chunks back to back.
    package struct Pushed: Sendable {
        package fileprivate(set) var bytes: [UInt8] = []
        package fileprivate(set) var chunks: [Chunk] = []
        fileprivate var duration = Interval.zero

        package init() {}

        package mutating func removeAll() {
            bytes.removeAll(keepingCapacity: true)
            chunks.removeAll(keepingCapacity: true)
            duration = .zero
        }
    }

    /// Resampled, chunks do not make exactly what they last.
    private static let imprecision = Interval.microseconds(500)

    private struct State {
        var pushed = Pushed()
        /// What the next packet still needs.
        var wanted = Interval.zero
        var isClosed = false
        var isConsumerTold = false
        var dropped: UInt64 = 0
    }

    private let state = Guarded(State())

    package init() {}

    /// Copies a chunk for the codec thread. A chunk that comes while a second of sound waits already is not taken.
    package func push(_ bytes: UnsafeRawBufferPointer, _ chunk: Chunk) -> FrameExchange.Push {
        state.withLock { (state) in
            guard !state.isClosed else { return .closed }
            guard state.pushed.duration < EngineLimits.waitingSound else {
                state.dropped &+= 1
                return .full
            }
            unsafe state.pushed.bytes.append(contentsOf: bytes)
            state.pushed.chunks.append(chunk)
            state.pushed.duration = state.pushed.duration + chunk.duration
            guard !state.isConsumerTold, Self.isEnough(state) else { return .taken(first: false) }
            state.isConsumerTold = true
            return .taken(first: true)
        }
    }

    private static func isEnough(_ state: State) -> Bool {
        state.pushed.duration + imprecision >= state.wanted
    }

    /// Swaps what was pushed for an empty batch. Codec thread only.
    package func take(into batch: inout Pushed) {
        batch.removeAll()
        state.withLock { (state) in
            swap(&state.pushed, &batch)
            state.isConsumerTold = false
        }
    }

    /// The codec thread need not know of less than this, which its next packet lacks. False when there is as much already,
    /// so that it has to take it. Codec thread only.
    package func want(_ duration: Interval) -> Bool {
        state.withLock { (state) in
            state.wanted = duration
            return state.isConsumerTold || state.pushed.chunks.isEmpty || !Self.isEnough(state)
        }
    }

    package func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Chunks that were not taken.
    package var dropped: UInt64 { state.withLock { $0.dropped } }
}
