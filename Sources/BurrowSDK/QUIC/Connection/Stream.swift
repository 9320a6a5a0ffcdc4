package import BurrowBase

/// One QUIC stream. A handle: everything is done through its `Connection`.
///
/// Streams are pooled. After `Event.streamFinished` the object must not be used again.
package final class Stream {
    package internal(set) var id: Int64 = -1
    /// Belongs to the session: the index of what it keeps about the stream.
    package var context = 0

    package var isBidirectional: Bool { id & 2 == 0 }
    package internal(set) var isLocal = false

    /// Where the connection and its scheduler keep it.
    let slot: Int
    /// In use between the session and the transport. Calls about any other stream do nothing.
    var isOpen = false
    /// The transport has forgotten the stream: both halves are over on the wire.
    var isClosed = false

    // Receiving.
    var received = Queue<Slice>()
    /// Bytes that wait to be read.
    package internal(set) var unread = 0
    /// Nothing more will arrive.
    var receiveIsOver = false
    /// The session knows that nothing more comes, or does not want it.
    var receiveIsSettled = false
    var readableIsPending = false

    // Sending.
    var priority = SendPriority.control
    var prefix: ByteLog?
    var prefixCursor = ByteLog.Cursor()
    /// How many bytes were taken out of `prefix` because the peer has them.
    var prefixDiscarded: UInt64 = 0
    var shared: ByteLog?
    var sharedCursor = ByteLog.Cursor()
    var isBare = false
    /// The session has finished a stream without a shared log.
    var finishRequested = false
    /// Something of it went out.
    var hasBegun = false
    /// FIN or a reset went out: nothing more may be written.
    var sendIsOver = false
    /// It was us who reset it.
    var resetByUs = false
    /// The peer's stream credit is used up.
    var isParked = false

    init(slot: Int) {
        self.slot = slot
    }

    /// Prepares a pooled stream for its next life.
    func begin(isLocal: Bool) {
        self.isLocal = isLocal
        isOpen = true
    }

    /// How much of the stream's own bytes the peer has not acknowledged yet, in memory all the while.
    package var backlog: Int { (prefix?.byteCount ?? 0) - Int(clamping: prefixDiscarded) }

    /// Whether the stream has a half we send on.
    var canSend: Bool { isLocal || isBidirectional }
    /// Whether the stream has a half the peer sends on.
    var canReceive: Bool { !isLocal || isBidirectional }

    /// Gives everything back except memory worth keeping.
    func recycle() {
        id = -1
        context = 0
        isLocal = false
        isOpen = false
        isClosed = false
        received.removeAll()
        unread = 0
        receiveIsOver = false
        receiveIsSettled = false
        readableIsPending = false
        priority = .control
        prefix?.reset()
        prefixCursor = ByteLog.Cursor()
        prefixDiscarded = 0
        shared = nil
        sharedCursor = ByteLog.Cursor()
        isBare = false
        finishRequested = false
        hasBegun = false
        sendIsOver = false
        resetByUs = false
        isParked = false
    }

    /// Whether there is something to write: bytes, or the end.
    var hasWork: Bool {
        guard isOpen, !isClosed, !sendIsOver, !isParked, canSend else { return false }
        if let prefix, !prefix.isCaughtUp(prefixCursor, bare: false) { return true }
        guard let shared else { return finishRequested }
        return shared.end == .finished || !shared.isCaughtUp(sharedCursor, bare: isBare)
    }

    /// How much was not written yet of what is there.
    var waitingBytes: Int {
        (prefix?.remaining(at: prefixCursor) ?? 0) + (shared?.remaining(at: sharedCursor) ?? 0)
    }

    /// Whether the stream ends where the given cursors of the logs stand at their ends.
    var endsHere: Bool { shared.map { $0.end == .finished } ?? finishRequested }

    /// Steps over bytes that went into a packet.
    func advance(_ count: Int) {
        var left = count
        if let prefix {
            while left > 0, let slice = prefix.next(at: &prefixCursor, bare: false) {
                let taken = min(left, slice.count)
                prefixCursor.offset += taken
                left -= taken
            }
        }
        guard let shared else { return }
        while left > 0, let slice = shared.next(at: &sharedCursor, bare: isBare) {
            let taken = min(left, slice.count)
            sharedCursor.offset += taken
            left -= taken
        }
    }

    /// Lets go of the stream's own bytes that the peer has acknowledged. A shared log stays whole until the stream
    /// is over, because others read it too.
    func acknowledged(upTo offset: UInt64) {
        guard let prefix else { return }
        while prefix.firstEntry < prefixCursor.entry {
            var first = ByteLog.Cursor(entry: prefix.firstEntry)
            guard let slice = prefix.next(at: &first, bare: false), first.entry == prefix.firstEntry,
                prefixDiscarded + UInt64(slice.count) <= offset
            else { return }
            prefixDiscarded += UInt64(slice.count)
            prefix.discard(before: prefix.firstEntry + 1)
        }
    }
}

/// What reading from a stream gives.
package enum ReadResult {
    case bytes(Slice)
    /// The peer has finished or reset its half, and everything was read.
    case end
    case pending
}
