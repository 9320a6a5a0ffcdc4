import BurrowBase
import BurrowCrypto
import BurrowNostr
import Testing

@Suite struct TextFormTests {
    static let key = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e"
    static let profileKey = "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d"

    /// The examples of NIP-19.
    @Test func publishedKeys() throws {
        let text = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"
        let key = try #require(PublicKey(hex: Self.key))
        #expect(try TextForm(text) == .publicKey(key))
        #expect(TextForm.publicKey(key).text == text)
        #expect(try TextForm(text.uppercased()) == .publicKey(key))
        #expect(try TextForm.publicKey(text) == key)
        #expect(try TextForm.publicKey(Self.key) == key)

        let secret = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"
        let hex = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa"
        let local = try LocalKey.importing(secret)
        #expect(local.publicKey == key)
        #expect(local.exported() == secret)
        #expect(try LocalKey.importing(hex).publicKey == key)
    }

    @Test func publishedProfile() throws {
        let text =
            "nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4mhxue69uhkg"
            + "6nzv9ejuumpv34kytnrdaksjlyr9p"
        let key = try #require(PublicKey(hex: Self.profileKey))
        let profile = TextForm.profile(key, relays: ["wss://r.x.com", "wss://djbas.sadkb.com"])
        #expect(try TextForm(text) == profile)
        #expect(profile.text == text)
        #expect(try TextForm.publicKey(text) == key)
    }

    @Test func notes() throws {
        let id = try #require(EventID(hex: Self.key))
        let text = TextForm.event(id).text
        #expect(text.hasPrefix("note1"))
        #expect(try TextForm(text) == .event(id))
        #expect(code { () throws(NostrError) in try TextForm.publicKey(text) } == .invalidKey)
    }

    @Test(arguments: [
        "", "npub", "npub1", "1qqqqqq", "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjpth",
        "Npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg",
        "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptb", "npub1\u{e9}",
        "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5",
    ])
    func broken(text: String) {
        #expect(code { () throws(NostrError) in try TextForm(text) } == .invalidBech32)
    }

    @Test(arguments: [
        [UInt8](), [0], [0, 32], [0, 31] + [UInt8](repeating: 1, count: 31), [1, 1, 0x61], [0, 32, 1],
        [0, 32] + [UInt8](repeating: 1, count: 32) + [0, 32] + [UInt8](repeating: 1, count: 32),
        [0, 32] + [UInt8](repeating: 1, count: 32) + [1, 2, 0x61, 0x0a],
        [0, 32] + [UInt8](repeating: 1, count: 32) + [1, 200, 0x61],
    ])
    func brokenProfile(bytes: [UInt8]) {
        let text = Bech32.encode(prefix: "nprofile", bytes)
        #expect(code { () throws(NostrError) in try TextForm(text) } == .invalidBech32)
    }

    @Test func unknownEntriesAreIgnored() throws {
        let bytes = [0, 32] + [UInt8](repeating: 1, count: 32) + [9, 2, 0, 0]
        let text = Bech32.encode(prefix: "nprofile", bytes)
        let key = try #require(PublicKey(hex: String(repeating: "01", count: 32)))
        #expect(try TextForm(text) == .profile(key, relays: []))
    }

    @Test func wrongLengths() {
        for count in [0, 31, 33] {
            let text = Bech32.encode(prefix: "npub", [UInt8](repeating: 7, count: count))
            #expect(code { () throws(NostrError) in try TextForm(text) } == .invalidBech32)
            let secret = Bech32.encode(prefix: "nsec", [UInt8](repeating: 7, count: count))
            #expect(code { () throws(NostrError) in try LocalKey.importing(secret) } == .invalidBech32)
        }
        let zero = Bech32.encode(prefix: "nsec", [UInt8](repeating: 0, count: 32))
        #expect(code { () throws(NostrError) in try LocalKey.importing(zero) } == .invalidKey)
        let long = Bech32.encode(prefix: "npub", [UInt8](repeating: 7, count: 5000))
        #expect(code { () throws(NostrError) in try TextForm(long) } == .invalidBech32)
    }
}
