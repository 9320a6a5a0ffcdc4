internal import BurrowBase
package import BurrowMLS
package import BurrowNostr

extension KeyPackageEvent {
    /// The events to sign for a key package: of the current kind, and the one that older clients look for.
    package static func rumors(
        _ keyPackage: KeyPackage,
        slot: Bytes32,
        identity: PublicKey,
        relays: [String],
        client: String,
        now: UnixTime
    ) throws(MarmotError) -> (current: Rumor, old: Rumor) {
        let reference: [UInt8]
        do {
            reference = try keyPackage.reference(CipherSuite(MarmotProtocol.suite))
        } catch {
            throw MarmotError(error)
        }
        var shared: [Tag] = [
            ["mls_protocol_version", MarmotProtocol.protocolVersion],
            ["mls_ciphersuite", MarmotProtocol.cipherSuiteText],
            ["mls_extensions", "0x000a", "0xf2ee"],
            ["mls_proposals", "0x000a"],
            Tag(["relays"] + relays),
            ["i", Hex.encode(reference)],
        ]
        if !client.isEmpty { shared.append(["client", client]) }
        shared.append(["encoding", MarmotProtocol.encoding])
        let content = Base64.standard.encode(keyPackage.encoded)
        do {
            let current = try Rumor(
                publicKey: identity,
                createdAt: now,
                kind: .keyPackage,
                tags: [["d", slot.hex]] + shared,
                content: content
            )
            let old = try Rumor(
                publicKey: identity,
                createdAt: now,
                kind: .oldKeyPackage,
                tags: shared,
                content: content
            )
            return (current, old)
        } catch {
            throw MarmotError(error)
        }
    }

    /// One key package for each device of somebody: the newest of each slot, and one of the old kind only for somebody
    /// who has no others.
    package static func choose(_ candidates: [KeyPackageEvent]) -> [KeyPackageEvent] {
        var chosen: [KeyPackageEvent] = []
        let newestFirst = candidates.sorted {
            ($1.event.createdAt, $0.event.id) < ($0.event.createdAt, $1.event.id)
        }
        for candidate in newestFirst where candidate.slot != nil {
            let isKnown = chosen.contains { $0.identity == candidate.identity && $0.slot == candidate.slot }
            if !isKnown { chosen.append(candidate) }
        }
        for candidate in newestFirst where candidate.slot == nil {
            if !chosen.contains(where: { $0.identity == candidate.identity }) { chosen.append(candidate) }
        }
        return chosen
    }
}
