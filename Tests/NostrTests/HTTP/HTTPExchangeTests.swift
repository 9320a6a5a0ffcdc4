import BurrowNostr
import Testing

@Suite struct HTTPExchangeTests {
    private static let fits = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    private static let chunks =
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n"

    /// The body, or how it failed; byte by byte it must be the same as at once.
    private func outcome(_ text: String, ends: Bool = true) -> Result<String, WebSocketError> {
        func read(step: Int) -> Result<String, WebSocketError> {
            var exchange = HTTPExchange()
            var rest = Array(text.utf8)[...]
            do throws(WebSocketError) {
                while !rest.isEmpty {
                    let part = Array(rest.prefix(step))
                    rest = rest.dropFirst(part.count)
                    if let body = try exchange.receive(part) {
                        return .success(String(decoding: body, as: UTF8.self))
                    }
                }
                guard ends else { return .success("(more)") }
                return .success(String(decoding: try exchange.end(), as: UTF8.self))
            } catch {
                return .failure(error)
            }
        }
        let whole = read(step: text.utf8.count)
        #expect(whole == read(step: 1))
        return whole
    }

    @Test(arguments: [
        fits, chunks,
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + fits,
        "HTTP/1.0 200 OK\r\n\r\nhello",
        fits + "more than was promised",
    ])
    func bodies(text: String) {
        #expect(outcome(text) == .success("hello"))
    }

    @Test func nothing() {
        #expect(outcome("HTTP/1.1 204 No Content\r\n\r\n") == .success(""))
        #expect(outcome("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == .success(""))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", WebSocketError.Code.badAnswer),
        ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", .badAnswer),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", .badAnswer),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999999\r\n\r\n", .badAnswer),
        ("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", .tooLarge),
        ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "a", count: 65537), .tooLarge),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .badAnswer),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", .badAnswer),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", .badAnswer),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n", .badAnswer),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nhel\r\n", .badAnswer),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", .tooLarge),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", .badAnswer),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "0", count: 5000),
            .badAnswer
        ),
        ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", .redirected),
        ("HTTP/1.1 101 Switching\r\n\r\n", .refused(status: 101)),
        ("HTTP/1.1 401 No\r\n\r\n", .refused(status: 401)),
        ("HTTP/1.1 503 Busy\r\n\r\n", .refused(status: 503)),
        (String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 5), .tooMany),
        ("SSH-2.0\r\n\r\n", .badAnswer), ("", .badAnswer),
    ])
    func refused(text: String, code: WebSocketError.Code) {
        guard case .failure(let error) = outcome(text) else {
            Issue.record("accepted: \(text.prefix(60))")
            return
        }
        #expect(error.code == code)
    }

    @Test(arguments: [
        ("https://a.example", "/", "a.example"),
        ("https://a.example/", "/", "a.example"),
        ("https://A.example:443/x/?y=z", "/x/?y=z", "a.example"),
        ("http://[::1]:8080?q", "/?q", "[::1]:8080"),
    ])
    func requests(url: String, target: String, host: String) throws {
        let bytes = HTTPExchange.request(
            "POST",
            url,
            at: try ServerURL(url, policy: .ownServices),
            fields: [("Accept", "x/y")],
            body: [1, 2, 3]
        )
        let head =
            "POST \(target) HTTP/1.1\r\nHost: \(host)\r\nAccept: x/y\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
        #expect(bytes == Array(head.utf8) + [1, 2, 3])
    }
}
