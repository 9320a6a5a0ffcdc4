import BurrowBase
import BurrowCrypto
import BurrowNostr

/// The nonce of RFC 6455 §1.3.
struct SampleRandom: RandomSource {
    mutating func next() -> UInt64 { 0 }

    mutating func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        for (index, byte) in "the sample nonce".utf8.enumerated() where index < bytes.count {
            unsafe bytes[index] = byte
        }
    }
}

enum Server {
    static let answer = [
        "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    ]

    static func text(_ lines: [String]) -> [UInt8] {
        Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// A frame as servers send it, without a mask.
    static func frame(_ opcode: UInt8, _ payload: [UInt8], isLast: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = [opcode | (isLast ? 0x80 : 0)]
        switch payload.count {
        case ..<126: bytes.append(UInt8(payload.count))
        case ..<65536: bytes += [126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
        default: bytes += [127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        return bytes + payload
    }
}

/// A frame of ours, with its mask taken off.
struct ClientFrame: Equatable {
    let opcode: UInt8
    let payload: [UInt8]

    static func read(_ bytes: [UInt8]) -> [ClientFrame]? {
        var frames: [ClientFrame] = []
        var rest = bytes[...]
        while let first = rest.popFirst() {
            guard first & 0x80 != 0, let second = rest.popFirst(), second & 0x80 != 0 else { return nil }
            var count = Int(second & 0x7f)
            if count >= 126 {
                let width = count == 126 ? 2 : 8
                count = rest.prefix(width).reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(width)
            }
            let mask = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
            guard mask.count == 4, rest.count >= count else { return nil }
            let payload = rest.prefix(count).enumerated().map { $1 ^ mask[$0 % 4] }
            rest = rest.dropFirst(count)
            frames.append(ClientFrame(opcode: first & 0xf, payload: payload))
        }
        return frames
    }
}

extension WebSocket {
    static func begin(_ text: String = "wss://a.example", limits: Limits = Limits()) throws -> WebSocket {
        var random = SampleRandom()
        let url = try ServerURL(text, policy: .ownRelays)
        return try WebSocket(url, userAgent: "test", limits: limits, random: &random)
    }

    /// Behind its handshake, with nothing to send.
    static func opened(limits: Limits = Limits()) throws -> WebSocket {
        let socket = try begin(limits: limits)
        _ = socket.take(Server.text(Server.answer))
        _ = socket.takeOutput()
        return socket
    }

    func take(_ bytes: [UInt8]) -> [Event] {
        var events = FIFO<Event>()
        receive(bytes.span, into: &events)
        var list: [Event] = []
        while let event = events.popFirst() { list.append(event) }
        return list
    }
}
