import BurrowNostr
import Testing

@Suite struct WebSocketHandshakeTests {
    @Test func questionIsAsTheStandardWantsIt() throws {
        let socket = try WebSocket.begin("wss://a.example:4430/nostr?x=1")
        let lines = String(decoding: socket.takeOutput(), as: UTF8.self).components
        #expect(
            lines == [
                "GET /nostr?x=1 HTTP/1.1", "Host: a.example:4430", "User-Agent: test", "Upgrade: websocket",
                "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version: 13", "", "",
            ]
        )
    }

    @Test(arguments: [
        ("ws://[::1]", "[::1]"), ("ws://a.example:80", "a.example"), ("wss://b.example:443", "b.example"),
    ])
    func hostHasThePortOnlyWhenItIsUnusual(_ url: String, _ host: String) throws {
        let question = String(decoding: try WebSocket.begin(url).takeOutput(), as: UTF8.self)
        #expect(question.components.contains("Host: \(host)"))
    }

    @Test func answerMayComeByteByByteWithMessagesBehindIt() throws {
        let socket = try WebSocket.begin()
        var events: [WebSocket.Event] = []
        for byte in Server.text(Server.answer) + Server.frame(1, Array("hi".utf8)) {
            events += socket.take([byte])
        }
        #expect(events == [.opened, .text(Array("hi".utf8))])
    }

    @Test func answerAndMessageMayComeAtOnce() throws {
        let socket = try WebSocket.begin()
        let events = socket.take(Server.text(Server.answer) + Server.frame(1, [0x61]))
        #expect(events == [.opened, .text([0x61])])
    }

    @Test func namesAndTokensAreOfAnyCase() throws {
        let lines = [
            "HTTP/1.1 101", "UPGRADE:WebSocket", "connection: keep-alive,\tUpgrade",
            "sec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= ",
        ]
        #expect(try WebSocket.begin().take(Server.text(lines)) == [.opened])
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let lines: [String]
        let code: WebSocketError.Code
        var testDescription: String { lines.first ?? "" }
    }

    static func changed(_ index: Int, _ line: String?) -> [String] {
        var lines = Server.answer
        if let line { lines[index] = line } else { lines.remove(at: index) }
        return lines
    }

    @Test(arguments: [
        Refusal(lines: ["HTTP/1.1 301 Moved", "Location: wss://evil.example"], code: .redirected),
        Refusal(lines: ["HTTP/1.1 307 Elsewhere", "Location: /"], code: .redirected),
        Refusal(lines: ["HTTP/1.1 200 OK"], code: .refused(status: 200)),
        Refusal(lines: ["HTTP/1.1 403 Forbidden"], code: .refused(status: 403)),
        Refusal(lines: ["HTTP/1.1 503 Later"], code: .refused(status: 503)),
        Refusal(lines: changed(1, nil), code: .badAnswer),
        Refusal(lines: changed(1, "Upgrade: h2c"), code: .badAnswer),
        Refusal(lines: changed(2, nil), code: .badAnswer),
        Refusal(lines: changed(3, nil), code: .badAnswer),
        Refusal(lines: changed(3, "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="), code: .badAnswer),
        Refusal(lines: Server.answer + [Server.answer[3]], code: .badAnswer),
        Refusal(lines: Server.answer + ["Sec-WebSocket-Extensions: permessage-deflate"], code: .badAnswer),
        Refusal(lines: Server.answer + ["Sec-WebSocket-Protocol: nostr"], code: .badAnswer),
        Refusal(lines: Server.answer + ["no colon"], code: .badAnswer),
        Refusal(lines: Server.answer + ["bad name : x"], code: .badAnswer),
        Refusal(lines: Server.answer + [" folded"], code: .badAnswer),
        Refusal(lines: Server.answer + ["X: \u{1}"], code: .badAnswer),
        Refusal(lines: Server.answer + ["X: a\nY: b\rZ: c"], code: .badAnswer),
        Refusal(lines: ["HTTP/2 101 x"] + Server.answer.dropFirst(), code: .badAnswer),
        Refusal(lines: ["HTTP/1.1 1010 x"], code: .badAnswer),
        Refusal(lines: ["SSH-2.0-server"], code: .badAnswer),
        Refusal(lines: Server.answer + (0..<101).map { "X-\($0): y" }, code: .badAnswer),
        Refusal(lines: Server.answer + ["X: " + String(repeating: "y", count: 17000)], code: .badAnswer),
    ])
    func otherAnswersAreRefused(_ refusal: Refusal) throws {
        let socket = try WebSocket.begin()
        let events = socket.take(Server.text(refusal.lines))
        guard case .failed(let error)? = events.last, events.count == 1 else {
            Issue.record("answered with \(events)")
            return
        }
        #expect(error.code == refusal.code)
        #expect(socket.take(Server.frame(1, [0x61])).isEmpty)
    }

    @Test func anAnswerWithoutEndIsCutOff() throws {
        let socket = try WebSocket.begin()
        var bytes = 0
        var events: [WebSocket.Event] = socket.take(Array("HTTP/1.1 101 x\r\n".utf8))
        while events.isEmpty, bytes < 1 << 20 {
            events = socket.take(Array("X: y\r\n".utf8))
            bytes += 6
        }
        #expect(bytes <= HTTPAnswer.headBytes)
        #expect(events == [.failed(WebSocketError(.badAnswer, "server's answer is too long"))])
    }
}

@Suite struct WebSocketFrameTests {
    private func failure(_ events: [WebSocket.Event]) -> WebSocketError.Code? {
        guard case .failed(let error)? = events.last else { return nil }
        return error.code
    }

    @Test(arguments: [1, 125, 126, 65535, 65536, 500_000])
    func messagesOfAllLengthsComeThroughInPieces(_ count: Int) throws {
        let socket = try WebSocket.opened()
        let text = [UInt8](repeating: 0x61, count: count)
        let bytes = Server.frame(1, text)
        var events: [WebSocket.Event] = []
        for start in stride(from: 0, to: bytes.count, by: 16384) {
            events += socket.take(Array(bytes[start..<min(start + 16384, bytes.count)]))
        }
        #expect(events == [.text(text)])
    }

    @Test func fragmentsAreJoinedAndPingsBetweenThemAnswered() throws {
        let socket = try WebSocket.opened()
        let bytes =
            Server.frame(1, Array("he".utf8), isLast: false) + Server.frame(9, Array("?".utf8))
            + Server.frame(0, Array("llo".utf8))
        #expect(socket.take(bytes) == [.text(Array("hello".utf8))])
        #expect(ClientFrame.read(socket.takeOutput()) == [ClientFrame(opcode: 10, payload: Array("?".utf8))])
    }

    @Test(arguments: [0, 1, 125, 126, 70000])
    func whatWeSendIsMasked(_ count: Int) throws {
        let socket = try WebSocket.opened()
        let text = [UInt8](repeating: 0x62, count: count)
        socket.send(text: text)
        socket.ping()
        let expected = [ClientFrame(opcode: 1, payload: text), ClientFrame(opcode: 9, payload: [])]
        #expect(ClientFrame.read(socket.takeOutput()) == expected)
    }

    @Test func masksDiffer() throws {
        let socket = try WebSocket.opened()
        let outputs = (0..<100).map { (_) in
            socket.send(text: [0, 0, 0, 0, 0, 0, 0, 0])
            return socket.takeOutput()
        }
        #expect(Set(outputs).count == 100)
    }

    @Test func pongIsReported() throws {
        #expect(try WebSocket.opened().take(Server.frame(10, [])) == [.pong])
    }

    @Test func binaryIsOnlyMentioned() throws {
        #expect(try WebSocket.opened().take(Server.frame(2, [1, 2])) == [.binary])
    }

    @Test(
        arguments: [
            ("masked", [0x81, 0x81, 1, 2, 3, 4, 0x60]), ("reserved bit", [0xc1, 1, 0x61]),
            ("unknown opcode", [0x83, 0]), ("long ping", [0x89, 126, 0, 126]),
            ("fragmented ping", [0x09, 0]), ("continuation of nothing", [0x80, 0]),
            ("text inside text", [0x01, 0, 0x81, 0]), ("no UTF-8", [0x81, 1, 0xff]),
            ("length with its highest bit", [0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 1]),
        ] as [(String, [UInt8])]
    )
    func brokenFramesEndIt(_ what: String, _ bytes: [UInt8]) throws {
        let socket = try WebSocket.opened()
        #expect(failure(socket.take(bytes)) == .badFrames, "\(what)")
        let last = ClientFrame.read(socket.takeOutput())?.last
        #expect(last?.opcode == 8, "says goodbye")
        #expect(socket.take(Server.frame(1, [0x61])).isEmpty)
    }

    @Test func messageThatIsTooLongEndsItBeforeItComes() throws {
        var limits = WebSocket.Limits()
        limits.messageBytes = 1000
        let socket = try WebSocket.opened(limits: limits)
        #expect(failure(socket.take([0x81, 126, 0x03, 0xe9, 0x61])) == .tooLarge)
    }

    @Test func fragmentsThatAddUpToTooMuchEndIt() throws {
        var limits = WebSocket.Limits()
        limits.messageBytes = 1000
        let socket = try WebSocket.opened(limits: limits)
        let piece = [UInt8](repeating: 0x61, count: 400)
        #expect(socket.take(Server.frame(1, piece, isLast: false)).isEmpty)
        #expect(socket.take(Server.frame(0, piece, isLast: false)).isEmpty)
        #expect(failure(socket.take(Server.frame(0, piece, isLast: false))) == .tooLarge)
    }

    @Test func emptyFragmentsWithoutEndEndIt() throws {
        let socket = try WebSocket.opened()
        #expect(socket.take(Server.frame(1, [], isLast: false)).isEmpty)
        var count = 0
        var events: [WebSocket.Event] = []
        while events.isEmpty, count < 10000 {
            events = socket.take(Server.frame(0, [], isLast: false))
            count += 1
        }
        #expect(failure(events) == .tooMany)
        #expect(count <= 4096)
    }

    @Test func pingsWithoutEndEndIt() throws {
        let socket = try WebSocket.opened()
        var events: [WebSocket.Event] = []
        for _ in 0..<5000 where events.isEmpty { events = socket.take(Server.frame(9, [1])) }
        #expect(failure(events) == .tooMany)
    }

    @Test(
        arguments: [(1000, [0x03, 0xe8]), (1001, [0x03, 0xe9]), (4001, [0x0f, 0xa1]), (1005, [])]
            as [(UInt16, [UInt8])]
    )
    func closingIsReportedAndAnswered(_ status: UInt16, _ payload: [UInt8]) throws {
        let socket = try WebSocket.opened()
        let events = socket.take(Server.frame(1, [0x61]) + Server.frame(8, payload))
        #expect(events.first == .text([0x61]))
        #expect(failure(events) == .closed(status: status))
        #expect(ClientFrame.read(socket.takeOutput())?.last?.opcode == 8)
    }

    @Test func nothingIsSentBehindAGoodbye() throws {
        let socket = try WebSocket.opened()
        socket.close()
        socket.send(text: [0x61])
        #expect(ClientFrame.read(socket.takeOutput()) == [ClientFrame(opcode: 8, payload: [0x03, 0xe8])])
    }
}

extension String {
    /// Its lines.
    fileprivate var components: [String] {
        var lines: [String] = [""]
        var bytes = utf8[...]
        while let byte = bytes.popFirst() {
            if byte == 13, bytes.first == 10 {
                bytes = bytes.dropFirst()
                lines.append("")
            } else {
                lines[lines.count - 1].unicodeScalars.append(UnicodeScalar(byte))
            }
        }
        return lines
    }
}
