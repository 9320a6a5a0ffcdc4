/// Packets that are sent again before anybody could say that they were lost.
///
/// A retransmission comes a round trip late, which for sound is too late. A network may deliver a packet twice, and a
/// receiver throws the second away (RFC 9000 §12.3), so the same packet is sent again and again, each time a little
/// later. Any peer understands that, and only the first that arrives costs it anything.
@safe final class RepeatQueue {
    /// A packet of sound with what is around it. Larger ones are not repeated.
    static let largest = 704
    private static let capacity = 16

    struct Entry {
        var size: Int
        var path: DatagramPath
        var ecn: ECN
        /// When it is closed, everything in the packet that matters has arrived.
        fileprivate var stream: Int64
        fileprivate var due: UInt64
        fileprivate var pause: UInt64
        fileprivate var left: Int
        fileprivate var place: Int
    }

    private let bytes: UnsafeMutableRawPointer
    /// The next to be sent first.
    private var entries: ContiguousArray<Entry> = []
    private var free: ContiguousArray<Int>

    init() {
        unsafe bytes = .allocate(byteCount: Self.capacity * Self.largest, alignment: 16)
        entries.reserveCapacity(Self.capacity)
        free = ContiguousArray(0..<Self.capacity)
    }

    deinit {
        unsafe bytes.deallocate()
    }

    /// When the next is to be sent (nanoseconds).
    var due: UInt64 { entries.first?.due ?? .max }

    /// Keeps a packet that was just sent, the last of whose small streams is `stream`, to be sent `times` more, after
    /// `pause` nanoseconds each. Left out when there are too many.
    func add(
        _ packet: UnsafeRawBufferPointer,
        stream: Int64,
        path: DatagramPath,
        ecn: ECN,
        times: Int,
        pause: UInt64,
        now: UInt64
    ) {
        guard packet.count <= Self.largest, let start = packet.baseAddress, let place = free.popLast() else {
            return
        }
        unsafe (bytes + place * Self.largest).copyMemory(from: start, byteCount: packet.count)
        entries.append(
            Entry(
                size: packet.count,
                path: path,
                ecn: ecn,
                stream: stream,
                due: now + pause,
                pause: pause,
                left: times,
                place: place
            )
        )
    }

    /// Copies the next packet that is due to `target`, which has room for `largest` bytes.
    func next(to target: UnsafeMutableRawPointer, now: UInt64) -> Entry? {
        guard let first = entries.first, first.due <= now else { return nil }
        entries.removeFirst()
        unsafe target.copyMemory(from: bytes + first.place * Self.largest, byteCount: first.size)
        if first.left > 1 {
            var again = first
            again.left -= 1
            again.due = now + first.pause
            entries.append(again)
        } else {
            free.append(first.place)
        }
        return first
    }

    /// The peer has all of a stream.
    func forget(_ stream: Int64) {
        guard let index = entries.firstIndex(where: { $0.stream == stream }) else { return }
        free.append(entries[index].place)
        entries.remove(at: index)
    }

    func removeAll() {
        while let entry = entries.popLast() { free.append(entry.place) }
    }
}
