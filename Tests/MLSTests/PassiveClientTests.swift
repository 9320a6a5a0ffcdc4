import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// A client that only listens, against what other implementations sent.
@Suite(.enabled(if: Vectors.exist, Vectors.absence)) struct PassiveClientTests {
    static let files: [(String, Int)] = [
        ("passive-client-welcome", 16), ("passive-client-handling-commit", 26), ("passive-client-random", 1),
        ("passive-interop/application", 6), ("passive-interop/branch", 32), ("passive-interop/commit", 44),
        ("passive-interop/external_join", 6), ("passive-interop/external_proposals", 28),
        ("passive-interop/reinit", 48), ("passive-interop/welcome_join", 8),
    ]

    @Test(arguments: files) func follows(_ file: (name: String, count: Int)) throws {
        var epochs = 0
        try Vectors.forEach(file.name, atLeast: file.count) { (entry, suite) in
            epochs += try follow(entry, suite)
        }
        print("vectors \(file.name): \(epochs) epochs followed")
    }

    private func follow(_ entry: Case, _ suite: CipherSuite) throws -> Int {
        guard case .keyPackage(let keyPackage) = try MLSMessage(decoding: entry.bytes("key_package")),
            case .welcome(let welcome) = try MLSMessage(decoding: entry.bytes("welcome"))
        else {
            Issue.record("not the messages that were promised")
            return 0
        }
        let bundle = try KeyPackageBundle(
            keyPackage: keyPackage,
            initKey: suite.encryptionKey(privateKey: entry.secret("init_priv", suite)),
            encryptionKey: suite.encryptionKey(privateKey: entry.secret("encryption_priv", suite)),
            signatureKey: SignatureKeyPair(seed: entry.secret("signature_priv", suite))
        )
        var options = JoinOptions()
        options.ratchetTree = try entry.optionalBytes("ratchet_tree")
        options.policy.acceptsExternalCommits = true
        options.policy.longestLifetime = nil
        for psk in try entry.list("external_psks") {
            options.preSharedKeys.set(try psk.secret("psk", suite), external: try psk.bytes("psk_id"))
        }
        // Nobody but these files lives at this time, and no lifetime is looked at.
        let now: UInt64 = 1_700_000_000
        var group = try Group(joining: welcome, with: bundle, options: options, now: now, suite: suite)
        #expect(try group.epochAuthenticator == entry.bytes("initial_epoch_authenticator"))
        var epochs = 0
        for epoch in try entry.list("epochs") {
            for proposal in try epoch.object.array("proposals") {
                let bytes = try Hex.decode(try #require(proposal.stringValue))
                guard case .proposal = try group.process(bytes, now: now) else {
                    Issue.record("not a proposal")
                    continue
                }
            }
            guard case .commit(let staged) = try group.process(epoch.bytes("commit"), now: now) else {
                Issue.record("not a commit")
                return epochs
            }
            try group.merge(staged, now: now)
            #expect(try group.epochAuthenticator == epoch.bytes("epoch_authenticator"))
            epochs += 1
        }
        return epochs
    }
}
