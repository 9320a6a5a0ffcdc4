package import BurrowBase
internal import BurrowCrypto

/// The client's question and the server's answer (RFC 6455 §4). No extension and no subprotocol is offered, so none
/// may be chosen.
package struct WebSocketHandshake: Sendable {
    /// What proves that the answer is to this question.
    private let key: String

    package init(random: inout some RandomSource) {
        var nonce = [UInt8](repeating: 0, count: 16)
        unsafe nonce.withUnsafeMutableBytes { (bytes) in unsafe random.fill(bytes) }
        key = Base64.standard.encode(nonce)
    }

    package func request(for url: ServerURL, userAgent: String) -> [UInt8] {
        let target = (url.path.isEmpty ? "/" : url.path) + (url.query.map { "?" + $0 } ?? "")
        let lines = [
            "GET \(target) HTTP/1.1",
            "Host: \(url.authority)",
            "User-Agent: \(userAgent)",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: \(key)",
            "Sec-WebSocket-Version: 13",
        ]
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// Checks the answer as RFC 6455 §4.1 demands.
    package func check(_ answer: HTTPAnswer) throws(WebSocketError) {
        switch answer.status {
        case 101: break
        case 300...399:
            throw WebSocketError(
                .redirected,
                "server sends us elsewhere (\(answer.status)), which is refused"
            )
        default:
            throw WebSocketError(.refused(status: answer.status), "server answers with \(answer.status)")
        }
        guard answer.names("websocket", in: "upgrade"), answer.names("upgrade", in: "connection") else {
            throw WebSocketError(.badAnswer, "server's answer is for no WebSocket")
        }
        guard try answer.value(of: "sec-websocket-accept") == accept() else {
            throw WebSocketError(.badAnswer, "server's answer is to another question")
        }
        guard !answer.has("sec-websocket-extensions"), !answer.has("sec-websocket-protocol") else {
            throw WebSocketError(.badAnswer, "server's answer has an extension that was not offered")
        }
    }

    private func accept() throws(WebSocketError) -> String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        do {
            return Base64.standard.encode(try SHA1.hash(text.span))
        } catch {
            throw WebSocketError(.failure, error.context)
        }
    }
}
