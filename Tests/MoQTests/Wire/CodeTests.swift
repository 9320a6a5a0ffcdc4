import BurrowMoQ
import Testing

@Suite struct CodeTests {
    @Test(
        arguments: [
            (0, 0x52e4_a40f_a8db), (1, 0x52e4_a40f_a8dc), (13, 0x52e4_a40f_a8e8), (18, 0x52e4_a40f_a8ed),
            (30, 0x52e4_a40f_a8fa), (51, 0x52e4_a40f_a90f), (64, 0x52e4_a40f_a91d),
            (UInt64(UInt32.max), 0x52e5_ac98_3162),
        ] as [(UInt64, UInt64)]
    )
    func shifted(code: UInt64, wire: UInt64) {
        #expect(StreamCode(code).wire == wire)
        #expect(StreamCode(wire: wire).rawValue == code)
        #expect(StreamCode.isShifted(wire))
    }

    @Test func everyCodeComesBack() {
        for code in UInt64(0)...5000 { #expect(StreamCode(wire: StreamCode(code).wire).rawValue == code) }
    }

    @Test(arguments: [0, 1, 13, 0x52e4_a40f_a8da, 0x52e5_ac98_3163, .max] as [UInt64])
    func unshiftedCodesAreTakenAsTheyAre(wire: UInt64) {
        #expect(StreamCode(wire: wire).rawValue == wire)
        #expect(!StreamCode.isShifted(wire))
    }

    @Test func hugeCodesAreClamped() {
        #expect(StreamCode(.max).wire == 0x52e5_ac98_3162)
    }

    @Test func names() {
        #expect(StreamCode(0).description == "internal error")
        #expect(SessionCode(0).description == "no error")
        #expect(StreamCode.malformed.description == "malformed message")
        #expect(SessionCode.unauthorized.description == "unauthorized")
        #expect(StreamCode(0x34).description == "stream code 52")
        #expect(SessionCode(468).description == "application code 404")
        #expect(StreamCode(.max).description == "application code \(UInt64.max - 64)")
    }
}
