internal import BurrowMLS
internal import BurrowNostr

/// Numbers and names of version C.
enum MarmotProtocol {
    static let suite = CipherSuite.ID.x25519AES128GCM
    /// The group data extension.
    static let groupData: UInt16 = 0xf2ee
    /// `app_data_dictionary`, a mark of version D.
    static let appDataDictionary: UInt16 = 0x0006

    static let reservedLabel = Array("marmot".utf8)
    static let exporterLabel = Array("marmot".utf8)
    static let groupEventContext = Array("group-event".utf8)

    static let protocolVersion = "1.0"
    static let cipherSuiteText = "0x0001"
    static let encoding = "base64"

    /// What our leaves say they can do (RFC 9420 §7.2), with values that mean nothing so that nobody relies on there
    /// being none (§13.5).
    static func capabilities(grease: UInt8) -> Capabilities {
        let nothing = Capabilities.grease(grease)
        return Capabilities(
            cipherSuites: [suite.rawValue, nothing],
            extensions: [Extension.lastResort, groupData, nothing],
            proposals: [Proposal.selfRemoveType, nothing],
            credentials: [Credential.basicType, nothing]
        )
    }
}

extension Credential {
    /// The Nostr key that a credential is, which is its 32 bytes and nothing else.
    var nostrKey: PublicKey? {
        guard case .basic(let identity) = self else { return nil }
        return Bytes32(identity).map(PublicKey.init)
    }
}

extension LeafNode {
    /// The identity of a member that was checked when it became one.
    func identity() throws(MarmotError) -> PublicKey {
        guard let key = credential.nostrKey else {
            throw MarmotError(.invalidMember, "credential is no Nostr key")
        }
        return key
    }
}
