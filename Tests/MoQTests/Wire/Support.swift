import BurrowBase
import BurrowMoQ
import Testing

/// Bytes from hexadecimal digits; spaces are for the reader.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
    precondition(digits.count.isMultiple(of: 2), "an odd number of hexadecimal digits: \(text)")
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

func path(_ text: String) throws -> BroadcastPath { try BroadcastPath(text) }

func slice(_ bytes: [UInt8]) -> Slice { Slice(copying: bytes.span) }

extension MessageBuffer {
    init(_ bytes: [UInt8]) {
        self.init()
        append(bytes.span)
    }
}

/// The only message in `bytes`, which holds nothing else.
func only<M: ControlMessage>(_: M.Type, _ version: Version, in bytes: [UInt8]) throws -> M {
    var buffer = MessageBuffer(bytes)
    let next = try buffer.nextMessage()
    let body = try #require(next)
    #expect(buffer.isEmpty)
    return try M.decode(body.span, version)
}

/// That a message and its bytes, length included, mean each other.
func expectBothWays<M: ControlMessage>(
    _ message: M,
    _ version: Version,
    _ bytes: [UInt8],
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    #expect(message.encode(version) == bytes, sourceLocation: sourceLocation)
    #expect(try only(M.self, version, in: bytes) == message, sourceLocation: sourceLocation)
}

/// A frame put together again.
struct Frame: Equatable {
    var delta: Int64?
    var payload: [UInt8]

    init(_ delta: Int64?, _ text: String) {
        self.delta = delta
        payload = Array(text.utf8)
    }

    init(_ delta: Int64?, bytes: [UInt8]) {
        self.delta = delta
        payload = bytes
    }
}

/// All frames of a group that arrives in these pieces.
func frames(timestamped: Bool, pieces: [[UInt8]]) throws -> [Frame] {
    var parser = GroupParser(timestamped: timestamped)
    var result: [Frame] = []
    var length = 0
    for piece in pieces {
        var input = slice(piece)
        while let event = try parser.next(&input) {
            switch event {
            case .frame(let delta, let announced):
                length = announced
                result.append(Frame(delta, bytes: []))
            case .payload(let bytes, let isLast):
                let index = try #require(result.indices.last)
                result[index].payload += [UInt8](bytes)
                #expect(isLast == (result[index].payload.count == length))
            }
        }
        #expect(input.count == 0)
    }
    try parser.finish()
    return result
}
