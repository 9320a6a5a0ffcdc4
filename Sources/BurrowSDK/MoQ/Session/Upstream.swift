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
    /// What the peer was last told.
    private var asked: SubscribeOptions?

    init(session: Session, broadcast: Broadcast, id: UInt64, path: BroadcastPath, track: Track) {
        self.session = session
        self.broadcast = broadcast
        self.id = id
        self.path = path
        self.track = track
    }

    func demandChanged(_ track: Track) {
        guard let session, track.isOpen else { return }
        guard let demand = track.demand else {
            if track.readers.isEmpty { session.abandon(self) }
            return
        }
        if let stream {
            guard demand != asked, session.version.hasSubscribeUpdate else { return }
            asked = demand
            session.connection.write(SubscribeUpdate(options: demand).encode(session.version), to: stream)
        } else {
            asked = demand
            let message = Subscribe(id: id, broadcast: path, track: track.name, options: demand)
            stream = session.request(.subscribe, message.encode(session.version), role: .upstream(self))
            if stream == nil { track.setState(.failed(.internalError)) }
        }
    }

    /// The subscription is over: the broadcast makes a new one when somebody asks again.
    func detach() {
        broadcast?.forget(track)
        stream = nil
    }
}
