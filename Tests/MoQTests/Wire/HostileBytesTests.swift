import BurrowBase
import BurrowMoQ
import Testing

/// Whatever is cut off, changed or made up: every parser answers with an error or waits, and never traps.
@Suite struct HostileBytesTests {
    /// One way to read bytes, as a session would.
    struct Reading: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let example: [UInt8]
        /// How many things were read whole.
        let read: @Sendable ([UInt8]) throws(DecodeError) -> Int
    }

    private static func message<M: ControlMessage>(
        _: M.Type,
        _ version: Version,
        _ example: String
    ) -> Reading {
        Reading(testDescription: "\(M.self) \(version)", example: hex(example)) {
            (bytes) throws(DecodeError) in
            var buffer = MessageBuffer(bytes)
            guard let body = try buffer.nextMessage() else { return 0 }
            _ = try M.decode(body.span, version)
            return 1
        }
    }

    private static func announce(_ version: Version, _ example: String) -> Reading {
        Reading(testDescription: "announce stream \(version)", example: hex(example)) {
            (bytes) throws(DecodeError) in
            var buffer = MessageBuffer(bytes)
            var decoder = AnnounceDecoder(version)
            var count = 0
            while try decoder.next(from: &buffer) != nil { count += 1 }
            return count
        }
    }

    private static func response(_ version: Version, _ example: String) -> Reading {
        Reading(testDescription: "response \(version)", example: hex(example)) {
            (bytes) throws(DecodeError) in
            var buffer = MessageBuffer(bytes)
            var count = 0
            while try SubscribeResponse.next(from: &buffer, version) != nil { count += 1 }
            return count
        }
    }

    private static func legacy(_ side: LegacySetup.Side, _ example: String) -> Reading {
        Reading(testDescription: "legacy setup of the \(side)", example: hex(example)) {
            (bytes) throws(DecodeError) in
            var buffer = MessageBuffer(bytes)
            guard buffer.readVarint() != nil else { return 0 }
            return try LegacySetup.next(from: &buffer, sentBy: side) == nil ? 0 : 1
        }
    }

    private static func group(_ version: Version, _ example: String) -> Reading {
        Reading(testDescription: "group \(version)", example: hex(example)) { (bytes) throws(DecodeError) in
            var input = slice(bytes)
            var opening = StreamOpeningParser(version)
            guard case .group = try opening.next(&input) else { return 0 }
            var parser = GroupParser(timestamped: version.hasTimestamps)
            var count = 0
            while case .some(let event) = try parser.next(&input) {
                if case .payload(_, isLast: true) = event { count += 1 }
            }
            return count
        }
    }

    private static let setup = Reading(
        testDescription: "setup",
        example: hex("22 03 01 01 01 02 12 2f736f6d652f726f6f6d3f6a77743d616263 05 08 c01cecf24d3d7d5d")
    ) { (bytes) throws(DecodeError) in
        var buffer = MessageBuffer(bytes)
        guard let body = try buffer.nextMessage() else { return 0 }
        _ = try Setup.decode(body.span)
        return 1
    }

    private static let datagram = Reading(testDescription: "datagram", example: hex("00 1e 804c4b40")) {
        (bytes) throws(DecodeError) in
        _ = try DatagramHeader.decode(bytes.span)
        return 1
    }

    static let readings: [Reading] = [
        setup, datagram,
        legacy(
            .client,
            "20 0030 03 c0000000ff0dad02 c0000000ff0dad01 c0000000ff00000e"
                + "02 02 c0000000ffffffff 07 0b 6d6f712d6c6974652d7273"
        ),
        legacy(.server, "21 0009 c0000000ff0dad02 00"),
        message(AnnounceRequest.self, .lite02, "05 04 726f6f6d"),
        message(AnnounceRequest.self, .lite05, "03 00 5234"),
        announce(.lite02, "0a 01 08 726f6f6d2f626f62 0a 00 08 726f6f6d2f626f62"),
        announce(.lite03, "0b 01 08 726f6f6d2f626f62 02 0b 00 08 726f6f6d2f626f62 00"),
        announce(.lite04, "1b 01 08 726f6f6d2f626f62 02 c00dc60583552e3e c0078e49dc21dcd1"),
        announce(.lite05, "09 c0078e49dc21dcd1 01 13 01 08 726f6f6d2f626f62 01 c01ca90c73a02123"),
        message(TrackRequest.self, .lite05, "0e 08 726f6f6d2f626f62 04 63686174"),
        message(TrackInfo.self, .lite05, "08 7f 00 5388 800f4240"),
        message(Subscribe.self, .lite02, "10 00 08 726f6f6d2f626f62 04 63686174 09"),
        message(Subscribe.self, .lite03, "17 01 0a 726f6f6d2f616c696365 05 617564696f 00 01 00 00 00"),
        message(Subscribe.self, .lite05, "17 00 0a 726f6f6d2f616c696365 04 63686174 09 00 47d0 00 00"),
        message(SubscribeUpdate.self, .lite05, "06 c8 00 41f4 07 14"),
        response(.lite02, "00"), response(.lite03, "00 05 09 00 00 00 00"),
        response(.lite04, "00 05 09 00 00 00 00"), response(.lite05, "00 01 04 01 01 06 02 03 02 05 0d"),
        message(Fetch.self, .lite05, "10 08 726f6f6d2f626f62 04 63686174 00 02"),
        message(Probe.self, .lite03, "04 820a2fb2"), message(Probe.self, .lite04, "05 8385b01e 01"),
        message(Goaway.self, .lite04, "09 08 6d6f71743a2f2f62"),
        group(.lite02, "00 02 00 05 05 68656c6c6f 05 776f726c64"),
        group(.lite05, "00 02 00 05 801e8480 05 68656c6c6f 80009c40 05 776f726c64"),
    ]

    @Test(arguments: readings)
    func everyPrefixIsIncompleteOrWrong(_ reading: Reading) throws {
        let whole = try reading.read(reading.example)
        #expect(whole >= 1)
        for length in 0..<reading.example.count {
            let outcome = Result { () throws(DecodeError) in
                try reading.read(Array(reading.example.prefix(length)))
            }
            switch outcome {
            case .success(let count): #expect(count < whole, "\(length) bytes")
            case .failure(let error): #expect(error == .truncated, "\(length) bytes")
            }
        }
    }

    /// The largest number a varint holds in every place, over whatever stood there.
    @Test(arguments: readings)
    func giganticNumbersAnywhere(_ reading: Reading) throws {
        let gigantic = Array(repeating: UInt8(0xff), count: 8)
        for start in 0..<reading.example.count {
            for end in [start + 1, min(start + 8, reading.example.count)] {
                var bytes = reading.example
                bytes.replaceSubrange(start..<end, with: gigantic)
                if let count = try? reading.read(bytes) { #expect(count <= bytes.count) }
            }
        }
    }

    @Test(arguments: readings)
    func everyByteChanged(_ reading: Reading) throws {
        for index in reading.example.indices {
            for value in UInt8.min...UInt8.max {
                var bytes = reading.example
                bytes[index] = value
                if let count = try? reading.read(bytes) { #expect(count <= bytes.count) }
            }
        }
    }

    @Test(arguments: readings)
    func bodiesWithSurplusBytesAreRefused(_ reading: Reading) throws {
        // Where a message is its whole input, one more byte inside its length must be an error.
        guard let first = reading.example.first, Int(first) == reading.example.count - 1 else { return }
        let longer = [first + 1] + reading.example.dropFirst() + [0]
        #expect(throws: DecodeError.malformed) { _ = try reading.read(longer) }
    }
}
