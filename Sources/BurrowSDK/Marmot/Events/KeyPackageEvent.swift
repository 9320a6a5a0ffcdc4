internal import BurrowBase
package import BurrowMLS
package import BurrowNostr

/// A key package that somebody published, checked (kinds 30443 and 443).
///
/// Nothing but the event binds the key package to its owner, so the event is kept with it.
package struct KeyPackageEvent: Equatable, Sendable {
    package let event: Event
    package let keyPackage: KeyPackage
    /// The KeyPackageRef (RFC 9420 §5.2).
    package let reference: [UInt8]
    package let relays: [String]
    /// The device of the owner; older clients know only one.
    package let slot: Bytes32?

    package var identity: PublicKey { event.publicKey }
    package var supportsSelfRemove: Bool {
        keyPackage.leafNode.capabilities.supports(proposal: Proposal.selfRemoveType)
    }

    /// Checks everything that can be said without a group.
    package init(_ event: Event, now: UnixTime, acceptsLongLifetimes: Bool = true) throws(MarmotError) {
        guard event.kind == .keyPackage || event.kind == .oldKeyPackage else {
            throw MarmotError(.wrongKind, "event is no key package")
        }
        try Self.requireVersion(event)
        let isCurrent = event.kind == .keyPackage
        try Self.expect(event.tags, "mls_protocol_version", [MarmotProtocol.protocolVersion])
        try Self.expect(event.tags, "mls_ciphersuite", [MarmotProtocol.cipherSuiteText])
        try Self.expectTypes(event.tags, "mls_extensions", ["0x000a", "0xf2ee"])
        relays = try Self.relays(event.tags)
        slot = isCurrent ? try Self.slot(event.tags) : nil
        keyPackage = try Self.keyPackage(event)
        reference = try Self.check(
            keyPackage,
            of: event,
            now: now,
            longest: acceptsLongLifetimes ? nil : MarmotLimits.longestLifetime
        )
        try Self.checkProposals(event, keyPackage, isCurrent: isCurrent)
        try Self.checkReference(event.tags, reference, isCurrent: isCurrent)
        self.event = event
    }

    /// The marks of versions that are not spoken here.
    private static func requireVersion(_ event: Event) throws(MarmotError) {
        if event.tags.contains(where: { $0.name.hasSameBytes(as: "app_components") }) {
            throw MarmotError(.d, "key package lists components")
        }
        let encodings = event.tags.named("encoding")
        guard let encoding = encodings.first else {
            let version: MarmotVersion = event.kind == .keyPackage ? .d : .a
            throw MarmotError(version, "key package does not name its encoding")
        }
        guard encodings.count == 1, let name = encoding.value else {
            throw MarmotError(.invalidTag, "key package names its encoding twice or not at all")
        }
        guard !name.hasSameBytes(as: "hex") else { throw MarmotError(.a, "key package in hexadecimal form") }
        guard name.hasSameBytes(as: MarmotProtocol.encoding) else {
            throw MarmotError(.invalidTag, "key package in an unknown encoding")
        }
    }

    /// The only tag of a name, which has to be there.
    private static func tag(_ tags: [Tag], _ name: String) throws(MarmotError) -> Tag {
        let found = tags.named(name)
        guard let tag = found.first, found.count == 1 else {
            throw MarmotError(.invalidTag, "key package lacks the tag \(name) or has it twice")
        }
        return tag
    }

    private static func expect(_ tags: [Tag], _ name: String, _ values: [String]) throws(MarmotError) {
        let elements = try tag(tags, name).elements.dropFirst()
        let isSame =
            elements.count == values.count && zip(elements, values).allSatisfy { $0.hasSameBytes(as: $1) }
        guard isSame else { throw MarmotError(.invalidTag, "tag \(name) has another value") }
    }

    /// Types as numbers in text; others beside those wanted do not matter.
    private static func expectTypes(
        _ tags: [Tag],
        _ name: String,
        _ wanted: [String]
    ) throws(MarmotError) {
        let values = try tag(tags, name).elements.dropFirst().map { $0.lowercased() }
        for type in wanted where !values.contains(where: { $0.hasSameBytes(as: type) }) {
            throw MarmotError(.invalidTag, "tag \(name) does not list \(type)")
        }
    }

    private static func relays(_ tags: [Tag]) throws(MarmotError) -> [String] {
        let urls = try tag(tags, "relays").elements.dropFirst()
        guard !urls.isEmpty, urls.count <= MarmotLimits.relays else {
            throw MarmotError(.invalidTag, "key package with \(urls.count) relays")
        }
        for url in urls {
            do { _ = try ServerURL(url, policy: .writableRelays) } catch {
                throw MarmotError(.invalidTag, "key package with a relay that is none")
            }
        }
        return Array(urls)
    }

    private static func slot(_ tags: [Tag]) throws(MarmotError) -> Bytes32 {
        guard let text = try tag(tags, "d").value, let slot = Bytes32(hex: text) else {
            throw MarmotError(.invalidTag, "key package whose d tag is not 64 digits")
        }
        return slot
    }

    private static func keyPackage(_ event: Event) throws(MarmotError) -> KeyPackage {
        guard event.content.utf8.count <= MarmotLimits.keyPackageBytes else {
            throw MarmotError(.tooLarge, "key package of \(event.content.utf8.count) characters")
        }
        let bytes: [UInt8]
        do { bytes = try Base64.standard.decode(event.content) } catch {
            throw MarmotError(.invalidContent, "key package is not base64")
        }
        // An MLSMessage around it: version 1, wire format 5.
        guard !bytes.starts(with: [0, 1, 0, 5]) else { throw MarmotError(.d, "key package inside a message") }
        do { return try KeyPackage(decoding: bytes) } catch { throw MarmotError(error) }
    }

    private static func check(
        _ keyPackage: KeyPackage,
        of event: Event,
        now: UnixTime,
        longest: UInt64?
    ) throws(MarmotError) -> [UInt8] {
        let leaf = keyPackage.leafNode
        guard keyPackage.cipherSuite == MarmotProtocol.suite.rawValue,
            leaf.capabilities.cipherSuites.contains(MarmotProtocol.suite.rawValue)
        else { throw MarmotError(.invalidMember, "key package for another cipher suite") }
        guard leaf.extensions.data(of: MarmotProtocol.appDataDictionary) == nil else {
            throw MarmotError(.d, "key package with components")
        }
        guard leaf.credential.nostrKey == event.publicKey else {
            throw MarmotError(.identityMismatch, "key package of somebody else than the event's author")
        }
        for entry in keyPackage.extensions where !leaf.capabilities.supports(extension: entry.type) {
            throw MarmotError(.mls(.unsupportedExtension), "key package with an extension it does not list")
        }
        guard leaf.capabilities.extensions.contains(MarmotProtocol.groupData) else {
            throw MarmotError(.mls(.missingRequiredCapability), "key package does not list group data")
        }
        let suite = CipherSuite(MarmotProtocol.suite)
        do throws(MLSError) {
            try keyPackage.validate(suite: suite, now: now.unsigned, longestLifetime: longest)
            return try keyPackage.reference(suite)
        } catch {
            throw MarmotError(error)
        }
    }

    /// Current clients list SelfRemove in tag and leaf. Version B has neither.
    private static func checkProposals(
        _ event: Event,
        _ keyPackage: KeyPackage,
        isCurrent: Bool
    ) throws(MarmotError) {
        guard isCurrent || !event.tags.named("mls_proposals").isEmpty else {
            let capabilities = keyPackage.leafNode.capabilities
            guard capabilities.supports(proposal: Proposal.selfRemoveType) else {
                throw MarmotError(.b, "key package of a client that cannot leave by itself")
            }
            return
        }
        let values = try tag(event.tags, "mls_proposals").elements.dropFirst().map { $0.lowercased() }
        guard values.count == 1, values[0].hasSameBytes(as: "0x000a") else {
            throw MarmotError(.invalidTag, "tag mls_proposals has another value")
        }
    }

    private static func checkReference(
        _ tags: [Tag],
        _ reference: [UInt8],
        isCurrent: Bool
    ) throws(MarmotError) {
        guard isCurrent || !tags.named("i").isEmpty else { return }
        guard let text = try tag(tags, "i").value, text.lowercased().hasSameBytes(as: Hex.encode(reference))
        else {
            throw MarmotError(.referenceMismatch, "reference is not that of the key package")
        }
    }
}

extension StringProtocol {
    /// Whether two texts are the same bytes; `==` also takes different spellings of a character for equal.
    func hasSameBytes(as other: some StringProtocol) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}
