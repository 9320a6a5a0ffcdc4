import BurrowBase
import BurrowCrypto
import BurrowMLS
import FuzzHarness

/// Every structure of RFC 9420: what can be read is written back as it was.
enum MLSMessageTarget: FuzzTarget {
    static func run() {
        let suite = CipherSuite(.x25519AES128GCM)
        fuzz { (input) in
            var choices = Choices(input)
            let kind = choices.byte()
            let bytes = Array(choices.rest)
            switch kind % 12 {
            case 0: check(Commit.self, bytes)
            case 1: check(Proposal.self, bytes)
            case 2: check(KeyPackage.self, bytes)
            case 3: check(LeafNode.self, bytes)
            case 4: check(GroupInfo.self, bytes)
            case 5: check(Welcome.self, bytes)
            case 6: check(AuthenticatedContent.self, bytes)
            case 7: check(RequiredCapabilities.self, bytes)
            case 8: check(ExternalSenders.self, bytes)
            case 9:
                guard let secret = try? suite.secret(bytes),
                    let decoded = try? GroupSecrets(decoding: secret, suite: suite)
                else { return }
                let again = try? decoded.encoded(suite).copied()
                require(again == bytes, "GroupSecrets are written otherwise than read")
            default: check(MLSMessage.self, bytes)
            }
        }
    }

    private static func check<T: WireValue>(_ type: T.Type, _ bytes: [UInt8]) {
        guard let value = try? T(decoding: bytes) else { return }
        require(value.encoded == bytes, "\(T.self) is written otherwise than read")
    }
}
