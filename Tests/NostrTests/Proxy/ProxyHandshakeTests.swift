import BurrowBase
import BurrowNostr
import Testing

/// What a proxy answers, each answer to one question of ours.
private struct Talk {
    var questions: [[UInt8]] = []
    /// What is behind the proxy's last word, once it has connected us.
    var rest: [UInt8]?
    var error: ProxyError?
}

@Suite struct ProxyHandshakeTests {
    private static let hidden = "socks5://me:hidden@proxy.example:1080"

    private func talk(
        _ proxy: String,
        _ answers: [[UInt8]],
        host: String = "relay.example",
        port: UInt16 = 443,
        step: Int = .max
    ) throws -> Talk {
        var handshake = ProxyHandshake(try ProxyURL(proxy), host: host, port: port, userAgent: "test/1")
        var talk = Talk()
        talk.questions.append(handshake.takeOutput())
        do throws(ProxyError) {
            for answer in answers {
                var left = answer[...]
                while !left.isEmpty {
                    let part = Array(left.prefix(step))
                    left = left.dropFirst(part.count)
                    if let rest = try handshake.receive(part) { talk.rest = (talk.rest ?? []) + rest }
                    let next = handshake.takeOutput()
                    if !next.isEmpty { talk.questions.append(next) }
                }
            }
        } catch {
            talk.error = error
        }
        return talk
    }

    private func bytes(_ hex: String) throws -> [UInt8] {
        try Hex.decode(hex.filter { $0 != " " })
    }

    // MARK: SOCKS

    @Test(arguments: [Int.max, 1])
    func socks(step: Int) throws {
        let reply = try bytes("0500 00 01 7f000001 1234")
        let talk = try talk("socks5://proxy", [[5, 0], reply], step: step)
        #expect(talk.questions == [[5, 1, 0], [5, 1, 0, 3, 13] + Array("relay.example".utf8) + [1, 0xbb]])
        #expect(talk.rest == [] && talk.error == nil)
    }

    @Test(arguments: [Int.max, 1])
    func socksWithLogin(step: Int) throws {
        let reply = try bytes("0500 00 03 03 616263 1234")
        let talk = try talk(Self.hidden, [[5, 2], [1, 0], reply], step: step)
        let login: [UInt8] = [1, 2] + Array("me".utf8) + [6] + Array("hidden".utf8)
        #expect(talk.questions.count == 3)
        #expect(talk.questions.first == [5, 2, 0, 2])
        #expect(talk.questions.dropFirst().first == login)
        #expect(talk.rest == [])
    }

    /// The login is not told to a proxy that does not ask.
    @Test func socksWithLoginNobodyAsksFor() throws {
        let talk = try talk(
            Self.hidden,
            [[5, 0], try bytes("0500 00 04 00000000000000000000000000000001 0001")]
        )
        #expect(talk.questions.count == 2)
        #expect(talk.rest == [])
    }

    @Test func socksToAddresses() throws {
        let four = try talk("socks5://proxy", [[5, 0]], host: "192.0.2.7", port: 80)
        #expect(four.questions.last == (try bytes("050100 01 c0000207 0050")))
        let six = try talk("socks5://proxy", [[5, 0]], host: "2001:db8::7", port: 80)
        #expect(six.questions.last == (try bytes("050100 04 20010db8000000000000000000000007 0050")))
    }

    /// What the server says behind the proxy's reply is the server's.
    @Test(arguments: [Int.max, 1])
    func rest(step: Int) throws {
        let reply = try bytes("0500 00 01 7f000001 1234 aabb")
        #expect(try talk("socks5://proxy", [[5, 0], reply], step: step).rest == [0xaa, 0xbb])
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello".utf8)
        #expect(try talk("http://proxy", [answer], step: step).rest == Array("hello".utf8))
    }

    @Test(arguments: [
        ("socks5://proxy", "05ff", ProxyError.Code.unauthorized, 255),
        ("socks5://proxy", "0502", .unauthorized, 2),
        (hidden, "05ff", .unauthorized, 255),
        (hidden, "0502 0101", .unauthorized, 1),
        (hidden, "0502 0501", .unauthorized, 1),
        ("socks5://proxy", "0500 0501", .refused, 1),
        ("socks5://proxy", "0500 050200", .unauthorized, 2),
        ("socks5://proxy", "0500 0503", .unreachable, 3),
        ("socks5://proxy", "0500 0504", .unreachable, 4),
        ("socks5://proxy", "0500 050500017f0000011234", .unreachable, 5),
        ("socks5://proxy", "0500 0506", .timeout, 6),
        ("socks5://proxy", "0500 0507", .unsupported, 7),
        ("socks5://proxy", "0500 0508", .unsupported, 8),
        ("socks5://proxy", "0500 05fe", .refused, 254),
        // None of the protocol.
        ("socks5://proxy", "0400", .badAnswer, 0),
        ("socks5://proxy", "4854", .badAnswer, 0),
        ("socks5://proxy", "0501", .badAnswer, 0),
        ("socks5://proxy", "050005", .badAnswer, 0),
        (hidden, "0502 0900", .badAnswer, 0),
        (hidden, "0502 010005", .badAnswer, 0),
        ("socks5://proxy", "0500 0400", .badAnswer, 0),
        ("socks5://proxy", "0500 05000002", .badAnswer, 0),
        ("socks5://proxy", "0500 050000ff", .badAnswer, 0),
    ])
    func socksRefusals(proxy: String, answers: String, code: ProxyError.Code, number: Int) throws {
        let talk = try talk(proxy, answers.split(separator: " ").map { try bytes(String($0)) })
        #expect(talk.error?.code == code)
        #expect(talk.error?.number == number)
        #expect(talk.error?.context.hasPrefix("proxy socks5://proxy") == true)
        #expect(talk.error?.context.contains("hidden") == false)
        #expect(talk.rest == nil)
    }

    @Test(arguments: [
        "05", "0500 05", "0500 050000", "0500 05000003", "0500 05000003ff00", "0500 05000004000000",
    ])
    func incomplete(answers: String) throws {
        let talk = try talk("socks5://proxy", answers.split(separator: " ").map { try bytes(String($0)) })
        #expect(talk.rest == nil && talk.error == nil)
    }

    // MARK: HTTP

    @Test(arguments: [Int.max, 1])
    func connect(step: Int) throws {
        let answer = Array("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n".utf8)
        let talk = try talk("http://me:hidden@proxy", [answer], step: step)
        let lines = [
            "CONNECT relay.example:443 HTTP/1.1", "Host: relay.example:443", "User-Agent: test/1",
            "Proxy-Authorization: Basic bWU6aGlkZGVu", "", "",
        ]
        #expect(talk.questions == [Array(lines.joined(separator: "\r\n").utf8)])
        #expect(talk.rest == [])
        let six = try self.talk("http://proxy", [], host: "::1", port: 8080)
        let question = String(decoding: six.questions.first ?? [], as: UTF8.self)
        #expect(question.hasPrefix("CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\n"))
        #expect(!question.contains("Authorization"))
    }

    @Test(arguments: [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
            ProxyError.Code.unauthorized
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", .unauthorized),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", .unreachable),
        ("HTTP/1.1 503 No\r\n\r\n", .unreachable),
        ("HTTP/1.0 504 Gateway Timeout\r\n\r\n", .timeout),
        ("HTTP/1.1 429 Slow down\r\n\r\n", .overloaded),
        ("HTTP/1.1 405 No\r\n\r\n", .unsupported),
        ("HTTP/1.1 302 Found\r\nLocation: http://me/\r\n\r\n", .refused),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", .refused),
        ("HTTP/1.1 500 me:hidden\r\n\r\n", .refused),
        ("SSH-2.0-OpenSSH\r\n", .badAnswer),
        ("\u{5}\u{0}", .badAnswer),
        ("HTTP/1.1 abc\r\n\r\n", .badAnswer),
        ("HTTP/1.1 200 OK\r\n" + String(repeating: "X: 0123456789\r\n", count: 2000), .badAnswer),
    ])
    func connectRefusals(answer: String, code: ProxyError.Code) throws {
        let talk = try talk("http://me:hidden@proxy", [Array(answer.utf8)])
        #expect(talk.error?.code == code)
        #expect(talk.error?.context.hasPrefix("proxy http://proxy:80 ") == true)
        #expect(talk.error?.context.contains("hidden") == false)
        #expect(talk.rest == nil)
    }
}
