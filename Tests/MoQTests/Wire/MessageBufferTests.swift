import BurrowBase
import BurrowMoQ
import Testing

@Suite struct MessageBufferTests {
    @Test(arguments: 1...12)
    func piecesOfAnySize(size: Int) throws {
        let bytes = hex("01 03 616263 00 40ff 02 6465 0001 66")
        var buffer = MessageBuffer()
        var type: UInt64?
        var plain: [[UInt8]] = []
        var typed: (type: UInt64, body: [UInt8])?
        var legacy: [UInt8]?
        for start in stride(from: 0, to: bytes.count, by: size) {
            buffer.append(slice(Array(bytes[start..<min(start + size, bytes.count)])))
            if type == nil { type = buffer.readVarint() }
            while type != nil, plain.count < 2, let body = try buffer.nextMessage() { plain.append(body) }
            if plain.count == 2, typed == nil { typed = try buffer.nextTypedMessage() }
            if typed != nil, legacy == nil { legacy = buffer.nextLegacyMessage() }
        }
        #expect(type == 1)
        #expect(plain == [hex("616263"), []])
        #expect(typed?.type == 0xff)
        #expect(typed?.body == hex("6465"))
        #expect(legacy == hex("66"))
        try buffer.expectEnd()
    }

    @Test func anythingIncompleteStays() throws {
        var buffer = MessageBuffer(hex("05 6162"))
        for _ in 0..<3 {
            #expect(try buffer.nextMessage() == nil)
            #expect(try buffer.nextTypedMessage(limit: 0x7fff) == nil)
            #expect(buffer.count == 3)
        }
        #expect(throws: DecodeError.truncated) { try buffer.expectEnd() }
        buffer.append(hex("636465").span)
        #expect(try buffer.nextMessage() == hex("6162636465"))
    }

    @Test(arguments: ["ffffffffffffffff", "c000000000010001", "80010001"])
    func lengthsAboveTheLimitAreRefusedBeforeTheBodyComes(length: String) {
        var buffer = MessageBuffer(hex(length))
        for _ in 0..<2 {
            #expect(throws: DecodeError.tooLarge) { try buffer.nextMessage() }
        }
        var typed = MessageBuffer(hex("07" + length))
        #expect(throws: DecodeError.tooLarge) { try typed.nextTypedMessage() }
        #expect(WireLimits.messageBytes == 0x10000)
    }

    @Test func manyMessagesThroughOneBuffer() throws {
        var buffer = MessageBuffer()
        for round in 0..<3000 {
            // One message is always left over, so that the buffer must move what remains.
            var writer = ByteWriter()
            writer.writeMessage { $0.writeBytes(Array(repeating: UInt8(round & 0xff), count: round % 50)) }
            buffer.append(writer.bytes.span)
            guard round > 0 else { continue }
            let expected = Array(repeating: UInt8((round - 1) & 0xff), count: (round - 1) % 50)
            #expect(try buffer.nextMessage() == expected)
            #expect(buffer.count == writer.bytes.count)
        }
    }
}
