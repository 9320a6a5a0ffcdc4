import BurrowBase
import BurrowCrypto
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// A group that MDK 0.8 made, followed as its member bob from the file alone.
@Suite(.enabled(if: Capture.exists, Capture.absence))
struct CaptureTests {
    let capture: JSON
    let now: Instant
    let wall: UnixTime

    init() throws {
        capture = try Capture.load()
        wall = UnixTime(try capture.number("captured_at"))
        now = .seconds(wall.seconds)
    }

    private func bob(_ options: MarmotOptions = MarmotOptions()) throws -> MarmotClient {
        let keys = try capture.get("nostr_keys").get("bob")
        let key = try #require(PublicKey(hex: keys.text("public")))
        let own = try capture.get("bob_key_package")
        let secrets = try own.get("private")
        let suite = CipherSuite(.x25519AES128GCM)
        let bundle = try KeyPackageBundle(
            keyPackage: KeyPackage(decoding: own.bytes("key_package")),
            initKey: suite.encryptionKey(privateKey: suite.secret(secrets.bytes("init_private"))),
            encryptionKey: suite.encryptionKey(privateKey: suite.secret(secrets.bytes("encryption_private"))),
            signatureKey: SignatureKeyPair(seed: suite.secret(secrets.bytes("signature_private_seed")))
        )
        var client = MarmotClient(publicKey: key, options: options)
        let slot = try #require(
            Bytes32(hex: "c549896bdcc1a4c8682ed4a5dbfbd5667743e545b0fc0d47fbb0d288a3a793df")
        )
        _ = try client.adopt(bundle, slot: slot, relays: ["wss://relay.example.com"], now: now)
        return client
    }

    private func expect(_ group: MarmotGroup, is state: JSON) throws {
        let mls = group.mls
        #expect(Hex.encode(mls.context.encoded) == (try state.text("group_context")))
        #expect(Hex.encode(mls.epochAuthenticator) == (try state.text("epoch_authenticator")))
        #expect(mls.epochNumber == UInt64(try state.number("epoch")))
        let exported = try mls.export(label: "marmot", context: Array("group-event".utf8), count: 32)
        #expect(Hex.encode(exported.copied()) == (try state.text("exporter_group_event")))
        let sample = try group.export(
            label: Array("burrow".utf8),
            context: Array("sample context".utf8),
            count: 48
        )
        #expect(Hex.encode(sample.copied()) == (try state.text("exporter_burrow_sample")))
        let members = try #require(state.get("members").arrayValue)
        #expect(mls.tree.members.count == members.count)
    }

    @Test func keyPackagesOfTheCaptureAreGood() throws {
        for name in ["bob", "mdk"] {
            let json =
                name == "bob"
                ? try capture.get("bob_key_package").get("event")
                : try capture.get("mdk_key_package_event_30443")
            let parsed = try KeyPackageEvent(Event(json: json.encoded), now: wall)
            let expected =
                name == "bob"
                ? try capture.get("bob_key_package").text("key_package_ref")
                : try capture.text("mdk_key_package_ref")
            #expect(Hex.encode(parsed.reference) == expected)
            #expect(parsed.supportsSelfRemove)
        }
    }

    @Test(arguments: [false, true])
    func groupIsFollowedToItsEnd(restartsAfterEachStep: Bool) throws {
        var options = MarmotOptions()
        options.selfUpdateDelay = nil
        options.storesState = restartsAfterEachStep
        var client = try bob(options)
        var store = Store()

        let keys = try capture.get("nostr_keys").get("bob")
        let bobKey = try LocalKey.importing(keys.text("secret"))
        let rumor = try bobKey.unwrap(Event(json: capture.get("welcome_gift_wrap").encoded))
        var step = client.receive(welcome: rumor, now: now)
        store.take(step)
        guard case .invitation(let invitation) = try #require(step.notices.first) else {
            Issue.record("no invitation: \(step.notices)")
            return
        }
        #expect(invitation.inviter.hex == (try capture.get("nostr_keys").get("alice").text("public")))
        let group: [UInt8]
        (group, step) = try client.accept(invitation.id, now: now)
        store.take(step)
        #expect(Hex.encode(group) == (try capture.text("mls_group_id")))
        try expect(#require(client.group(group)), is: capture.get("joined"))

        var messages: [String] = []
        for entry in try #require(capture.get("steps").arrayValue) {
            if restartsAfterEachStep {
                var unreadable: [RecordKey] = []
                client = MarmotClient(
                    publicKey: client.publicKey,
                    options: options,
                    records: store.records,
                    unreadable: &unreadable
                )
                #expect(unreadable.isEmpty)
            }
            let event = try Event(json: entry.get("event").encoded)
            step = client.receive(event, now: now)
            store.take(step)
            for notice in step.notices {
                switch notice {
                case .refused(_, let error): Issue.record("\(try entry.text("label")): \(error)")
                case .message(let message):
                    messages.append(String(decoding: message.rumor.json, as: UTF8.self))
                default: break
                }
            }
            if let text = entry["application_data_utf8"]?.stringValue {
                #expect(try Rumor(json: Array(text.utf8)).json == messages.last.map { Array($0.utf8) })
            }
            if let after = entry["after"], after.objectValue != nil {
                try expect(#require(client.group(group)), is: after)
            }
        }
        let final = try #require(client.group(group))
        #expect(final.epoch == 6)
        #expect(messages.count == 4)
        #expect(final.members.count == 2)
    }
}

/// The dumb map that a store has to be.
struct Store {
    private(set) var map: [RecordKey: RecordValue] = [:]

    mutating func take(_ step: MarmotStep) {
        for write in step.writes {
            switch write {
            case .put(let key, let value): map[key] = value
            case .drop(let key): map[key] = nil
            case .dropParts(let group, let names):
                let prefix = RecordKey.partPrefix(group: group, names: names)
                map = map.filter { !$0.key.encoded.starts(with: prefix) }
            }
        }
    }

    var records: [(key: RecordKey, value: RecordValue)] { map.map { ($0.key, $0.value) } }
}
