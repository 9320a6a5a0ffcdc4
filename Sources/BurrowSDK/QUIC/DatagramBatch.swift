/// Outgoing datagrams of many connections, written straight into one buffer.
///
/// The owner of the sockets fills it with `Endpoint.flush`, sends what is in it and empties it again.
@safe package struct DatagramBatch: ~Copyable {
    /// Consecutive packets on one path with one ECN mark.
    package struct Entry: Equatable, Sendable {
        package var path: DatagramPath
        package var ecn: ECN
        /// Where the bytes begin in the buffer.
        package var offset: Int
        /// All bytes of the entry.
        package var count: Int
        /// Size of each packet; only the last may be shorter. Equal to `count` when there is one packet.
        package var segmentSize: Int

        package var packetCount: Int { segmentSize > 0 ? (count + segmentSize - 1) / segmentSize : 0 }
    }

    /// Linux takes at most this many segments in one send (UDP_MAX_SEGMENTS).
    static let segmentLimit = 64
    /// Room for headers below the 65535 bytes of one IP packet.
    static let runLimit = 65000
    /// The buffer counts as full when less than this is left: no packet of ours is larger.
    static let packetReserve = 1500

    package private(set) var entries: [Entry] = []
    /// How many bytes of the buffer are used.
    package private(set) var count = 0
    package let capacity: Int
    package let entryLimit: Int
    private let base: UnsafeMutableRawPointer

    package init(capacity: Int = 256 * 1024, entryLimit: Int = 512) {
        self.capacity = max(capacity, Self.packetReserve)
        self.entryLimit = max(entryLimit, 1)
        unsafe base = .allocate(byteCount: self.capacity, alignment: 64)
        entries.reserveCapacity(self.entryLimit)
    }

    deinit {
        unsafe base.deallocate()
    }

    package var isEmpty: Bool { entries.isEmpty }
    package var isFull: Bool { capacity - count < Self.packetReserve || entries.count >= entryLimit }

    /// The buffer; an entry's bytes lie at its offset. Valid while the batch is alive.
    package var bytes: UnsafeMutableRawPointer { unsafe base }

    /// The bytes of one entry. Valid until the batch is emptied.
    package func bytes(of entry: Entry) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: base + entry.offset, count: entry.count)
    }

    package mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        count = 0
    }

    /// Where the next packet is to be written.
    var tail: UnsafeMutableRawPointer { unsafe base + count }
    var room: Int { capacity - count }

    /// Copies a packet in. There must be room.
    mutating func append(_ packet: [UInt8], path: DatagramPath) {
        guard packet.count <= room else { return }
        unsafe packet.withUnsafeBytes { (source) in
            guard let start = source.baseAddress else { return }
            unsafe tail.copyMemory(from: start, byteCount: source.count)
        }
        commit(packet.count, path: path, ecn: .notECT, joining: false)
    }

    /// Takes over a packet that was written at `tail`. It joins the last entry when `joining` says that this one
    /// belongs to the same connection and the kernel can send both in one call.
    mutating func commit(_ size: Int, path: DatagramPath, ecn: ECN, joining: Bool) {
        defer { count += size }
        if joining, let last = entries.indices.last {
            let entry = entries[last]
            let whole = entry.count % entry.segmentSize == 0
            if whole, size <= entry.segmentSize, entry.ecn == ecn, entry.count + size <= Self.runLimit,
                entry.packetCount < Self.segmentLimit, entry.path == path
            {
                entries[last].count += size
                return
            }
        }
        entries.append(Entry(path: path, ecn: ecn, offset: count, count: size, segmentSize: size))
    }
}
