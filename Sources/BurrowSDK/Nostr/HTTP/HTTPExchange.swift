/// One request to an HTTP server and its answer, without a socket: a redirect is refused, as is everything but success.
package struct HTTPExchange: Sendable {
    /// Answers before the answer (RFC 9110 §15.2).
    private static let interimLimit = 4

    private var head: [UInt8] = []
    private var searched = 0
    private var interim = 0
    private var body: HTTPBody?

    package init() {}

    /// The bytes of a request to `url`, an address as the host wrote it. Header fields may not hold line ends.
    package static func request(
        _ method: String,
        _ url: String,
        at server: ServerURL,
        fields: [(name: String, value: String)],
        body: [UInt8]
    ) -> [UInt8] {
        var lines = ["\(method) \(target(of: url)) HTTP/1.1", "Host: \(server.authority)"]
        for field in fields { lines.append("\(field.name): \(field.value)") }
        lines += ["Content-Length: \(body.count)", "Connection: close"]
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    /// Path and query of a URL, in its own spelling (RFC 9112 §3.2.1).
    private static func target(of url: String) -> String {
        let bytes = Array(url.utf8)
        var rest = bytes[...]
        if let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) {
            rest = bytes[(colon + 3)...]
        }
        let path = rest.drop { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let text = String(decoding: path, as: UTF8.self)
        return text.hasPrefix("/") ? text : "/" + text
    }

    /// Reads on. The body of the answer, once all of it is there.
    package mutating func receive(_ more: [UInt8]) throws(WebSocketError) -> [UInt8]? {
        var rest = more
        while body == nil {
            head.append(contentsOf: rest)
            guard let answer = try HTTPAnswer.take(from: &head, searched: &searched) else { return nil }
            rest = head
            (head, searched) = ([], 0)
            if (102...199).contains(answer.status) || answer.status == 100 {
                interim += 1
                guard interim <= Self.interimLimit else {
                    throw WebSocketError(.tooMany, "server's answer does not come")
                }
                continue
            }
            guard !(300...399).contains(answer.status) else {
                throw WebSocketError(
                    .redirected,
                    "server sends us elsewhere (\(answer.status)), which is refused"
                )
            }
            guard (200...299).contains(answer.status) else {
                throw WebSocketError(.refused(status: answer.status), "server answers with \(answer.status)")
            }
            body = try HTTPBody(after: answer)
        }
        try body?.receive(rest)
        return body?.isComplete == true ? body?.bytes : nil
    }

    /// The connection ended in good order. What that means for the answer.
    package mutating func end() throws(WebSocketError) -> [UInt8] {
        guard body?.end() == true, let bytes = body?.bytes else {
            throw WebSocketError(.badAnswer, "server's answer is not complete")
        }
        return bytes
    }
}
