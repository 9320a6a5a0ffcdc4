package import BurrowBase

/// Collects the bytes of a control stream and hands out what is complete.
///
/// Everything here takes whole items or nothing: `nil` means that bytes are missing, an error that no bytes to come
/// could make it right. The owner drains it after every append, so it holds one unfinished message at most.
package struct MessageBuffer: Sendable {
    private var bytes: [UInt8] = []
    /// Where the bytes not yet taken begin.
    private var head = 0
    /// Taken bytes stay at the front until they are worth moving the rest.
    private static let slack = 4096

    package init() {}

    /// Bytes not yet taken.
    package var count: Int { bytes.count - head }
    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ slice: Slice) {
        append(slice.span)
    }

    package mutating func append(_ more: Span<UInt8>) {
        compact()
        unsafe more.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// A varint that stands alone: the type of a stream.
    package mutating func readVarint() -> UInt64? {
        var reader = ByteReader(bytes.span.extracting(droppingFirst: head))
        guard let value = try? reader.readVarint() else { return nil }
        take(reader.offset)
        return value
    }

    /// The body of a message: a varint length, then that many bytes.
    package mutating func nextMessage(
        limit: Int = WireLimits.messageBytes
    ) throws(DecodeError) -> [UInt8]? {
        var reader = ByteReader(bytes.span.extracting(droppingFirst: head))
        guard let body = try Self.body(&reader, limit: limit) else { return nil }
        take(reader.offset)
        return body
    }

    /// The body of a message, read where it lies.
    package mutating func nextMessage<Message>(
        limit: Int,
        _ decode: (Span<UInt8>) throws(DecodeError) -> Message
    ) throws(DecodeError) -> Message? {
        guard let found = try firstMessage(limit: limit, decode) else { return nil }
        take(found.end)
        return found.message
    }

    /// The first message, and where it ends.
    private func firstMessage<Message>(
        limit: Int,
        _ decode: (Span<UInt8>) throws(DecodeError) -> Message
    ) throws(DecodeError) -> (message: Message, end: Int)? {
        let all = bytes.span.extracting(droppingFirst: head)
        var reader = ByteReader(all)
        guard let length = try Self.bodyLength(&reader, limit: limit) else { return nil }
        let end = reader.offset + length
        return (try decode(all.extracting(reader.offset..<end)), end)
    }

    /// The same with a varint type in front.
    package mutating func nextTypedMessage(
        limit: Int = WireLimits.messageBytes
    ) throws(DecodeError) -> (type: UInt64, body: [UInt8])? {
        var reader = ByteReader(bytes.span.extracting(droppingFirst: head))
        guard let type = try? reader.readVarint() else { return nil }
        guard let body = try Self.body(&reader, limit: limit) else { return nil }
        take(reader.offset)
        return (type, body)
    }

    /// The body of a message with a length of 16 bits, as in CLIENT_SETUP and SERVER_SETUP.
    package mutating func nextLegacyMessage() -> [UInt8]? {
        var reader = ByteReader(bytes.span.extracting(droppingFirst: head))
        guard let length = try? reader.readUInt16() else { return nil }
        guard let body = try? reader.readBytes(Int(length)) else { return nil }
        take(reader.offset)
        return body
    }

    /// To be called when the stream ends: an unfinished message is an error.
    package func expectEnd() throws(DecodeError) {
        guard isEmpty else { throw .truncated }
    }

    @_lifetime(reader: copy reader)
    private static func body(_ reader: inout ByteReader, limit: Int) throws(DecodeError) -> [UInt8]? {
        guard let length = try bodyLength(&reader, limit: limit) else { return nil }
        return try reader.readBytes(length)
    }

    /// Of a body that is there as a whole.
    private static func bodyLength(_ reader: inout ByteReader, limit: Int) throws(DecodeError) -> Int? {
        guard let announced = try? reader.readVarint() else { return nil }
        guard let length = Int(exactly: announced), length <= limit else { throw .tooLarge }
        return length <= reader.remaining ? length : nil
    }

    private mutating func take(_ n: Int) {
        head += n
        if head == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.count <= Self.slack)
            head = 0
        }
    }

    private mutating func compact() {
        guard head > Self.slack, head > count else { return }
        bytes.removeFirst(head)
        head = 0
    }
}
