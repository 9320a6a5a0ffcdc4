import BurrowBase
import BurrowQUIC

/// A track of the peer's that we follow: one subscription for however many readers there are.
final class Upstream: TrackSource {
    private weak var session: Session?
    private weak var broadcast: Broadcast?
    let id: UInt64
    /// As the peer knows it.
    let path: BroadcastPath
    let track: Track
    var buffer = MessageBuffer()
    private(set) var stream: Stream?
    /// The question for the track's information, until it is answered.
    var infoStream: Stream?
    /// How long a track without readers, or one that has ended, waits for what may still come.
    static let linger = Interval.seconds(1)
    /// How long a group of an ended track may stand still before it is given up.
    static let patience = Interval.seconds(10)
    /// For how long the peer's no is taken for an answer to everybody.
    static let refusal = Interval.milliseconds(100)
    /// The place it takes among its asker's requests until the peer has answered.
    var ask: OpenAsk?
    /// Group streams under way.
    var receiving = 0
    /// Groups that have begun to arrive.
    var received: UInt64 = 0
    /// When something last arrived.
    var lastProgress = Instant(microseconds: 0)
    private(set) var isEnding = false
    private var isLingering = false
    /// When the next look is due whether the track is complete.
    private var nextCheck = Instant.distantFuture
    /// What the peer was last told, and when that was changed.
    private var asked: SubscribeOptions?
    private var lastUpdate = Instant(microseconds: .min)
    private var isUpdating = false
    /// Subscribers may change their minds as often as they like; the publisher hears of it at this pace, and not at all
    /// as long as it does not take what it was told before.
    static let updatePause = Interval.milliseconds(50)
    static let updateBacklog = 4096

    init(session: Session, broadcast: Broadcast, id: UInt64, path: BroadcastPath, track: Track) {
        self.session = session
        self.broadcast = broadcast
        self.id = id
        self.path = path
        self.track = track
    }

    func demandChanged(_ track: Track) {
        guard let session else { return }
        if let stream, !track.readers.isEmpty {
            // Before anything is computed over all readers.
            guard session.now - lastUpdate >= Self.updatePause, stream.backlog <= Self.updateBacklog else {
                return updateLater(session)
            }
        }
        guard let demand = track.demand else {
            // Whoever only asked for information is likely to subscribe next.
            if asked != nil && track.readers.isEmpty { session.abandon(self) } else { abandonLater(session) }
            return
        }
        guard track.isOpen, !isEnding else { return }
        track.patience = demand.maxAge
        if let stream {
            guard demand != asked, session.version.hasSubscribeUpdate else { return }
            asked = demand
            lastUpdate = session.now
            session.connection.write(SubscribeUpdate(options: demand).encode(session.version), to: stream)
        } else {
            asked = demand
            let message = Subscribe(id: id, broadcast: path, track: track.name, options: demand)
            stream = session.request(.subscribe, message.encode(session.version), role: .upstream(self))
            if stream == nil { track.setState(.failed(.internalError)) }
        }
    }

    private func updateLater(_ session: Session) {
        guard !isUpdating else { return }
        isUpdating = true
        session.context.timers.set(session.now + Self.updatePause) { [weak self] in
            guard let self else { return }
            self.isUpdating = false
            if self.stream != nil { self.demandChanged(self.track) }
        }
    }

    /// Lets go of the track unless somebody reads it by then.
    func abandonLater(_ session: Session) {
        guard !isLingering else { return }
        isLingering = true
        session.context.timers.set(session.now + Self.linger) { [weak self, weak session] in
            guard let self, let session else { return }
            self.isLingering = false
            if self.track.readers.isEmpty { session.abandon(self) }
        }
    }

    /// The peer has closed its half. Groups on other streams may still be under way, so the track ends when the last is
    /// here, or has had time enough to come.
    func ending(_ session: Session) {
        guard !isEnding else { return }
        isEnding = true
        lastProgress = session.now
        concludeInTime(session)
    }

    /// Ends the track now or when there is no more hope for missing groups.
    func concludeInTime(_ session: Session) {
        if isComplete { return session.conclude(self) }
        let patience = receiving > 0 ? Self.patience : Self.linger
        let end = lastProgress + patience
        if end <= session.now { return session.conclude(self) }
        guard end < nextCheck else { return }
        nextCheck = end
        session.context.timers.set(end) { [weak self, weak session] in
            // Only for the time it was last set to: a peer must not be able to make timers.
            guard let self, let session, !session.isClosed, self.nextCheck == end else { return }
            self.nextCheck = .distantFuture
            self.concludeInTime(session)
        }
    }

    /// Whether everything the peer will send is here, as far as anyone can tell.
    var isComplete: Bool {
        guard isEnding, receiving == 0, let end = track.endGroup else { return false }
        guard let start = track.startGroup, start < end else { return received == 0 }
        return received >= end - start
    }

    func streamIsGone() {
        stream = nil
    }

    /// The subscription is over: the broadcast makes a new one when somebody asks again.
    func detach() {
        broadcast?.forget(track)
        stream = nil
    }
}
