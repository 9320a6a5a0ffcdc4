package import BurrowBase
internal import CBurrowQUIC

extension Connection {
    /// The largest datagram `sendDatagram` takes now; zero when the peer takes none.
    package var maxDatagramPayload: Int {
        guard phase == .open, isAnnounced, isEstablished || isServer, let handle = unsafe handle else {
            return 0
        }
        return unsafe cburrow_quic_datagram_limit(handle)
    }

    /// Queues a datagram. False when the peer takes none, it is too large, or too many wait.
    package func sendDatagram(_ payload: Slice) -> Bool {
        queue(OutgoingDatagram(head: payload, body: nil, rest: []))
    }

    /// Queues a datagram that consists of two pieces.
    package func sendDatagram(_ head: Slice, _ body: Slice) -> Bool {
        queue(OutgoingDatagram(head: head, body: body, rest: []))
    }

    /// Queues a datagram that consists of at most 16 pieces.
    package func sendDatagram(_ parts: [Slice]) -> Bool {
        guard let head = parts.first, parts.count <= Hub.vectorCount else { return false }
        return queue(
            OutgoingDatagram(head: head, body: parts.dropFirst().first, rest: Array(parts.dropFirst(2)))
        )
    }

    private func queue(_ datagram: OutgoingDatagram) -> Bool {
        guard phase == .open, datagrams.count < settings.datagramQueueLimit,
            datagram.count <= maxDatagramPayload
        else { return false }
        datagrams.append(datagram)
        markDirty()
        return true
    }
}
