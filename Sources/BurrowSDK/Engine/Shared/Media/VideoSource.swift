import BurrowBase
import BurrowMedia

/// A published video track between the host's threads, which push, and the media thread, which encodes.
package final class VideoSource: Sendable {
    /// What the host wants.
    package struct Wishes: Equatable, Sendable {
        package var encoding: Encoding
        package var isMuted = false
        /// Counts requests for a picture that needs no other.
        package var keyFrameRequests: UInt64 = 0
    }

    /// What makes a picture of ours from one of the host's. One push at a time.
    private struct Intake: @unchecked Sendable {
        // As many as can wait, one being encoded, one being made, and the last one.
        let pool = PicturePool(limit: EngineLimits.waitingPictures + 3)
        let converter = PictureConverter()
    }

    /// What waits for the media thread. A picture is not written any more once it is here.
    private struct Waiting: @unchecked Sendable {
        var pictures = FIFO<Picture>()
        var isConsumerTold = false
        var isClosed = false
        var isMuted = false
        var dropped: UInt64 = 0
    }

    package let wishes: Guarded<Wishes>
    package let report = Guarded(MediaReport())
    private let intake = Guarded(Intake())
    private let waiting = Guarded(Waiting())

    package init(_ encoding: Encoding) {
        wishes = Guarded(Wishes(encoding: encoding))
    }

    /// Copies a picture, upright. When the encoder is behind, the oldest that waits makes room.
    func push(_ view: PictureView, timestamp: Int64) throws(EngineError) -> FrameExchange.Push {
        let (isClosed, isMuted) = waiting.withLock { ($0.isClosed, $0.isMuted) }
        guard !isClosed else { return .closed }
        // What is recorded meanwhile must not be sent once that is over.
        guard !isMuted else { return .taken(first: false) }
        let sideways = view.rotation.isSideways
        let copy = try intake.withLock { (intake) throws(EngineError) -> Sent? in
            let fresh = intake.pool.picture(
                width: (sideways ? view.height : view.width) & ~1,
                height: (sideways ? view.width : view.height) & ~1,
                timestamp: timestamp,
                color: view.format.isRGB ? .standard : view.color
            )
            // All are under way: the encoder is so far behind that this one would be dropped anyway.
            guard let fresh else { return nil }
            do throws(MediaError) {
                try intake.converter.convert(view, to: PictureView(fresh))
            } catch {
                throw EngineError(error)
            }
            return Sent(fresh)
        }
        return waiting.withLock { (state) in
            guard !state.isClosed else { return .closed }
            guard !state.isMuted else { return .taken(first: false) }
            guard let copy else {
                state.dropped &+= 1
                return .taken(first: false)
            }
            if state.pictures.count >= EngineLimits.waitingPictures {
                _ = state.pictures.popFirst()
                state.dropped &+= 1
            }
            state.pictures.append(copy.picture)
            defer { state.isConsumerTold = true }
            return .taken(first: !state.isConsumerTold)
        }
    }

    /// The oldest picture that waits. Media thread only.
    func next() -> Picture? {
        let next = waiting.withLock { (state) -> Sent? in
            guard let picture = state.pictures.popFirst() else {
                state.isConsumerTold = false
                return nil
            }
            return Sent(picture)
        }
        return next?.picture
    }

    /// Nothing that waits is sent, nor what is pushed until this is undone.
    func setMuted(_ isMuted: Bool) {
        wishes.withLock { $0.isMuted = isMuted }
        waiting.withLock { (state) in
            state.isMuted = isMuted
            if isMuted { state.pictures.removeAll() }
        }
    }

    func close() {
        waiting.withLock { (state) in
            state.isClosed = true
            state.pictures.removeAll()
        }
    }

    /// Pictures that were never encoded because the encoder was behind.
    var dropped: UInt64 { waiting.withLock { $0.dropped } }
}

/// A picture on its way from one thread to another: who sent it does not touch it any more.
struct Sent: @unchecked Sendable {
    let picture: Picture

    init(_ picture: Picture) {
        self.picture = picture
    }
}
