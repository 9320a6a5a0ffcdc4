import BurrowBase
import BurrowCrypto
import Testing

@Suite struct SealedCatalogueTests {
    static let instance = "000102030405060708090a0b0c0d0e0f"

    @Test func isWrittenInOneForm() throws {
        let catalogue = SealedCatalogue(
            suite: .aes128GCM,
            instance: try Hex.decode(Self.instance),
            sealed: [0xff, 0xfe]
        )
        let text = #"{"burrow":{"v":1,"suite":4,"instance":"\#(Self.instance)","sealed":"//4="}}"#
        #expect(String(decoding: catalogue.encoded, as: UTF8.self) == text)
        #expect(try SealedCatalogue.parse(Array(text.utf8)) == catalogue)
    }

    @Test(arguments: ["{}", #"{"video":{"renditions":{}}}"#, #"{"burrow":null,"audio":{}}"#])
    func plainCataloguesAreNone(text: String) throws {
        #expect(try SealedCatalogue.parse(Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("", CryptoError.Code.malformed),
        ("[]", .malformed),
        (#"{"burrow":7}"#, .malformed),
        (#"{"burrow":{}}"#, .malformed),
        (#"{"burrow":{"v":2}}"#, .unsupported),
        (#"{"burrow":{"v":1,"suite":4,"instance":"00","sealed":""}}"#, .malformed),
        (#"{"burrow":{"v":1,"suite":4,"instance":"\#(instance)","sealed":"/"}}"#, .malformed),
        (#"{"burrow":{"v":1,"suite":4,"instance":"\#(instance)zz","sealed":""}}"#, .malformed),
        (#"{"burrow":{"v":1,"suite":4,"instance":"\#(instance)"}}"#, .malformed),
        (#"{"burrow":{"v":1,"suite":0,"instance":"\#(instance)","sealed":""}}"#, .unsupported),
        (#"{"burrow":{"v":1,"suite":3,"instance":"\#(instance)","sealed":""}}"#, .unsupported),
        (#"{"burrow":{"v":1,"suite":6,"instance":"\#(instance)","sealed":""}}"#, .unsupported),
        (#"{"burrow":{"v":1,"suite":65540,"instance":"\#(instance)","sealed":""}}"#, .unsupported),
        (#"{"burrow":{"v":1,"suite":-4,"instance":"\#(instance)","sealed":""}}"#, .unsupported),
    ])
    func anythingElseIsAnError(text: String, code: CryptoError.Code) {
        let error = #expect(throws: CryptoError.self) { try SealedCatalogue.parse(Array(text.utf8)) }
        #expect(error?.code == code)
    }

    /// From publisher to receiver with nothing but the text and the secret of the call.
    @Test func aReceiverNeedsOnlyTheTextAndTheSecret() throws {
        let scene = try Scene()
        let secret = [UInt8](repeating: 6, count: 32)
        try scene.sealer.install(epoch: 2, hostSecret: secret.span, isRemoval: false, now: scene.now)
        let plain = Array(#"{"audio":{"renditions":{"1":{"codec":"opus"}}}}"#.utf8)
        let frame = try scene.sealer.catalogue.seal(plain, position: .at(3), now: scene.now)
        let text = SealedCatalogue(
            suite: scene.sealer.suite,
            instance: scene.sealer.context.instance,
            sealed: frame
        ).encoded
        let read = try #require(try SealedCatalogue.parse(text))
        let context = try BroadcastContext(
            callID: Array("call".utf8),
            path: Array("room/alice".utf8),
            instance: read.instance
        )
        let opener = BroadcastOpener(context, suite: read.suite)
        try opener.install(epoch: 2, hostSecret: secret.span)
        let catalogue = try opener.track(0, .catalogue)
        #expect(try catalogue.open(read.sealed, position: .at(3), now: scene.now) == .success(plain))
    }
}
