internal import BurrowBase
internal import BurrowCrypto
internal import BurrowMLS
internal import BurrowNostr

/// A key package of ours with its private keys.
struct OwnKeyPackage {
    private static let version: UInt8 = 1

    let bundle: KeyPackageBundle
    let reference: [UInt8]
    let slot: Bytes32
    let relays: [String]
    let createdAt: UnixTime
    /// When another one took its slot. Invitations made before may still come.
    var replacedAt: UnixTime?

    init(
        identity: PublicKey,
        slot: Bytes32,
        relays: [String],
        grease: UInt8,
        suite: CipherSuite,
        now: UnixTime
    ) throws(MarmotError) {
        bundle = try translated { () throws(MLSError) in
            try KeyPackageBundle(
                generate: MemberIdentity(
                    credential: .basic(identity.bytes),
                    capabilities: MarmotProtocol.capabilities(grease: grease),
                    signatureKey: suite.generateSignatureKey()
                ),
                lifetime: .standard(now: now.unsigned),
                extensions: [Extension(type: Extension.lastResort, data: [])],
                suite: suite
            )
        }
        reference = try Self.reference(bundle, suite)
        self.slot = slot
        self.relays = relays
        createdAt = now
    }

    /// One that was made elsewhere.
    init(_ bundle: KeyPackageBundle, slot: Bytes32, relays: [String], now: UnixTime) throws(MarmotError) {
        self.bundle = bundle
        reference = try Self.reference(bundle, CipherSuite(MarmotProtocol.suite))
        self.slot = slot
        self.relays = relays
        createdAt = now
    }

    private static func reference(
        _ bundle: KeyPackageBundle,
        _ suite: CipherSuite
    ) throws(MarmotError) -> [UInt8] {
        try translated { () throws(MLSError) in try bundle.keyPackage.reference(suite) }
    }

    func isOver(at now: UnixTime) -> Bool {
        replacedAt.map { now > $0 + MarmotLimits.keyPackageGraceSeconds } ?? false
    }

    var encodedState: [UInt8] {
        var writer = SecretWriter()
        writer.writeUInt8(Self.version)
        writer.writeOpaque(bundle.keyPackage.encoded)
        writer.writeKey(bundle.initKey)
        writer.writeKey(bundle.encryptionKey)
        writer.writeSecret(bundle.signatureKey.seed)
        writer.writeOpaque(slot.bytes)
        writer.writeOpaque(relays.joined(separator: "\n").utf8.map { $0 })
        writer.writeUInt64(UInt64(clamping: createdAt.seconds))
        writer.writeBool(replacedAt != nil)
        writer.writeUInt64(UInt64(clamping: replacedAt?.seconds ?? 0))
        return writer.bytes
    }

    init(state: [UInt8], suite: CipherSuite) throws(MarmotError) {
        var reader = ByteReader(state.span)
        do throws(MLSError) {
            guard try Wire.uint8(&reader) == Self.version else {
                throw MLSError(.unsupportedVersion, "stored key package of another version")
            }
            let keyPackage: KeyPackage = try StateReader.value(&reader)
            bundle = try KeyPackageBundle(
                keyPackage: keyPackage,
                initKey: StateReader.key(&reader, suite),
                encryptionKey: StateReader.key(&reader, suite),
                signatureKey: SignatureKeyPair(seed: StateReader.secret(&reader, suite))
            )
            reference = try keyPackage.reference(suite)
            guard let slot = Bytes32(try Wire.opaque(&reader)) else { throw Wire.truncated }
            self.slot = slot
            let text = String(decoding: try Wire.opaque(&reader), as: UTF8.self)
            relays = text.split(separator: "\n").map(String.init)
            createdAt = UnixTime(Int64(clamping: try Wire.uint64(&reader)))
            let isReplaced = try StateReader.bool(&reader)
            let time = UnixTime(Int64(clamping: try Wire.uint64(&reader)))
            replacedAt = isReplaced ? time : nil
            guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after a stored key package") }
        } catch {
            throw MarmotError(error)
        }
    }
}
