import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

@Suite(.enabled(if: Vectors.exist, Vectors.absence)) struct ScheduleVectorTests {
    @Test func cryptoBasics() throws {
        try Vectors.forEach("crypto-basics", atLeast: 2) { (entry, suite) in
            let reference = try entry.nested("ref_hash")
            let label = Array(try reference.object.string("label").utf8)
            #expect(try suite.referenceHash(label: label, reference.bytes("value")) == reference.bytes("out"))

            let expand = try entry.nested("expand_with_label")
            let expanded = try suite.expand(
                expand.secret("secret", suite),
                label: Array(expand.object.string("label").utf8),
                context: expand.bytes("context"),
                count: expand.integer("length")
            )
            #expect(try expanded.copied() == expand.bytes("out"))

            let derive = try entry.nested("derive_secret")
            let derived = try suite.expand(
                derive.secret("secret", suite),
                label: Array(derive.object.string("label").utf8),
                context: [],
                count: suite.hashLength
            )
            #expect(try derived.copied() == derive.bytes("out"))

            let tree = try entry.nested("derive_tree_secret")
            let generation = UInt32(try tree.integer("generation"))
            let treeSecret = try suite.expand(
                tree.secret("secret", suite),
                label: Array(tree.object.string("label").utf8),
                context: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: generation >> $0) },
                count: tree.integer("length")
            )
            #expect(try treeSecret.copied() == tree.bytes("out"))

            let sign = try entry.nested("sign_with_label")
            let key = try SignatureKeyPair(seed: sign.secret("priv", suite))
            #expect(try key.publicKey == sign.bytes("pub"))
            let signLabel = Array(try sign.object.string("label").utf8)
            let signature = try suite.sign(sign.bytes("content"), label: signLabel, key)
            #expect(try signature == sign.bytes("signature"))
            let isSigned = try suite.isSigned(
                sign.bytes("content"),
                label: signLabel,
                signature,
                by: key.publicKey
            )
            #expect(isSigned)

            let encrypt = try entry.nested("encrypt_with_label")
            let pair = try suite.encryptionKey(privateKey: encrypt.secret("priv", suite))
            #expect(try pair.publicKey == encrypt.bytes("pub"))
            let encryptLabel = Array(try encrypt.object.string("label").utf8)
            let context = try encrypt.bytes("context")
            let opened = try suite.decrypt(
                HPKECiphertext(
                    kemOutput: encrypt.bytes("kem_output"),
                    ciphertext: encrypt.bytes("ciphertext")
                ),
                label: encryptLabel,
                context: context,
                with: pair
            )
            #expect(try opened.copied() == encrypt.bytes("plaintext"))
            let sealed = try suite.encrypt(opened, label: encryptLabel, context: context, to: pair.publicKey)
            let again = try suite.decrypt(sealed, label: encryptLabel, context: context, with: pair)
            #expect(again.hex == opened.hex)
        }
    }

    @Test func keySchedule() throws {
        try Vectors.forEach("key-schedule", atLeast: 2) { (entry, suite) in
            var initSecret = try entry.secret("initial_init_secret", suite)
            for (number, epoch) in try entry.list("epochs").enumerated() {
                let context = GroupContext(
                    cipherSuite: suite.id.rawValue,
                    groupID: try entry.bytes("group_id"),
                    epoch: UInt64(number),
                    treeHash: try epoch.bytes("tree_hash"),
                    confirmedTranscriptHash: try epoch.bytes("confirmed_transcript_hash"),
                    extensions: []
                )
                #expect(try context.encoded == epoch.bytes("group_context"))
                let schedule = try KeySchedule(
                    initSecret: initSecret,
                    commitSecret: epoch.secret("commit_secret", suite),
                    pskSecret: epoch.secret("psk_secret", suite),
                    context: context,
                    suite: suite
                )
                let secrets = schedule.secrets
                for (name, secret) in [
                    ("joiner_secret", schedule.joinerSecret), ("welcome_secret", schedule.welcomeSecret),
                    ("init_secret", secrets.initSecret), ("sender_data_secret", secrets.senderData),
                    ("encryption_secret", secrets.encryption), ("exporter_secret", secrets.exporter),
                    ("epoch_authenticator", secrets.authenticator), ("external_secret", secrets.external),
                    ("confirmation_key", secrets.confirmation), ("membership_key", secrets.membership),
                    ("resumption_psk", secrets.resumption),
                ] {
                    #expect(try secret.copied() == epoch.bytes(name), "\(name)")
                }
                let external = try suite.deriveKeyPair(secrets.external)
                #expect(try external.publicKey == epoch.bytes("external_pub"))
                let exporter = try epoch.nested("exporter")
                let exported = try secrets.export(
                    label: Array(exporter.object.string("label").utf8),
                    context: exporter.bytes("context"),
                    count: exporter.integer("length"),
                    suite: suite
                )
                #expect(try exported.copied() == exporter.bytes("secret"))
                initSecret = secrets.initSecret
            }
        }
    }

    @Test func preSharedKeys() throws {
        try Vectors.forEach("psk_secret", atLeast: 22) { (entry, suite) in
            var keys = PreSharedKeys()
            var ids: [PreSharedKeyID] = []
            for psk in try entry.list("psks") {
                let id = try psk.bytes("psk_id")
                keys.set(try psk.secret("psk", suite), external: id)
                ids.append(PreSharedKeyID(kind: .external(id: id), nonce: try psk.bytes("psk_nonce")))
            }
            #expect(try keys.secret(ids, suite: suite).copied() == entry.bytes("psk_secret"))
        }
    }

    @Test func secretTree() throws {
        try Vectors.forEach("secret-tree", atLeast: 6) { (entry, suite) in
            let sender = try entry.nested("sender_data")
            let derived = try SecretTree.senderDataKey(
                sender.secret("sender_data_secret", suite),
                ciphertext: sender.bytes("ciphertext"),
                suite: suite
            )
            #expect(try derived.key.copied() == sender.bytes("key"))
            #expect(try derived.nonce == sender.bytes("nonce"))

            let leaves = try entry.object.array("leaves").map { try #require($0.arrayValue) }
            var tree = SecretTree(
                encryptionSecret: try entry.secret("encryption_secret", suite),
                leafCount: UInt32(leaves.count),
                suite: suite
            )
            // Any order of leaves gives the same keys.
            for leaf in leaves.indices.reversed() {
                for value in leaves[leaf] {
                    let expected = Case(try #require(value.objectValue))
                    let generation = UInt32(try expected.integer("generation"))
                    for (kind, name) in [
                        (SecretTree.Kind.handshake, "handshake"), (.application, "application"),
                    ] {
                        let attempt = try tree.attempt(
                            UInt32(leaf),
                            kind,
                            generation: generation,
                            window: RatchetWindow()
                        )
                        tree.keep(attempt, window: RatchetWindow())
                        #expect(try attempt.key.key.copied() == expected.bytes(name + "_key"))
                        #expect(try attempt.key.nonce == expected.bytes(name + "_nonce"))
                    }
                }
            }
        }
    }

    @Test func transcriptHashes() throws {
        try Vectors.forEach("transcript-hashes", atLeast: 2) { (entry, suite) in
            let commit = try AuthenticatedContent(decoding: entry.bytes("authenticated_content"))
            let confirmed = try Transcript.confirmedHash(
                interim: entry.bytes("interim_transcript_hash_before"),
                commit,
                suite: suite
            )
            #expect(try confirmed == entry.bytes("confirmed_transcript_hash_after"))
            let tag = try #require(commit.authentication.confirmationTag)
            let interim = try Transcript.interimHash(confirmed: confirmed, confirmationTag: tag, suite: suite)
            #expect(try interim == entry.bytes("interim_transcript_hash_after"))
            let key = try entry.secret("confirmation_key", suite)
            #expect(try suite.isAuthentic(tag, confirmed, key: key))
        }
    }
}
