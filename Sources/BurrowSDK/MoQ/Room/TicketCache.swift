import BurrowBase
import BurrowQUIC

/// Session tickets of relays visited before, so that coming back takes a round trip less.
struct TicketCache {
    /// A ticket stands in for checking the certificate, so it counts only for the trust under which it was got.
    struct Key: Hashable {
        let host: RelayURL.Host
        let port: UInt16
        let serverName: String?
        let systemRoots: Bool
        let insecure: Bool
        let rootsPEM: [UInt8]?
        let pins: [[UInt8]]

        init(_ configuration: RoomConfiguration) {
            host = configuration.url.host
            port = configuration.url.port
            serverName = configuration.serverName
            systemRoots = configuration.trust.systemRoots
            insecure = configuration.trust.insecure
            rootsPEM = configuration.trust.rootsPEM
            pins = configuration.trust.pinsSHA256
        }
    }

    private static let limit = 64

    /// Oldest first.
    private var tickets: [(key: Key, state: ResumptionState)] = []

    subscript(key: Key) -> ResumptionState? { tickets.last { $0.key == key }?.state }

    mutating func store(_ state: ResumptionState, for key: Key) {
        remove(key)
        if tickets.count >= Self.limit { tickets.removeFirst() }
        tickets.append((key, state))
    }

    mutating func remove(_ key: Key) {
        tickets.removeAll { $0.key == key }
    }
}
