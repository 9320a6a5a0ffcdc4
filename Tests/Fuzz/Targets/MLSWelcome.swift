import BurrowBase
import BurrowCrypto
import BurrowMLS
import FuzzHarness

/// Joining: Welcomes with bytes changed, and ones that an inviter closes properly over a GroupInfo of the input.
enum MLSWelcomeTarget: FuzzTarget {
    static let now: UInt64 = 1_800_000_000

    static func run() {
        let suite = CipherSuite(.x25519AES128GCM)
        guard let scene = try? Scene(suite) else { preconditionFailure("no group to join") }
        fuzz { (input) in
            var choices = Choices(input)
            var options = JoinOptions()
            if choices.byte() % 2 == 0 {
                var bytes = scene.welcome
                for _ in 0..<(1 + choices.byte() % 4) {
                    let position = (choices.byte() << 8 | choices.byte()) % bytes.count
                    bytes[position] ^= UInt8(choices.byte())
                }
                guard case .welcome(let welcome)? = try? MLSMessage(decoding: bytes) else { return }
                _ = try? Group(joining: welcome, with: scene.bundle, options: options, now: now, suite: suite)
                return
            }
            // The GroupInfo, its tree besides, with bytes changed and signed again.
            var tree = scene.tree
            for _ in 0..<(choices.byte() % 4) {
                let position = (choices.byte() << 8 | choices.byte()) % tree.count
                tree[position] ^= UInt8(choices.byte())
            }
            options.ratchetTree = choices.byte() % 2 == 0 ? tree : choices.bytes(512)
            var info = scene.info
            info.signer = UInt32(choices.byte() % 8)
            if let hash = try? RatchetTree(decoding: options.ratchetTree ?? [], suite: suite).treeHash() {
                info.context.treeHash = hash
            }
            guard let signature = try? suite.sign(info.signedBytes, "GroupInfoTBS", scene.signer) else {
                return
            }
            info.signature = signature
            _ = try? info.validatedTree(options.ratchetTree, suite: suite, now: now)
            _ = try? Group.join(info, scene.identity, options: options, now: now, suite: suite)
        }
    }

    struct Scene {
        let welcome: [UInt8]
        let bundle: KeyPackageBundle
        let identity: MemberIdentity
        let signer: SignatureKeyPair
        let info: GroupInfo
        let tree: [UInt8]

        init(_ suite: CipherSuite) throws {
            func identity(_ name: UInt8) throws -> MemberIdentity {
                MemberIdentity(
                    credential: .basic([name]),
                    capabilities: Capabilities(cipherSuites: [1]),
                    signatureKey: try suite.generateSignatureKey()
                )
            }
            let founder = try identity(0)
            var group = try Group(founding: [1], founder, lifetime: .standard(now: now), suite: suite)
            self.identity = try identity(9)
            bundle = try KeyPackageBundle(
                generate: self.identity,
                lifetime: .standard(now: now),
                suite: suite
            )
            let others = try (1..<5).map {
                try KeyPackageBundle(
                    generate: identity(UInt8($0)),
                    lifetime: .standard(now: now),
                    suite: suite
                ).keyPackage
            }
            let commit = try group.commit(
                CommitRequest((others + [bundle.keyPackage]).map { .add($0) }),
                now: now
            )
            try group.mergePendingCommit(now: now)
            welcome = commit.welcome ?? []
            signer = founder.signatureKey
            guard case .groupInfo(let info) = try MLSMessage(decoding: group.groupInfo(withTree: false))
            else {
                throw MLSError(.invalidArgument, "no GroupInfo")
            }
            self.info = info
            tree = group.tree.encoded
        }
    }
}
