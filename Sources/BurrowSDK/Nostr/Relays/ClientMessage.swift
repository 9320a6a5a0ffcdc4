/// What we send to a relay (NIP-01, NIP-42).
package enum ClientMessage: Equatable, Sendable {
    case event(Event)
    case request(subscription: String, [Filter])
    case close(subscription: String)
    case authenticate(Event)

    /// The text message.
    package var json: [UInt8] {
        var writer = EventWriter(capacity: 512)
        switch self {
        case .event(let event):
            writer.raw("[\"EVENT\",")
            writer.event(event.rumor, signature: event.signature)
        case .request(let subscription, let filters):
            writer.raw("[\"REQ\",")
            writer.string(subscription)
            for filter in filters {
                writer.raw(",")
                writer.filter(filter)
            }
        case .close(let subscription):
            writer.raw("[\"CLOSE\",")
            writer.string(subscription)
        case .authenticate(let event):
            writer.raw("[\"AUTH\",")
            writer.event(event.rumor, signature: event.signature)
        }
        writer.raw("]")
        return writer.bytes
    }
}
