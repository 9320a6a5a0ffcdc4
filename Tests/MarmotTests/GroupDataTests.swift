import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// The group data extension, byte by byte.
struct GroupDataTests {
    /// Of a group of MDK.
    static let example = """
        0002\
        40e6ed320e12aa0f9b7365dc17f831f40424b2eb4a34e146ce1b74c62a19e5aa\
        03677270\
        0164\
        20b7ef9e7824ec7cd58dfb1a5af306dfaf7b94e1fb74235f05359e4abead975b66\
        18177773733a2f2f72656c61792e6578616d706c652e636f6d\
        00000000
        """

    private func read(_ bytes: [UInt8]) throws -> GroupData {
        try GroupData([Extension(type: 0xf2ee, data: bytes)])
    }

    private func refusal(_ extensions: [Extension]) -> MarmotError.Code? {
        do {
            _ = try GroupData(extensions)
            return nil
        } catch {
            return error.code
        }
    }

    private func refusal(_ bytes: [UInt8]) -> MarmotError.Code? {
        refusal([Extension(type: 0xf2ee, data: bytes)])
    }

    @Test func exampleIsReadAndWritten() throws {
        let bytes = try Hex.decode(Self.example)
        let data = try read(bytes)
        #expect(data.name == "grp")
        #expect(data.description == "d")
        #expect(
            data.admins.map(\.hex) == ["b7ef9e7824ec7cd58dfb1a5af306dfaf7b94e1fb74235f05359e4abead975b66"]
        )
        #expect(data.relays == ["wss://relay.example.com"])
        #expect(data.encoded == bytes)
    }

    @Test func listsAreSortedAndSingleWhenWritten() throws {
        let id = try #require(Bytes32([UInt8](repeating: 1, count: 32)))
        let low = PublicKey(try #require(Bytes32([UInt8](repeating: 2, count: 32))))
        let high = PublicKey(try #require(Bytes32([UInt8](repeating: 3, count: 32))))
        let data = try GroupData(
            nostrGroupID: id,
            name: "n",
            admins: [high, low, high],
            relays: ["wss://b.example", "wss://a.example", "wss://b.example"]
        )
        #expect(data.admins == [low, high])
        #expect(data.relays == ["wss://a.example", "wss://b.example"])
        #expect(data.version == 2)
    }

    @Test func otherVersions() throws {
        var bytes = try Hex.decode(Self.example)
        bytes[1] = 1
        #expect(try read(bytes).version == 1)
        // Three image fields were never written by anybody.
        #expect(refusal(Array(bytes.dropLast())) == .invalidGroupData)
        bytes[1] = 0
        #expect(refusal(bytes) == .invalidGroupData)
        // What a later version brings is kept when something else changes.
        bytes[1] = 3
        var later = try read(bytes + [1, 2, 3])
        #expect(later.encoded == bytes + [1, 2, 3])
        later.name = "new"
        #expect(later.encoded.suffix(3) == [1, 2, 3])
        #expect(later.version == 3)
    }

    @Test func everyTruncationAndTrailIsRefused() throws {
        let bytes = try Hex.decode(Self.example)
        for count in bytes.indices {
            #expect(refusal(Array(bytes.prefix(count))) == .invalidGroupData)
        }
        #expect(refusal(bytes + [0]) == .invalidGroupData)
    }

    @Test func brokenFieldsAreRefused() throws {
        let head = try Hex.decode("0002" + String(repeating: "00", count: 32))
        let none: [UInt8] = [0, 0, 0, 0]
        #expect(refusal(head + [0, 0, 0, 0] + none) == nil)
        // Name is not UTF-8, half an admin, a relay longer than its list, image fields of odd lengths.
        #expect(refusal(head + [1, 0xff, 0, 0, 0] + none) == .invalidGroupData)
        #expect(
            refusal(head + [0, 0, 16] + [UInt8](repeating: 0, count: 16) + [0] + none) == .invalidGroupData
        )
        #expect(refusal(head + [0, 0, 0, 2, 5, 0x77] + none) == .invalidGroupData)
        #expect(refusal(head + [0, 0, 0, 0, 1, 0, 0, 0, 0]) == .invalidGroupData)
        #expect(refusal(head + [0, 0, 0, 0, 0, 0, 2, 0, 0, 0]) == .invalidGroupData)
        // A length that could be shorter.
        #expect(refusal(head + [0x40, 0x00, 0, 0, 0] + none) == .invalidGroupData)
    }

    @Test func sizesAreLimited() throws {
        var writer = ByteWriter()
        writer.writeBytes(try Hex.decode("0002" + String(repeating: "00", count: 32)))
        writer.writeOpaque([UInt8](repeating: 0x61, count: MarmotLimits.textBytes + 1))
        writer.writeBytes([0, 0, 0, 0, 0, 0, 0])
        #expect(refusal(writer.bytes) == .invalidGroupData)
        #expect(refusal([UInt8](repeating: 0, count: 1 << 20)) == .invalidGroupData)
        let id = try #require(Bytes32([UInt8](repeating: 1, count: 32)))
        func writable(_ name: String, _ relays: [String] = []) -> Bool {
            (try? GroupData(nostrGroupID: id, name: name, admins: [], relays: relays)) != nil
        }
        #expect(writable(String(repeating: "é", count: 255)))
        #expect(!writable(String(repeating: "a", count: 256)))
        #expect(!writable("n", ["no relay"]))
        #expect(!writable("n", (0..<65).map { "wss://relay\($0).example" }))
    }

    @Test func groupsOfTheNextVersionAreRecognised() {
        #expect(refusal([Extension]()) == .missingGroupData)
        #expect(refusal([Extension(type: 6, data: [])]) == .unsupportedMarmotVersion(.d))
    }
}
