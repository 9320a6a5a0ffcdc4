import BurrowBase
import BurrowQUIC
import Testing

@Suite struct AddressOriginTests {
    private func origin(_ text: String) throws -> AddressOrigin {
        AddressOrigin(try #require(SocketAddress.IP(text)))
    }

    @Test func anAddressOfIPv4StandsForItself() throws {
        #expect(try origin("192.0.2.1") != origin("192.0.2.2"))
        #expect(try origin("::ffff:192.0.2.1") == origin("192.0.2.1"))
        #expect(try origin("::ffff:192.0.2.1") != origin("::ffff:192.0.2.2"))
    }

    @Test func anAddressOfIPv6StandsForItsNetwork() throws {
        #expect(try origin("2001:db8:1:2::1") == origin("2001:db8:1:2:ffff::9"))
        #expect(try origin("2001:db8:1:2::1") != origin("2001:db8:1:3::1"))
        #expect(try origin("::1") != origin("127.0.0.1"))
        #expect(try origin("fe80::1") != origin("::1"))
    }
}
