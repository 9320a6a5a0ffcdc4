import BurrowBase
import BurrowMoQ
import Testing

@Suite struct RelayURLTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let host: String
        let port: UInt16
        let setupPath: String?
        let description: String

        init(
            _ text: String,
            _ host: String,
            _ port: UInt16 = 443,
            _ setupPath: String? = nil,
            as description: String
        ) {
            self.text = text
            self.host = host
            self.port = port
            self.setupPath = setupPath
            self.description = description
        }

        var testDescription: String { text }
    }

    @Test(arguments: [
        Case("moqt://relay.example", "relay.example", as: "moqt://relay.example"),
        Case("moql://relay.example/", "relay.example", as: "moql://relay.example/"),
        Case("moq://Relay.Example:4443", "relay.example", 4443, as: "moq://relay.example:4443"),
        Case("MOQT://h/a/b", "h", 443, "/a/b", as: "moqt://h/a/b"),
        Case(
            "moqt://h:443/anon/room?jwt=a.b.c",
            "h",
            443,
            "/anon/room?jwt=a.b.c",
            as: "moqt://h/anon/room?…"
        ),
        Case("moqt://h?jwt=x", "h", 443, "/?jwt=x", as: "moqt://h?…"),
        Case("moqt://h/?jwt=x", "h", 443, "/?jwt=x", as: "moqt://h/?…"),
        Case("moqt://h/?", "h", 443, nil, as: "moqt://h/"),
        Case(
            "moqt://h/a%20b/%C3%A9?q=%2F?/:@",
            "h",
            443,
            "/a%20b/%C3%A9?q=%2F?/:@",
            as: "moqt://h/a%20b/%C3%A9?…"
        ),
        Case("moqt://h//a//", "h", 443, "//a//", as: "moqt://h//a//"),
        Case("moqt://127.0.0.1:65535/x", "127.0.0.1", 65535, "/x", as: "moqt://127.0.0.1:65535/x"),
        Case("moqt://[::1]", "::1", as: "moqt://[::1]"),
        Case("moqt://[2001:DB8::1]:1/p", "2001:db8::1", 1, "/p", as: "moqt://[2001:db8::1]:1/p"),
        Case("moqt://[fe80::1%252]:5", "fe80::1%2", 5, as: "moqt://[fe80::1%252]:5"),
        Case("moqt://h:", "h", as: "moqt://h"),
        Case(
            "moqt://xn--bcher-kva.example.:9/",
            "xn--bcher-kva.example.",
            9,
            as: "moqt://xn--bcher-kva.example.:9/"
        ),
        Case("moqt://a_b-c.1x", "a_b-c.1x", as: "moqt://a_b-c.1x"),
    ])
    func accepted(test: Case) throws {
        let url = try RelayURL(test.text)
        #expect(url.host.description == test.host)
        #expect(url.port == test.port)
        #expect(url.setupPath == test.setupPath)
        #expect(url.description == test.description)
        #expect(String(reflecting: url) == test.description)
    }

    @Test func addressesNeedNoResolution() throws {
        #expect(try RelayURL("moqt://10.0.0.1").host == .address(.v4(0x0a00_0001)))
        #expect(try RelayURL("moqt://[::2]").host == .address(.v6(0, 2, scope: 0)))
        #expect(try RelayURL("moqt://localhost").host == .name("localhost"))
    }

    @Test(arguments: [
        "", "moqt", "moqt:", "moqt:/h", "moqt://", "moqt:///path", "://h", "//h", "h:443", "https://h",
        "http://h",
        "moqs://h", " moqt://h", "moqt://h ", "moqt://h/a b", "moqt://h/é", "moqt://hé", "moqt://h\n",
        "moqt://h\0",
        "moqt://user@h", "moqt://user:pw@h/", "moqt://h/#frag", "moqt://h#", "moqt://h?x#y", "moqt://h/%",
        "moqt://h/%4",
        "moqt://h/%zz", "moqt://h?%g0", "moqt://h:0", "moqt://h:65536", "moqt://h:99999999999999999999",
        "moqt://h:-1",
        "moqt://h:+1", "moqt://h:4a", "moqt://h:1:2", "moqt://::1", "moqt://[::1", "moqt://[::1]x",
        "moqt://[::1]:x",
        "moqt://[1.2.3.4]", "moqt://[]", "moqt://[::1%eth0]", "moqt://[::1%25eth0]", "moqt://[::1%25]",
        "moqt://1.2.3",
        "moqt://1.2.3.4.5", "moqt://256.1.1.1", "moqt://0x7f.1.2.3", "moqt://01.2.3.4", "moqt://-h",
        "moqt://h-",
        "moqt://a..b", "moqt://.", "moqt://.a", "moqt://h%41", "moqt://h\\x", "moqt://*.example",
        "moqt://" + String(repeating: "a", count: 64), "moqt://" + String(repeating: "a.", count: 127) + "b",
        "moqt://h/" + String(repeating: "a", count: 16 * 1024),
    ])
    func refused(text: String) {
        #expect(throws: RelayURLError.self) { try RelayURL(text) }
    }

    @Test func nothingShowsTheToken() throws {
        let url = try RelayURL("moqt://h/room?jwt=topsecret")
        var dumped = ""
        dump(url, to: &dumped)
        for text in [
            "\(url)", String(reflecting: url), dumped, String(describing: Optional(url)), "\([url])",
        ] {
            #expect(!text.contains("topsecret"))
        }
        for text in [
            "moqt://h:x/room?jwt=topsecret", "moqt://h/room?jwt=topsecret#", "moqt://h/?jwt=topsecret%",
        ] {
            let error = #expect(throws: RelayURLError.self) { try RelayURL(text) }
            #expect(error?.description.contains("topsecret") == false)
        }
    }
}
