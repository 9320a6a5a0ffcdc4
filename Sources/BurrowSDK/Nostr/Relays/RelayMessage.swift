internal import BurrowBase

/// What a relay sends (NIP-01, NIP-42).
package enum RelayMessage: Equatable, Sendable {
    case event(subscription: String, UnverifiedEvent)
    case ok(EventID, isAccepted: Bool, RelayReason)
    case endOfStored(subscription: String)
    case closed(subscription: String, RelayReason)
    /// For people; nothing is done about it.
    case notice(String)
    case authenticate(challenge: String)

    /// Reads one text message. An event of wrong shape is an error of the event's; the subscription is then lost, which
    /// is no loss. Elements beyond the known ones are ignored.
    package init(_ text: [UInt8]) throws(NostrError) {
        if let (subscription, event) = try EventScanner.message(text.span) {
            self = .event(subscription: subscription, event)
            return
        }
        let value = try NostrJSON.parse(text, bytes: NostrLimits.messageBytes, depth: NostrLimits.eventDepth)
        guard case .array(let elements) = value, case .string(let name)? = elements.first else {
            throw NostrError(.invalidMessage, "message does not begin with a name")
        }
        switch name {
        case "EVENT":
            let subscription = try Self.subscription(elements)
            guard case .object(let object)? = elements.dropFirst(2).first else {
                throw NostrError(.invalidMessage, "message brings no event")
            }
            self = .event(subscription: subscription, try UnverifiedEvent(object))
        case "OK":
            guard case .string(let hex)? = elements.dropFirst().first, let id = EventID(hex: hex),
                case .bool(let isAccepted)? = elements.dropFirst(2).first
            else { throw NostrError(.invalidMessage, "answer to an event has another form") }
            self = .ok(id, isAccepted: isAccepted, RelayReason(try Self.text(elements, 3)))
        case "EOSE": self = .endOfStored(subscription: try Self.subscription(elements))
        case "CLOSED":
            self = .closed(
                subscription: try Self.subscription(elements),
                RelayReason(try Self.text(elements, 2))
            )
        case "NOTICE": self = .notice(RelayReason(try Self.text(elements, 1)).text)
        case "AUTH":
            let challenge = try Self.text(elements, 1)
            guard !challenge.isEmpty, challenge.utf8.count <= NostrLimits.challengeBytes else {
                throw NostrError(.invalidMessage, "challenge is empty or too long")
            }
            self = .authenticate(challenge: challenge)
        default: throw NostrError(.invalidMessage, "message has a name that is not known")
        }
    }

    private static func subscription(_ elements: [JSON]) throws(NostrError) -> String {
        guard case .string(let id)? = elements.dropFirst().first,
            id.utf8.count <= NostrLimits.subscriptionIDBytes
        else { throw NostrError(.invalidMessage, "message names no subscription") }
        return id
    }

    /// A text that some relays leave out.
    private static func text(_ elements: [JSON], _ index: Int) throws(NostrError) -> String {
        guard let element = elements.dropFirst(index).first else { return "" }
        guard case .string(let text) = element else {
            throw NostrError(.invalidMessage, "message has a text that is none")
        }
        return text
    }
}
