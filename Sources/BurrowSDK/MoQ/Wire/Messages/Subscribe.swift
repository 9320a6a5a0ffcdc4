package import BurrowBase

/// How a subscriber wants a track delivered. lite-02 carries the priority only.
package struct SubscribeOptions: Equatable, Sendable {
    /// Higher is sent first.
    package var priority: UInt8
    /// Whether older groups go first under congestion.
    package var ordered: Bool
    /// How far behind a group that is not the newest may be; 0 wants the newest only.
    package var maxAge: Interval
    /// `nil` begins with the latest.
    package var startGroup: UInt64?
    /// The last group to deliver; `nil` has no end.
    package var endGroup: UInt64?

    package init(
        priority: UInt8 = 0,
        ordered: Bool = false,
        maxAge: Interval = .zero,
        startGroup: UInt64? = nil,
        endGroup: UInt64? = nil
    ) {
        self.priority = priority
        self.ordered = ordered
        self.maxAge = maxAge
        self.startGroup = startGroup
        self.endGroup = endGroup
    }

    fileprivate init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        self.init(priority: try reader.readUInt8())
        guard version.hasSubscribeOptions else { return }
        ordered = try reader.readBool()
        maxAge = try reader.readInterval()
        startGroup = try reader.readOptional()
        endGroup = try reader.readOptional()
    }

    fileprivate func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writeUInt8(priority)
        guard version.hasSubscribeOptions else { return }
        writer.writeBool(ordered)
        writer.writeInterval(maxAge)
        writer.writeOptional(startGroup)
        writer.writeOptional(endGroup)
    }
}

/// The request on a subscribe stream.
package struct Subscribe: ControlMessage {
    /// Chosen by the subscriber, never used again in the session; groups refer to it.
    package var id: UInt64
    package var broadcast: BroadcastPath
    package var track: String
    package var options: SubscribeOptions

    package init(id: UInt64, broadcast: BroadcastPath, track: String, options: SubscribeOptions) {
        self.id = id
        self.broadcast = broadcast
        self.track = track
        self.options = options
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        id = try reader.readVarint()
        broadcast = try reader.readPath()
        track = try reader.readTrackName()
        options = try SubscribeOptions(from: &reader, version)
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        writer.writeVarint(id)
        writer.writePath(broadcast)
        writer.writeString(track)
        options.write(to: &writer, version)
    }
}

/// Later wishes of a subscriber on the same stream (from lite-03).
package struct SubscribeUpdate: ControlMessage {
    package var options: SubscribeOptions

    package init(options: SubscribeOptions) {
        self.options = options
    }

    package init(from reader: inout ByteReader, _ version: Version) throws(DecodeError) {
        options = try SubscribeOptions(from: &reader, version)
    }

    package func write(to writer: inout ByteWriter, _ version: Version) {
        options.write(to: &writer, version)
    }
}

/// The publisher's own settings in its acceptance (lite-03 and 04).
package typealias SubscribeOK = SubscribeOptions

/// What a publisher says on a subscribe stream.
package enum SubscribeResponse: Equatable, Sendable {
    /// Accepted. Empty in lite-02, absent in lite-05.
    case ok(SubscribeOK)
    /// lite-05: the first group that comes.
    case start(group: UInt64)
    /// lite-05: the first group that never comes, because the track is over.
    case end(group: UInt64)
    /// From lite-03: groups that will not be delivered, both bounds included.
    case dropped(first: UInt64, last: UInt64, code: UInt64)

    /// The response with type and length, or `nil` when the version has no such response.
    package func encode(_ version: Version) -> [UInt8]? {
        var writer = ByteWriter()
        switch self {
        case .ok(let options):
            guard !version.hasSubscribeStart else { return nil }
            guard version.hasTypedResponses else { return [0] }
            writer.writeVarint(0)
            writer.writeMessage { options.write(to: &$0, version) }
        case .start(let group):
            guard version.hasSubscribeStart else { return nil }
            writer.writeVarint(0)
            writer.writeMessage { $0.writeVarint(group) }
        case .end(let group):
            guard version.hasSubscribeStart else { return nil }
            writer.writeVarint(1)
            writer.writeMessage { $0.writeVarint(group) }
        case .dropped(let first, let last, let code):
            guard version.hasTypedResponses else { return nil }
            writer.writeVarint(version.hasSubscribeStart ? 2 : 1)
            writer.writeMessage {
                $0.writeVarint(first)
                $0.writeVarint(last)
                $0.writeVarint(code)
            }
        }
        return writer.bytes
    }

    /// Takes the next response from the stream's bytes, or `nil` while some are missing.
    package static func next(
        from buffer: inout MessageBuffer,
        _ version: Version
    ) throws(DecodeError) -> SubscribeResponse? {
        if version.hasTypedResponses {
            guard let message = try buffer.nextTypedMessage(limit: WireLimits.answerBytes) else {
                return nil
            }
            return try decode(type: message.type, message.body.span, version)
        }
        guard let body = try buffer.nextMessage(limit: WireLimits.answerBytes) else { return nil }
        return try decode(type: 0, body.span, version)
    }

    /// Reads a whole body, without type and length. In lite-02 the type is 0.
    package static func decode(
        type: UInt64,
        _ body: Span<UInt8>,
        _ version: Version
    ) throws(DecodeError) -> SubscribeResponse {
        var reader = ByteReader(body)
        let response: SubscribeResponse
        switch (type, version.hasTypedResponses, version.hasSubscribeStart) {
        case (0, false, _): response = .ok(SubscribeOK())
        case (0, true, false): response = .ok(try SubscribeOK(from: &reader, version))
        case (0, true, true): response = .start(group: try reader.readVarint())
        case (1, true, true): response = .end(group: try reader.readVarint())
        case (1, true, false), (2, true, true):
            let (first, last) = (try reader.readVarint(), try reader.readVarint())
            guard first <= last else { throw .malformed }
            response = .dropped(first: first, last: last, code: try reader.readVarint())
        default: throw .malformed
        }
        try reader.expectEnd()
        return response
    }
}
