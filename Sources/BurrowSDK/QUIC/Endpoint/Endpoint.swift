package import BurrowBase

/// Many connections behind given UDP sockets: accepts clients, opens connections, routes datagrams. Sans I/O.
@safe package final class Endpoint {
    package var acceptLimits = AcceptLimits()
    package private(set) var counters = EndpointCounters()
    package let settings: TransportSettings

    /// `tls` and `alpn` make the endpoint accept connections; without a server context it only connects.
    package init(
        settings: TransportSettings,
        tls: TLSContext?,
        alpn: [String],
        allocator: SliceAllocator,
        random: any RandomSource
    ) {
        self.settings = settings
    }

    /// Begins a connection. `host` is the name to present and to verify; nil when the server is known by its
    /// address, which its certificate must then contain.
    package func connect(
        to host: String?,
        path: DatagramPath,
        alpn: [String],
        tls: TLSContext,
        settings: TransportSettings,
        resumption: ResumptionState?,
        now: Instant
    ) throws(QUICError) -> Connection {
        throw QUICError(.invalidConfiguration, "")
    }

    /// Takes one datagram. The buffer is not kept.
    package func receive(
        _ datagram: UnsafeMutableRawBufferPointer,
        path: DatagramPath,
        ecn: ECN,
        now: Instant
    ) {}

    package func handleTimeouts(now: Instant) {}

    /// The earliest time `handleTimeouts` has something to do.
    package var deadline: Instant { .distantFuture }

    /// The next connection that has events, each once. Read them with `nextEvent` until nil.
    package func nextActive() -> Connection? { nil }

    /// Writes what may go now. True when everything is in the batch; false when the batch is full: send it, empty
    /// it and call again.
    package func flush(into batch: inout DatagramBatch, now: Instant) -> Bool { true }

    /// The next piece of any connection's qlog.
    package func nextQLog() -> QLogChunk? { nil }

    package var connectionCount: Int { 0 }
}
