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

    init() {}
}

/// What reading from a stream gives.
package enum ReadResult {
    case bytes(Slice)
    /// The peer has finished or reset its half, and everything was read.
    case end
    case pending
}
