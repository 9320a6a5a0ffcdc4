import BurrowBase
import BurrowNostr
import FuzzHarness

/// Frames of a server behind a good handshake, in pieces whose length the first byte says.
enum WebSocketFramesTarget: FuzzTarget {
    /// The nonce of RFC 6455 §1.3, so that its answer fits.
    private struct SampleRandom: RandomSource {
        mutating func next() -> UInt64 { 0 }

        mutating func fill(_ bytes: UnsafeMutableRawBufferPointer) {
            for (index, byte) in "the sample nonce".utf8.enumerated() where index < bytes.count {
                unsafe bytes[index] = byte
            }
        }
    }

    private static let answer =
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    static func run() {
        fuzz { (input) in
            guard let url = try? ServerURL("wss://a.example", policy: .relays) else { return }
            var random = SampleRandom()
            var limits = WebSocket.Limits()
            limits.messageBytes = 1000
            guard let socket = try? WebSocket(url, userAgent: "x", limits: limits, random: &random) else {
                return
            }
            var events = FIFO<WebSocket.Event>()
            let opening = Array(answer.utf8)
            socket.receive(opening.span, into: &events)
            require(events.popFirst() == .opened, "the handshake is good")
            var rest = Array(input)[...]
            let step = Int(rest.popFirst() ?? 0) + 1
            var isOver = false
            while !rest.isEmpty {
                let piece = Array(rest.prefix(step))
                rest = rest.dropFirst(step)
                socket.receive(piece.span, into: &events)
                while let event = events.popFirst() {
                    require(!isOver, "something comes behind the end")
                    switch event {
                    case .text(let text):
                        require(text.count <= limits.messageBytes, "a message is longer than the limit")
                        require(String(validating: text, as: UTF8.self) != nil, "a text is no text")
                    case .failed: isOver = true
                    case .opened: require(false, "opened twice")
                    case .binary, .pong: break
                    }
                }
                require(socket.takeOutput().count < 1 << 20, "answers without end")
            }
        }
    }
}
