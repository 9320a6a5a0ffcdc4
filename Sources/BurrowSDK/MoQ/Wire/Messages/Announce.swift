package import BurrowBase

/// What a subscriber asks on an announce stream: to be told of broadcasts below a prefix.
package struct AnnounceRequest: ControlMessage {
    package var prefix: BroadcastPath
    /// Broadcasts that came through this hop are left out; 0 excludes none. Not sent before lite-04.
    package var excludedHop: UInt64

    package init(prefix: BroadcastPath, excludedHop: UInt64 = 0) {
        self.prefix = prefix
        self.excludedHop = excludedHop
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        prefix = try reader.readPath()
        excludedHop = version.hasHopIDs ? try reader.readVarint() : 0
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writePath(prefix)
        if version.hasHopIDs { writer.writeVarint(excludedHop) }
    }
}

/// One broadcast that came, went, or began anew.
package struct Announcement: ControlMessage {
    package enum Status: UInt8, Sendable {
        case ended = 0
        case active
        /// lite-05 only.
        case restarted
    }

    package var status: Status
    /// The path below the requested prefix; empty when it is the prefix itself.
    package var suffix: BroadcastPath
    /// The hops as they are on the wire, origin first. lite-03 only counts them, so their ids are 0, which is
    /// "unknown"; lite-02 has none. Whether the sender itself is among them differs too, see
    /// `Version.hasAnnounceOK`.
    package var hops: [UInt64]

    package init(status: Status, suffix: BroadcastPath, hops: [UInt64] = []) {
        self.status = status
        self.suffix = suffix
        self.hops = hops
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        guard let status = Status(rawValue: try reader.readUInt8()) else { throw .malformed }
        guard status != .restarted || version.allowsReannounce else { throw .malformed }
        self.status = status
        suffix = try reader.readPath()
        hops = []
        guard version.hasHopCount else { return }
        for _ in 0..<(try reader.readLength(limit: WireLimits.hops)) {
            hops.append(version.hasHopIDs ? try reader.readVarint() : 0)
        }
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        // Where restarting is unknown, a live path must first be ended; that is the session's to do.
        writer.writeUInt8(
            status == .restarted && !version.allowsReannounce ? Status.active.rawValue : status.rawValue
        )
        writer.writePath(suffix)
        guard version.hasHopCount else { return }
        let sent = hops.suffix(WireLimits.hops)
        writer.writeVarint(UInt64(sent.count))
        if version.hasHopIDs {
            for hop in sent { writer.writeVarint(hop) }
        }
    }
}

/// What a publisher says on an announce stream.
package enum AnnounceMessage: Equatable, Sendable {
    /// lite-02, first: the suffixes of all live broadcasts.
    case initial([BroadcastPath])
    /// lite-05, first: the publisher's hop id, and how many announcements follow at once.
    case ok(hop: UInt64, activeCount: UInt64)
    case announce(Announcement)

    /// The message with its length in front.
    package func encode(_ version: Version) -> [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .initial(let suffixes):
            writer.writeMessage {
                $0.writeVarint(UInt64(suffixes.count))
                for suffix in suffixes { $0.writePath(suffix) }
            }
        case .ok(let hop, let activeCount):
            writer.writeMessage {
                $0.writeVarint(hop)
                $0.writeVarint(activeCount)
            }
        case .announce(let announcement):
            return announcement.encode(version)
        }
        return writer.bytes
    }
}

/// Reads the publisher's side of one announce stream, where the first message can be of another kind.
package struct AnnounceDecoder {
    private let version: Version
    private var isFirst = true

    package init(_ version: Version) {
        self.version = version
    }

    /// How long the next body may be.
    package var messageLimit: Int {
        isFirst && version.hasAnnounceInitial ? WireLimits.announceInitialBytes : WireLimits.messageBytes
    }

    /// Takes the next message from the stream's bytes, or `nil` while some are missing.
    package mutating func next(from buffer: inout MessageBuffer) throws(DecodeError) -> AnnounceMessage? {
        guard let body = try buffer.nextMessage(limit: messageLimit) else { return nil }
        return try decode(body.span)
    }

    /// Reads a whole body, without its length.
    package mutating func decode(_ body: Span<UInt8>) throws(DecodeError) -> AnnounceMessage {
        guard isFirst, version.hasAnnounceInitial || version.hasAnnounceOK else {
            return .announce(try Announcement.decode(body, version))
        }
        isFirst = false
        var reader = ByteReader(body)
        let message: AnnounceMessage
        if version.hasAnnounceInitial {
            var suffixes: [BroadcastPath] = []
            for _ in 0..<(try reader.readLength(limit: WireLimits.announceInitialCount)) {
                suffixes.append(try reader.readPath())
            }
            message = .initial(suffixes)
        } else {
            message = .ok(hop: try reader.readVarint(), activeCount: try reader.readVarint())
        }
        try reader.expectEnd()
        return message
    }
}
