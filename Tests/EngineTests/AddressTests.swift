import BurrowBase
import BurrowEngine
import Testing

@Suite struct AddressTests {
    @Test(arguments: ["127.0.0.1:4443", "0.0.0.0:0", "[::1]:443", "[::]:0", "[2001:db8::1]:65535"])
    func readsWhatItWrites(_ text: String) {
        #expect(SocketAddress(parsing: text)?.description == text)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:443", "[::1]",
        "[127.0.0.1]:1",
        "localhost:1", "1.2.3:4", "[::1:5", "::1]:5",
    ])
    func refusesWhatIsNoAddressWithAPort(_ text: String) {
        #expect(SocketAddress(parsing: text) == nil)
    }
}
