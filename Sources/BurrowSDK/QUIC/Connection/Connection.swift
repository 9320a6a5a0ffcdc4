package import BurrowBase
internal import CBurrowQUIC

/// One QUIC connection: bytes and time in, datagrams and events out. Made by an `Endpoint`, which feeds it.
///
/// ngtcp2 calls back into this object while one of its methods runs, so no method holds access to a stored property
/// across a call into ngtcp2, and callbacks only change state and queue events.
@safe package final class Connection {
    package enum Event {
        /// The handshake is complete and a client has authenticated the server. A server that took early data says
        /// so already when it may answer.
        case connected(alpn: String)
        /// By the peer. Comes before the stream's first `readable`.
        case streamOpened(Stream)
        /// At most one is pending for a stream; read until `pending` or `end`.
        case readable(Stream)
        /// The peer gave up its half with this code: nothing more comes.
        case peerReset(Stream, UInt64)
        /// The peer does not want what we send; our half was reset in answer. For a bidirectional stream the code
        /// is not known and zero.
        case peerStopped(Stream, UInt64)
        /// Both halves are over and everything is acknowledged. The stream must not be used afterwards.
        case streamFinished(Stream)
        case datagram(Slice)
        /// `openStream` may succeed again after it returned nil.
        case creditAvailable
        /// Early data was thrown away by the server; its streams are gone without further events.
        case earlyDataRejected
        case pathChanged(DatagramPath)
        case resumptionTicket(ResumptionState)
        /// Exactly once, and last.
        case closed(QUICError)
    }

    enum Phase: Equatable {
        case open
        /// CONNECTION_CLOSE is to be written; with an application's code and reason, or for the last error.
        case closeRequested(code: UInt64?, reason: [UInt8])
        /// CONNECTION_CLOSE was written; it is repeated when the peer goes on (RFC 9000 §10.2.1).
        case closing
        case draining
        case gone
    }

    /// The session that uses the connection; set and cleared by it.
    package var owner: AnyObject?
    package let isServer: Bool
    /// Unique within the endpoint.
    package let serial: UInt64
    /// The negotiated protocol, empty before it is known. With early data, the protocol of the connection before.
    package internal(set) var alpn = ""
    package internal(set) var path: DatagramPath

    /// Where it came from at first; a client that moves stays counted there.
    let origin: AddressOrigin
    let hub: Hub
    let settings: TransportSettings
    let tls: TLSContext
    /// Nil before it is made and after the connection is gone.
    var handle: OpaquePointer?
    var phase = Phase.open
    /// The handshake is complete.
    var isEstablished = false
    /// The session knows about the connection: it made it, or `connected` was queued.
    var isAnnounced: Bool
    /// Found in a callback; acted on when ngtcp2 has returned.
    var pendingFailure: QUICError?
    var sawStatelessReset = false
    var isMigrating = false
    /// The path we moved to did not answer when it was tried.
    var pathIsInDoubt = false

    // Kept for the endpoint's queues.
    var timerPosition = -1
    var isDirty = false
    var isActive = false
    /// When `closing` or `draining` ends, on ngtcp2's clock.
    var deathTime: UInt64 = 0
    var closePacket: [UInt8] = []
    var packetsWhileClosing = 0

    // Ids and tokens that lead here.
    var ids: [UInt64] = []
    var initialID: ConnectionID?
    var resetTokens: [ConnectionID] = []

    // Streams.
    var slots: ContiguousArray<Stream?> = []
    var freeSlots: ContiguousArray<Int> = []
    var pool: ContiguousArray<Stream> = []
    var liveStreams = 0
    /// The highest number of the peer's unidirectional streams; before the first, the one that would precede it.
    var newestStream: Int64
    var scheduler = SendScheduler()
    var creditWanted = false
    /// Streams of the peer that ended since its limit was last raised.
    var endedBidirectional = 0
    var endedUnidirectional = 0
    /// To be recycled at the next call of `nextEvent`.
    var delivered: Stream?
    var rejectedStreams: [Stream] = []

    // Sending.
    var datagrams = Queue<OutgoingDatagram>()
    /// What is left of the burst that pacing allows.
    var burst = 0
    var burstPackets = 0
    /// Datagrams received since the last write, and when the first of them came.
    var unanswered = 0
    var firstUnanswered: UInt64 = 0
    /// Something other than an acknowledgement is to be written.
    var mustWrite = true
    var establishedAt = UInt64.max
    var queueGuard = QueueGuard()
    var lossWatch = LossWatch()
    var silenceWatch = SilenceWatch()
    /// Made when it is first needed.
    var repeats: RepeatQueue?
    /// While datagrams wait for what is under way: after how much silence the peer is asked for a sign of
    /// life, and how many packets were sent when that was decided.
    var stall: (pause: UInt64, sentPackets: UInt64)?
    var writtenPath: DatagramPath
    var receivedPath: (path: DatagramPath, raw: cburrow_quic_path)

    // Resumption.
    var ticket: [UInt8] = []
    var addressToken: [UInt8] = []
    var triesEarlyData = false
    var earlyALPN = ""

    var events = Queue<Event>()
    var tally = ConnectionStatistics()

    struct OutgoingDatagram {
        var head: Slice
        var body: Slice?
        var rest: [Slice]

        var count: Int { rest.reduce(head.count + (body?.count ?? 0)) { $0 + $1.count } }
    }

    init(
        hub: Hub,
        settings: TransportSettings,
        tls: TLSContext,
        isServer: Bool,
        serial: UInt64,
        path: DatagramPath
    ) {
        self.hub = hub
        self.settings = settings
        self.tls = tls
        self.isServer = isServer
        self.serial = serial
        self.path = path
        origin = AddressOrigin(path.remote.ip)
        writtenPath = path
        receivedPath = (path, path.raw)
        isAnnounced = !isServer
        newestStream = isServer ? -2 : -1
    }

    deinit {
        guard let handle = unsafe handle else { return }
        unsafe cburrow_quic_silence(handle)
        unsafe cburrow_quic_free(handle)
    }

    package var remoteAddress: SocketAddress { path.remote }

    /// Neither side has ended the connection.
    package var isOpen: Bool { phase == .open }

    /// The next thing that happened, nil when there is none.
    package func nextEvent() -> Event? {
        if let stream = delivered {
            delivered = nil
            recycle(stream)
        }
        while let stream = rejectedStreams.popLast() { recycle(stream) }
        while let event = events.popFirst() {
            switch event {
            case .readable(let stream):
                stream.readableIsPending = false
                if stream.receiveIsSettled { continue }
            case .peerReset(let stream, _):
                settleReceiving(stream)
            case .streamFinished(let stream):
                delivered = stream
            case .earlyDataRejected:
                for stream in slots {
                    if let stream, stream.isClosed, !stream.isOpen { rejectedStreams.append(stream) }
                }
            default:
                break
            }
            return event
        }
        return nil
    }

    /// Ends the connection with an application code. The `closed` event follows.
    package func close(code: UInt64, reason: String) {
        guard phase == .open else { return }
        phase = .closeRequested(code: min(code, (1 << 62) - 1), reason: Array(reason.utf8.prefix(256)))
        emit(.closed(QUICError(.localClose(code), reason)))
        markDirty()
    }

    /// Client: the network changed, go on from another socket. The path counts once the server has answered on it. False
    /// when the connection stays where it is, because it is too young or the server gave no id for another path.
    package func migrate(to path: DatagramPath, now: Instant) -> Bool {
        guard phase == .open, !isServer, isEstablished, let handle = unsafe handle else { return false }
        hub.advance(to: now)
        var raw = path.raw
        guard unsafe cburrow_quic_migrate(handle, &raw, hub.now) == CBURROW_QUIC_OK else { return false }
        isMigrating = true
        pathIsInDoubt = false
        queueGuard.reset()
        mustWrite = true
        self.path = path
        markDirty()
        return true
    }

    package var statistics: ConnectionStatistics {
        var result = tally
        guard let handle = unsafe handle else { return result }
        var raw = cburrow_quic_statistics()
        unsafe cburrow_quic_get_statistics(handle, &raw)
        func interval(_ nanoseconds: UInt64) -> Interval {
            Interval(microseconds: Int64(clamping: nanoseconds / 1000))
        }
        result.rtt = interval(raw.smoothed_rtt)
        result.latestRTT = interval(raw.latest_rtt)
        result.minimumRTT = raw.min_rtt == UInt64.max ? .zero : interval(raw.min_rtt)
        result.rttVariation = interval(raw.rtt_variation)
        result.congestionWindow = raw.congestion_window
        result.bytesInFlight = raw.bytes_in_flight
        result.waitingBytes = waitingBytes
        result.deliveryRate = raw.delivery_rate
        result.mtu = Int(clamping: raw.mtu)
        result.lostPackets = unsafe lostPackets(handle)
        result.unrecognisedStreams = raw.unrecognised_streams
        result.probeTimeouts = max(tally.probeTimeouts, raw.pto_count)
        return result
    }

    private var waitingBytes: UInt64 {
        var sum = 0
        for case let stream? in slots
        where stream.priority.level < SendPriority.control.level && stream.hasWork {
            sum += stream.waitingBytes
        }
        return datagrams.reduce(UInt64(clamping: sum)) { $0 + UInt64(clamping: $1.count) }
    }

    func emit(_ event: Event) {
        // A server's session does not exist before the client has proved that it means it.
        guard isAnnounced else { return }
        events.append(event)
        guard !isActive else { return }
        isActive = true
        hub.active.append(self)
    }

    func markDirty() {
        guard !isDirty, phase != .gone else { return }
        isDirty = true
        hub.dirty.append(self)
    }
}
