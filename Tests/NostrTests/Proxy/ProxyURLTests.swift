import BurrowNostr
import Testing

@Suite struct ProxyURLTests {
    @Test(arguments: [
        ("socks5://proxy.example:9050", "socks5://proxy.example:9050"),
        ("SOCKS5H://Proxy.Example./", "socks5://proxy.example:1080"),
        ("http://10.0.0.1", "http://10.0.0.1:80"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("socks5://[2001:db8::1]", "socks5://[2001:db8::1]:1080"),
        ("socks5://proxy:80", "socks5://proxy:80"),
    ])
    func places(text: String, normal: String) throws {
        let proxy = try ProxyURL(text)
        #expect(proxy.description == normal)
        #expect(proxy.login == nil)
    }

    @Test func logins() throws {
        let plain = try ProxyURL("socks5://me:pass@proxy:1")
        #expect(plain.login?.user == Array("me".utf8))
        #expect(plain.login?.password == Array("pass".utf8))
        let escaped = try ProxyURL("http://me%40home:a%3ab%25:c@proxy:1")
        #expect(escaped.login?.user == Array("me@home".utf8))
        #expect(escaped.login?.password == Array("a:b%:c".utf8))
        #expect(try ProxyURL("http://me@proxy:1").login?.password == [])
        #expect(try ProxyURL("socks5://a%3ab:x@proxy:1").login?.user == Array("a:b".utf8))
    }

    /// Nobody who prints a URL prints the password with it.
    @Test func secrets() throws {
        let proxy = try ProxyURL("http://me:hidden@proxy:1")
        var dumped = ""
        dump(proxy, to: &dumped)
        for text in ["\(proxy)", String(reflecting: proxy), "\(proxy.login as Any)", dumped] {
            #expect(!text.contains("hidden") && !text.contains("me:"))
        }
    }

    @Test(arguments: [
        "", "proxy", "proxy:1080", "socks5:proxy", "socks4://proxy", "https://proxy:443", "socks5://",
        "socks5://:1080", "socks5://proxy:0", "socks5://proxy:65536", "socks5://proxy:x", "socks5://pro xy",
        "http://proxy/path", "http://proxy?x", "http://proxy#x", "http://@proxy", "http://:pass@proxy",
        "http://a%3ab:x@proxy", "http://me:a%0d%0ab@proxy", "http://me:%00@proxy", "socks5://[::1",
        "socks5://-a",
        "http://me:hidden@", "http://é@proxy", "socks5://" + String(repeating: "a", count: 256) + "@proxy",
        "socks5://me:" + String(repeating: "a", count: 256) + "@proxy",
        "socks5://" + String(repeating: "a", count: 3000),
    ])
    func refused(text: String) {
        do throws(NostrError) {
            let proxy = try ProxyURL(text)
            Issue.record("taken: \(proxy)")
        } catch {
            #expect(error.code == .invalidURL)
            #expect(error.context.hasPrefix("proxy URL ") && !error.context.contains("hidden"))
        }
    }
}
