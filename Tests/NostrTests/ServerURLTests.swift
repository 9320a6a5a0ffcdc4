import BurrowNostr
import Testing

@Suite struct ServerURLTests {
    @Test(arguments: [
        ("wss://Relay.Example.COM", "wss://relay.example.com"),
        ("wss://relay.example.com:443/", "wss://relay.example.com"),
        ("wss://relay.example.com./a/b//", "wss://relay.example.com/a/b"),
        ("WSS://relay.example.com:444?x=1", "wss://relay.example.com:444?x=1"),
        ("wss://[2606:4700:0:0::1]:7777/x", "wss://[2606:4700::1]:7777/x"),
        ("wss://1.1.1.1", "wss://1.1.1.1"),
        ("wss://a_b.example/%41?", "wss://a_b.example/%41"),
    ])
    func normalSpelling(text: String, expected: String) throws {
        let url = try ServerURL(text, policy: .relays)
        #expect(url.text == expected)
        #expect(try ServerURL(url.text, policy: .relays) == url)
    }

    @Test(arguments: [
        "", "wss://", "wss:///x", "relay.example.com", "relay.example.com:443", "ws://relay.example.com",
        "ftp://relay.example.com", "moq://relay.example.com", "wss://user@relay.example.com",
        "wss://a:b@relay.example.com", "wss://relay.example.com#x", "wss://relay.example.com:0",
        "wss://relay.example.com:65536", "wss://relay.example.com:-1", "wss://relay.example.com:8a",
        "wss://relay .example.com", "wss://relay.example.com/\u{e9}", "wss://\u{fc}ber.example",
        "wss://relay.example.com/a/../b", "wss://relay.example.com/%2e%2E/b", "wss://relay.example.com/a%2Fb",
        "wss://relay.example.com/%4", "wss://-a.example", "wss://a..example", "wss://relay.example.com/\n",
        "wss://[::1", "wss://[1.2.3.4]", "wss://[fe80::1%25eth0]", "wss://1.2.3", "wss://a.0x10",
        "wss://" + String(repeating: "a", count: 64) + ".example",
        "wss://example.com/" + String(repeating: "a", count: 2048),
    ])
    func refused(text: String) {
        #expect(code { () throws(NostrError) in try ServerURL(text, policy: .relays) } == .invalidURL)
    }

    @Test(arguments: [
        "wss://localhost", "wss://127.0.0.1", "wss://10.1.2.3", "wss://172.31.255.255", "wss://192.168.0.1",
        "wss://169.254.1.1", "wss://100.64.0.1", "wss://0.0.0.0", "wss://224.0.0.1", "wss://255.255.255.255",
        "wss://[::1]", "wss://[::]", "wss://[fe80::1]", "wss://[fd00::1]", "wss://[fc12::1]",
        "wss://[ff02::1]",
        "wss://[::ffff:127.0.0.1]", "wss://[::ffff:10.0.0.1]", "wss://[64:ff9b::10.0.0.1]",
        "wss://printer.local",
        "wss://abc.onion", "wss://intranet",
    ])
    func privateAddresses(text: String) throws {
        #expect(code { () throws(NostrError) in try ServerURL(text, policy: .relays) } == .invalidURL)
        #expect(try ServerURL(text, policy: .ownRelays).isPrivate)
    }

    @Test(arguments: [
        "wss://172.32.0.1", "wss://100.128.0.1", "wss://192.169.0.1", "wss://11.0.0.1",
        "wss://[2606:4700::1]",
        "wss://[::ffff:1.1.1.1]", "wss://local.example",
    ])
    func publicAddresses(text: String) throws {
        #expect(try !ServerURL(text, policy: .relays).isPrivate)
    }

    @Test func configuration() throws {
        #expect(
            try ServerURL("relay.example.com:7000", policy: .ownRelays).text == "wss://relay.example.com:7000"
        )
        #expect(try ServerURL("relay.example.com", policy: .ownMedia).text == "moq://relay.example.com")
        #expect(try ServerURL("ws://127.0.0.1:7777/", policy: .ownRelays).text == "ws://127.0.0.1:7777")
        for text in ["moqt://a.example", "moql://a.example", "https://a.example/x", "wss://a.example"] {
            #expect(try ServerURL(text, policy: .media).text == text)
        }
        #expect(
            code { () throws(NostrError) in try ServerURL("http://a.example", policy: .media) } == .invalidURL
        )
    }

    @Test func tokensAreTakenOut() throws {
        func stripped(_ query: String) throws -> String {
            try ServerURL("https://a.example/?" + query, policy: .media).withoutToken.text
        }
        #expect(try stripped("jwt=x") == "https://a.example")
        #expect(try stripped("a=1&jwt=x&b=2") == "https://a.example?a=1&b=2")
        #expect(try stripped("%6aw%74=x&jwt") == "https://a.example")
        #expect(try stripped("jwtx=1") == "https://a.example?jwtx=1")
        let url = try ServerURL("https://a.example/?jwt=secret", policy: .media)
        #expect(!"\(url) \(String(reflecting: url))".contains("secret"))
    }
}
