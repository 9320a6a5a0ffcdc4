internal import BurrowBase
package import BurrowMLS
package import BurrowNostr

/// An invitation as it comes out of a gift wrap (kind 444).
package struct WelcomeRumor {
    package let welcome: Welcome
    /// Who sealed it.
    package let inviter: PublicKey
    package let relays: [String]
    /// The key package event that was used, by the inviter's account. A hint.
    package let keyPackageEvent: EventID?

    package init(_ rumor: Rumor) throws(MarmotError) {
        guard rumor.kind == .welcome else { throw MarmotError(.wrongKind, "event is no invitation") }
        let encodings = rumor.tags.named("encoding")
        guard let encoding = encodings.first else {
            // Neither the oldest nor the newest version names it; what they mean by it differs inside.
            let isBase64 = (try? Base64.standard.decode(rumor.content)) != nil
            let isHex = (try? Hex.decode(rumor.content)) != nil
            throw MarmotError(isHex || !isBase64 ? .a : .d, "invitation does not name its encoding")
        }
        guard let name = encoding.value, encodings.count == 1 else {
            throw MarmotError(.invalidTag, "invitation names its encoding twice or not at all")
        }
        guard !name.hasSameBytes(as: "hex") else { throw MarmotError(.a, "invitation in hexadecimal form") }
        guard name.hasSameBytes(as: MarmotProtocol.encoding) else {
            throw MarmotError(.invalidTag, "invitation in an unknown encoding")
        }
        let relayTags = rumor.tags.named("relays")
        guard let relays = relayTags.first?.elements.dropFirst(), relayTags.count == 1, !relays.isEmpty,
            relays.count <= MarmotLimits.relays
        else { throw MarmotError(.invalidTag, "invitation without relays") }
        let events = rumor.tags.named("e")
        guard events.count == 1, let id = events[0].value.flatMap(EventID.init(hex:)) else {
            throw MarmotError(.invalidTag, "invitation that names no key package")
        }
        let bytes: [UInt8]
        do { bytes = try Base64.standard.decode(rumor.content) } catch {
            throw MarmotError(.invalidContent, "invitation is not base64")
        }
        let message: MLSMessage
        do { message = try MLSMessage(decoding: bytes) } catch { throw MarmotError(error) }
        guard case .welcome(let welcome) = message else {
            throw MarmotError(.invalidContent, "invitation holds another message")
        }
        guard welcome.cipherSuite == MarmotProtocol.suite.rawValue else {
            throw MarmotError(.mls(.unsupportedCipherSuite), "invitation to a group of another cipher suite")
        }
        self.welcome = welcome
        inviter = rumor.publicKey
        self.relays = Array(relays)
        keyPackageEvent = id
    }

    /// The invitation for the owner of a key package. `welcome` is an MLSMessage.
    package static func make(
        _ welcome: [UInt8],
        for keyPackageEvent: EventID,
        from inviter: PublicKey,
        relays: [String],
        client: String,
        now: UnixTime
    ) throws(MarmotError) -> Rumor {
        var tags: [Tag] = [Tag(["relays"] + relays), ["e", keyPackageEvent.hex]]
        if !client.isEmpty { tags.append(["client", client]) }
        tags.append(["encoding", MarmotProtocol.encoding])
        let rumor: Rumor
        do {
            rumor = try Rumor(
                publicKey: inviter,
                createdAt: now,
                kind: .welcome,
                tags: tags,
                content: Base64.standard.encode(welcome)
            )
        } catch {
            throw MarmotError(error)
        }
        guard rumor.json.count <= GiftWrap.rumorBytes else {
            throw MarmotError(.tooLarge, "invitation to a group of this size does not fit into an event")
        }
        return rumor
    }
}
