import BurrowBase
import BurrowQUIC

/// Who is behind the requests that a publisher has not answered yet.
///
/// Each takes a place among the streams the publisher allows, so peers who name tracks that do not exist could take them
/// all. Whoever has some waiting gets more only while more than those are free: however many ask, one who has none
/// waiting finds a place.
extension Session {
    /// Whether a peer may cause another request to ours.
    func mayAsk(for asker: AnyObject) -> Bool {
        guard asks[ObjectIdentifier(asker), default: 0] < connection.bidirectionalCredit else {
            counters.requestsRefused &+= 1
            return false
        }
        return true
    }

    /// Counts streams that were opened for a peer. To be given to `settle` once.
    func ask(for asker: AnyObject, streams: Int) -> OpenAsk {
        let ask = OpenAsk(asker: ObjectIdentifier(asker), streams: streams)
        asks[ask.asker, default: 0] += streams
        return ask
    }

    /// The publisher has answered.
    func settle(_ ask: OpenAsk) {
        let left = asks[ask.asker, default: 0] - ask.streams
        asks[ask.asker] = left > 0 ? left : nil
    }

    /// There is no answer, or it was no. The streams are not given back at once, and neither is the asker's right to more.
    func settleLater(_ ask: OpenAsk) {
        context.timers.set(now + Upstream.linger) { [weak self] in self?.settle(ask) }
    }
}

/// Streams at a publisher that wait for an answer, and who has caused them.
struct OpenAsk {
    let asker: ObjectIdentifier
    let streams: Int
}
