import BurrowBase
import BurrowMoQ
import Testing

@Suite struct SetupTests {
    private func decode(_ bytes: [UInt8]) throws -> Setup {
        var buffer = MessageBuffer(bytes)
        let next = try buffer.nextMessage()
        let body = try #require(next)
        #expect(buffer.isEmpty)
        return try Setup.decode(body.span)
    }

    @Test func capturedClientWithPathAndToken() throws {
        let bytes = hex("22 03 01 01 01 02 12 2f736f6d652f726f6f6d3f6a77743d616263 05 08 c01cecf24d3d7d5d")
        let setup = Setup(probe: 1, path: "/some/room?jwt=abc", origin: 0x1c_ecf2_4d3d_7d5d)
        #expect(try decode(bytes) == setup)
        #expect(setup.encode() == bytes)
    }

    @Test func capturedServer() throws {
        let bytes = hex("0e 02 01 01 01 05 08 c0078e49dc21dcd1")
        let setup = Setup(probe: 1, origin: 0x07_8e49_dc21_dcd1)
        #expect(try decode(bytes) == setup)
        #expect(setup.encode() == bytes)
    }

    @Test func originOnly() throws {
        // A value of two bytes that would fit fewer is read; ours is as short as can be.
        #expect(try decode(hex("05 01 05 02 5234")) == Setup(origin: 0x1234))
        #expect(Setup(origin: 0x1234).encode() == hex("05 01 05 02 5234"))
    }

    @Test func nothingAtAll() throws {
        #expect(Setup().encode() == hex("01 00"))
        #expect(try decode(hex("01 00")) == Setup())
    }

    @Test func everything() throws {
        let setup = Setup(probe: 2, path: "/x", role: 1, cost: 70, origin: Varint.max)
        #expect(try decode(setup.encode()) == setup)
    }

    /// Early lite-05 peers refuse an empty path.
    @Test func emptyPathIsNoPath() throws {
        #expect(Setup(path: "").encode() == Setup().encode())
        #expect(try decode(hex("03 01 02 00")) == Setup())
    }

    @Test func unknownParametersAreIgnored() throws {
        #expect(try decode(hex("0c 03 3f 03 aabbcc 01 01 02 40ff 00")) == Setup(probe: 2))
    }

    @Test(arguments: [
        ("a known one", "02 01 01 01 01 01 01"), ("an unknown one", "02 3f 00 3f 00"),
    ])
    func repeatedParameter(name: String, body: String) {
        #expect(throws: DecodeError.malformed) { try Setup.decode(hex(body).span) }
    }

    @Test(arguments: [
        ("a number with bytes left", "01 01 02 01 01", DecodeError.malformed),
        ("a number cut short", "01 01 01 40", .truncated),
        ("a number of no bytes", "01 05 00", .truncated),
        ("a path that is not UTF-8", "01 02 01 ff", .malformed),
        ("a count above what follows", "02 01 01 01", .truncated),
        ("surplus bytes", "00 00", .malformed),
        ("too many parameters", "4041", .tooLarge),
        ("nothing", "", .truncated),
    ])
    func refused(name: String, body: String, error: DecodeError) {
        #expect(throws: error) { try Setup.decode(hex(body).span) }
    }

    @Test func pathTooLong() {
        let setup = Setup(path: String(repeating: "p", count: WireLimits.setupPathBytes + 1))
        #expect(throws: DecodeError.tooLarge) { try decode(setup.encode()) }
    }
}

@Suite struct LegacySetupTests {
    private func decode(_ bytes: [UInt8]) throws -> LegacySetup? {
        var buffer = MessageBuffer(bytes)
        let first = buffer.readVarint()
        let type = try #require(first)
        let side: LegacySetup.Side = type == BidirectionalStreamType.clientSetup.rawValue ? .client : .server
        return try LegacySetup.next(from: &buffer, sentBy: side)
    }

    @Test func ourClient() throws {
        let bytes = hex("20 0012 02 c0000000ff0dad02 c0000000ff0dad01 00")
        let setup = LegacySetup.client(versions: [LegacySetup.lite02, LegacySetup.lite01])
        #expect(setup.encode() == bytes)
        #expect(try decode(bytes) == setup)
    }

    @Test func capturedServer() throws {
        let bytes = hex("21 0009 c0000000ff0dad02 00")
        #expect(LegacySetup.server().encode() == bytes)
        #expect(try decode(bytes) == .server(version: 0xff0d_ad02))
    }

    @Test func capturedOlderClientWithParameters() throws {
        let bytes = hex(
            """
            20 0030 03 c0000000ff0dad02 c0000000ff0dad01 c0000000ff00000e
            02 02 c0000000ffffffff 07 0b 6d6f712d6c6974652d7273
            """
        )
        let versions = [LegacySetup.lite02, LegacySetup.lite01, 0xff00_000e]
        #expect(try decode(bytes) == .client(versions: versions))
        for length in 1..<bytes.count {
            #expect(try decode(Array(bytes.prefix(length))) == nil, "\(length) bytes are not enough")
        }
    }

    @Test(arguments: [
        ("no parameter count", "01 02", DecodeError.truncated),
        ("surplus bytes", "01 02 00 00", .malformed),
        ("a parameter beyond the body", "01 02 01 07 05 61", .truncated),
        ("a huge parameter", "01 02 01 07 ffffffffffffffff", .tooLarge),
        ("a million versions", "800f4240", .tooLarge),
        ("a million parameters", "00 800f4240", .tooLarge),
    ])
    func refused(name: String, body: String, error: DecodeError) {
        #expect(throws: error) { try LegacySetup.decode(hex(body).span, sentBy: .client) }
    }
}
