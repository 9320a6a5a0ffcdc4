import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

@Suite(.enabled(if: Vectors.exist, Vectors.absence)) struct WelcomeVectorTests {
    @Test func welcome() throws {
        try Vectors.forEach("welcome", atLeast: 2) { (entry, suite) in
            guard case .keyPackage(let keyPackage) = try MLSMessage(decoding: entry.bytes("key_package")),
                case .welcome(let welcome) = try MLSMessage(decoding: entry.bytes("welcome"))
            else {
                Issue.record("not the messages that were promised")
                return
            }
            let initKey = try suite.encryptionKey(privateKey: entry.secret("init_priv", suite))
            #expect(initKey.publicKey == keyPackage.initKey)
            let opened = try Group.open(welcome, for: keyPackage, initKey: initKey, suite: suite)
            let info = opened.info
            let isSigned = try suite.isSigned(
                info.signedBytes,
                label: Array("GroupInfoTBS".utf8),
                info.signature,
                by: entry.bytes("signer_pub")
            )
            #expect(isSigned)
            let schedule = try KeySchedule(
                joinerSecret: opened.secrets.joinerSecret,
                pskSecret: opened.pskSecret,
                encodedContext: info.context.encoded,
                suite: suite
            )
            let isConfirmed = try suite.isAuthentic(
                info.confirmationTag,
                info.context.confirmedTranscriptHash,
                key: schedule.secrets.confirmation
            )
            #expect(isConfirmed)
        }
    }
}
