import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Testing

/// Key package events: what is published is good, and everything that can be wrong with one is refused by name.
struct KeyPackageEventTests {
    static let now = UnixTime(World.start, offset: 0)

    /// Parts of a key package event, to be changed and signed again.
    struct Draft {
        var person: LocalKey
        var kind = EventKind.keyPackage
        var tags: [BurrowNostr.Tag] = []
        var content = ""

        init() throws {
            let person = try Person()
            let event = try person.keyPackage().event
            self.person = person.key
            tags = event.tags
            content = event.content
        }

        mutating func set(_ name: String, _ values: [String]?) {
            tags.removeAll { $0.name == name }
            if let values { tags.append(BurrowNostr.Tag([name] + values)) }
        }

        func parsed(longLifetimes: Bool = true) throws -> KeyPackageEvent {
            let event = try person.sign(
                Rumor(publicKey: person.publicKey, createdAt: now, kind: kind, tags: tags, content: content)
            )
            return try KeyPackageEvent(event, now: now, acceptsLongLifetimes: longLifetimes)
        }

        func refusal(longLifetimes: Bool = true) throws -> MarmotError.Code? {
            do {
                _ = try parsed(longLifetimes: longLifetimes)
                return nil
            } catch let error as MarmotError {
                return error.code
            }
        }

        /// Another key package in place of the good one.
        mutating func put(_ keyPackage: KeyPackage) throws {
            content = Base64.standard.encode(keyPackage.encoded)
            set("i", [Hex.encode(try keyPackage.reference(CipherSuite(.x25519AES128GCM)))])
        }
    }

    @Test(arguments: [EventKind.keyPackage, .oldKeyPackage])
    func ownKeyPackagesAreGood(kind: EventKind) throws {
        let person = try Person()
        let parsed = try person.keyPackage(kind: kind)
        #expect(parsed.identity == person.publicKey)
        #expect((parsed.slot != nil) == (kind == .keyPackage))
        #expect(parsed.keyPackage.isLastResort)
        #expect(parsed.relays == World.relays)
        let lifetime = try #require(
            {
                if case .keyPackage(let lifetime) = parsed.keyPackage.leafNode.source {
                    lifetime
                } else {
                    nil
                }
            }()
        )
        #expect(lifetime.notBefore == UInt64(Self.now.seconds - 3600))
        #expect(lifetime.notAfter == UInt64(Self.now.seconds + 84 * 86_400))
    }

    @Test func keyPackageKeepsItsSlotAndOldOnesStayForAWhile() throws {
        let person = try Person()
        let (slot, first) = try person.client.makeKeyPackage(relays: World.relays, now: World.start)
        try person.take(first)
        let later = World.start + .seconds(60)
        let (again, second) = try person.client.makeKeyPackage(slot: slot, relays: World.relays, now: later)
        try person.take(second)
        #expect(slot == again)
        #expect(person.client.keyPackageSlots == [slot])
        #expect(person.store.records.count == 2)
        let muchLater = later + .seconds(8 * 86_400)
        try person.take(try person.client.makeKeyPackage(slot: slot, relays: World.relays, now: muchLater).1)
        #expect(person.store.records.count == 2)
        #expect(
            person.published.filter { $0.kind == .keyPackage }.allSatisfy {
                $0.tags.value(of: "d") == slot.hex
            }
        )
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: MarmotError.Code
        let change: @Sendable (inout Draft) throws -> Void

        init(
            _ name: String,
            _ code: MarmotError.Code,
            _ change: @escaping @Sendable (inout Draft) throws -> Void
        ) {
            testDescription = name
            self.code = code
            self.change = change
        }
    }

    static let required = [
        "d", "mls_protocol_version", "mls_ciphersuite", "mls_extensions", "mls_proposals", "relays", "i",
    ]

    @Test(arguments: required)
    func tagIsRequired(name: String) throws {
        var draft = try Draft()
        draft.set(name, nil)
        #expect(try draft.refusal() == .invalidTag)
        // Twice is not once.
        draft = try Draft()
        let tag = try #require(draft.tags.named(name).first)
        draft.tags.append(tag)
        #expect(try draft.refusal() == .invalidTag)
    }

    @Test(arguments: ["d", "mls_proposals", "i", "client"])
    func tagIsOptionalForOldKinds(name: String) throws {
        var draft = try Draft()
        draft.kind = .oldKeyPackage
        draft.set(name, nil)
        #expect(try draft.refusal() == nil)
    }

    static let cases: [Case] = [
        Case("another kind", .wrongKind) { $0.kind = EventKind(30444) },
        Case("another protocol", .invalidTag) { $0.set("mls_protocol_version", ["1.1"]) },
        Case("another suite", .invalidTag) { $0.set("mls_ciphersuite", ["0x0003"]) },
        Case("no last resort listed", .invalidTag) { $0.set("mls_extensions", ["0xf2ee"]) },
        Case("no group data listed", .invalidTag) { $0.set("mls_extensions", ["0x000a"]) },
        Case("more proposals listed", .invalidTag) { $0.set("mls_proposals", ["0x000a", "0x000b"]) },
        Case("another proposal listed", .invalidTag) { $0.set("mls_proposals", ["0x000b"]) },
        Case("no relays", .invalidTag) { $0.set("relays", []) },
        Case("a relay that is none", .invalidTag) { $0.set("relays", ["https://relay.example.com"]) },
        Case("a short slot", .invalidTag) { $0.set("d", ["00"]) },
        Case("another reference", .referenceMismatch) { $0.set("i", [String(repeating: "0", count: 64)]) },
        Case("no encoding", .unsupportedMarmotVersion(.d)) { $0.set("encoding", nil) },
        Case("hexadecimal", .unsupportedMarmotVersion(.a)) { $0.set("encoding", ["hex"]) },
        Case("unknown encoding", .invalidTag) { $0.set("encoding", ["base85"]) },
        Case("components", .unsupportedMarmotVersion(.d)) { $0.set("app_components", ["0x8001"]) },
        Case("inside a message", .unsupportedMarmotVersion(.d)) { (draft) in
            let bytes = try Base64.standard.decode(draft.content)
            draft.content = Base64.standard.encode([0, 1, 0, 5] + bytes)
        },
        Case("no encoding, old kind", .unsupportedMarmotVersion(.a)) { (draft) in
            draft.kind = .oldKeyPackage
            draft.set("encoding", nil)
        },
        Case("no base64", .invalidContent) { $0.content = "%" + $0.content.dropFirst() },
        Case("more than a key package", .mls(.codecTrailing)) { (draft) in
            draft.content = Base64.standard.encode(try Base64.standard.decode(draft.content) + [0])
        },
        Case("too much", .tooLarge) { $0.content = String(repeating: "A", count: 20_000) },
        Case("somebody else's", .identityMismatch) { $0.person = try LocalKey.random() },
        Case("a name for a credential", .identityMismatch) { (draft) in
            try draft.put(made { $0.credential = .basic(Array("bob".utf8)) })
        },
        Case("the key as text", .identityMismatch) { (draft) in
            let text = Array(draft.person.publicKey.hex.utf8)
            try draft.put(made { $0.credential = .basic(text) })
        },
        Case("a leaf without the suite", .invalidMember) { (draft) in
            let key = draft.person.publicKey
            try draft.put(made(key) { $0.capabilities.cipherSuites = [3] })
        },
        Case("a leaf without group data", .mls(.missingRequiredCapability)) { (draft) in
            let key = draft.person.publicKey
            try draft.put(made(key) { $0.capabilities.extensions = [0x000a] })
        },
        Case("last resort without saying so", .mls(.unsupportedExtension)) { (draft) in
            let key = draft.person.publicKey
            try draft.put(made(key) { $0.capabilities.extensions = [0xf2ee] })
        },
        Case("a leaf without basic credentials", .mls(.unsupportedCredential)) { (draft) in
            let key = draft.person.publicKey
            let suite = CipherSuite(.x25519AES128GCM)
            // Nothing of ours makes one, so the bytes of a good one are changed and signed again.
            var package = try made(key) { _ in }
            package.leafNode.capabilities.credentials = [2]
            try draft.put(resigned(package, suite))
        },
        Case("old kind that cannot leave", .unsupportedMarmotVersion(.b)) { (draft) in
            let key = draft.person.publicKey
            draft.kind = .oldKeyPackage
            draft.set("mls_proposals", nil)
            try draft.put(made(key) { $0.capabilities.proposals = [] })
        },
        Case("over", .mls(.lifetimeNotCurrent)) { (draft) in
            let key = draft.person.publicKey
            try draft.put(made(key, lifetime: Lifetime(notBefore: 0, notAfter: 1_799_999_999)) { _ in })
        },
        Case("not begun", .mls(.lifetimeNotCurrent)) { (draft) in
            let key = draft.person.publicKey
            try draft.put(made(key, lifetime: Lifetime(notBefore: 1_800_000_001, notAfter: .max)) { _ in })
        },
    ]

    @Test(arguments: cases)
    func wrongOneIsRefused(_ entry: Case) throws {
        var draft = try Draft()
        try entry.change(&draft)
        #expect(try draft.refusal() == entry.code)
    }

    @Test func lifetimesAreLimitedOnlyWhenAsked() throws {
        var draft = try Draft()
        let key = draft.person.publicKey
        try draft.put(Self.made(key, lifetime: Lifetime(notBefore: 0, notAfter: .max)) { _ in })
        #expect(try draft.refusal() == nil)
        #expect(try draft.refusal(longLifetimes: false) == .mls(.lifetimeTooLong))
    }

    @Test func valuesOfExtensionsMayBeMoreAndInCapitals() throws {
        var draft = try Draft()
        draft.set("mls_extensions", ["0xABCD", "0xF2EE", "0x000A"])
        #expect(try draft.refusal() == nil)
    }

    @Test func newestOfEachSlotIsChosen() throws {
        let person = try Person()
        let (slot, first) = try person.client.makeKeyPackage(relays: World.relays, now: World.start)
        let later = World.start + .seconds(5)
        let (_, second) = try person.client.makeKeyPackage(slot: slot, relays: World.relays, now: later)
        let (other, third) = try person.client.makeKeyPackage(relays: World.relays, now: World.start)
        for step in [first, second, third] { try person.take(step) }
        let all = try person.published.map {
            try KeyPackageEvent($0, now: UnixTime(later, offset: 0))
        }
        let chosen = KeyPackageEvent.choose(all)
        #expect(Set(chosen.compactMap(\.slot)) == [slot, other])
        #expect(chosen.count == 2)
        #expect(chosen.contains { $0.event.createdAt == UnixTime(later, offset: 0) })
        let old = KeyPackageEvent.choose(all.filter { $0.slot == nil })
        #expect(old.map(\.event.createdAt) == [UnixTime(later, offset: 0)])
    }

    /// A key package that our client would not make.
    static func made(
        _ key: PublicKey? = nil,
        lifetime: Lifetime? = nil,
        _ change: (inout MemberIdentity) -> Void
    ) throws -> KeyPackage {
        let suite = CipherSuite(.x25519AES128GCM)
        var identity = MemberIdentity(
            credential: .basic(key?.bytes ?? []),
            capabilities: Capabilities(
                cipherSuites: [1],
                extensions: [0x000a, 0xf2ee],
                proposals: [Proposal.selfRemoveType]
            ),
            signatureKey: try suite.generateSignatureKey()
        )
        change(&identity)
        return try KeyPackageBundle(
            generate: identity,
            lifetime: lifetime ?? .standard(now: UInt64(now.seconds)),
            extensions: [Extension(type: Extension.lastResort, data: [])],
            suite: suite
        ).keyPackage
    }

    /// Signs a changed key package with a key of its own.
    static func resigned(_ package: KeyPackage, _ suite: CipherSuite) throws -> KeyPackage {
        var package = package
        let key = try suite.generateSignatureKey()
        package.leafNode.signatureKey = key.publicKey
        let leaf = package.leafNode.signedBytes(groupID: [], index: 0)
        package.leafNode.signature = try suite.sign(leaf, "LeafNodeTBS", key)
        package.signature = try suite.sign(package.signedBytes, "KeyPackageTBS", key)
        return package
    }
}
