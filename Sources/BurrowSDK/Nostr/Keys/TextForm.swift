internal import BurrowBase
package import BurrowCrypto

/// The texts in which people pass keys and events on (NIP-19).
package enum TextForm: Equatable, Sendable {
    /// `npub`
    case publicKey(PublicKey)
    /// `note`
    case event(EventID)
    /// `nprofile`: a person, and relays where they may be found.
    case profile(PublicKey, relays: [String])

    private static let profileKeyType: UInt8 = 0
    private static let relayType: UInt8 = 1

    /// Reads any of these; secret keys are none of them, see `privateKey(_:)`. Types inside a profile that we do not
    /// know are ignored.
    package init(_ text: String) throws(NostrError) {
        let (prefix, bytes) = try Self.decode(text)
        switch prefix {
        case "npub": self = .publicKey(PublicKey(try Self.only(bytes)))
        case "note": self = .event(EventID(try Self.only(bytes)))
        case "nprofile": self = try Self.profile(bytes)
        default: throw NostrError(.invalidBech32, "text has another prefix than npub, note or nprofile")
        }
    }

    package var text: String {
        switch self {
        case .publicKey(let key): return Bech32.encode(prefix: "npub", key.bytes)
        case .event(let id): return Bech32.encode(prefix: "note", id.value.bytes)
        case .profile(let key, let relays):
            var bytes: [UInt8] = [Self.profileKeyType, 32]
            bytes += key.bytes
            for relay in relays {
                // What does not fit the length byte cannot be written.
                guard let count = UInt8(exactly: relay.utf8.count) else { continue }
                bytes += [Self.relayType, count]
                bytes += relay.utf8
            }
            return Bech32.encode(prefix: "nprofile", bytes)
        }
    }

    /// Reads a public key as `npub`, `nprofile` or 64 hexadecimal digits.
    package static func publicKey(_ text: String) throws(NostrError) -> PublicKey {
        if let key = PublicKey(hex: text) { return key }
        switch try TextForm(text) {
        case .publicKey(let key), .profile(let key, _): return key
        case .event: throw NostrError(.invalidKey, "text names an event and no key")
        }
    }

    /// Reads a private key as `nsec` or 64 hexadecimal digits. The text is the caller's to erase.
    package static func privateKey(_ text: String) throws(NostrError) -> Secp256k1.PrivateKey {
        var bytes: [UInt8]
        if let hex = Bytes32(hex: text) {
            bytes = hex.bytes
        } else {
            let (prefix, decoded) = try decode(text)
            bytes = decoded
            guard prefix == "nsec", bytes.count == 32 else {
                Wipe.wipe(&bytes)
                throw NostrError(.invalidBech32, "text is no private key")
            }
        }
        defer { Wipe.wipe(&bytes) }
        do {
            return try Secp256k1.PrivateKey(bytes.span)
        } catch {
            throw NostrError(.invalidKey, error.context)
        }
    }

    /// The `nsec` of a key.
    package static func text(of key: borrowing Secp256k1.PrivateKey) -> String {
        var bytes: [UInt8] = []
        let secret = key.bytes
        for index in secret.indices { bytes.append(secret[index]) }
        defer { Wipe.wipe(&bytes) }
        return Bech32.encode(prefix: "nsec", bytes)
    }

    private static func decode(_ text: String) throws(NostrError) -> (prefix: String, bytes: [UInt8]) {
        do {
            return try Bech32.decode(text, limit: NostrLimits.bech32Bytes)
        } catch {
            throw NostrError(.invalidBech32, "text is no bech32: \(error)")
        }
    }

    private static func only(_ bytes: [UInt8]) throws(NostrError) -> Bytes32 {
        guard let value = Bytes32(bytes) else {
            throw NostrError(.invalidBech32, "text does not stand for 32 bytes")
        }
        return value
    }

    private static func profile(_ bytes: [UInt8]) throws(NostrError) -> TextForm {
        var key: PublicKey?
        var relays: [String] = []
        var rest = bytes[...]
        while let type = rest.popFirst() {
            guard let count = rest.popFirst().map(Int.init), count <= rest.count else {
                throw NostrError(.invalidBech32, "profile ends within an entry")
            }
            let value = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            switch type {
            case profileKeyType:
                guard key == nil else { throw NostrError(.invalidBech32, "profile has two keys") }
                key = PublicKey(try only(value))
            case relayType:
                guard relays.count < NostrLimits.relayHints else { continue }
                guard value.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                    throw NostrError(.invalidBech32, "profile has a relay that is no URL")
                }
                relays.append(String(decoding: value, as: UTF8.self))
            default: continue
            }
        }
        guard let key else { throw NostrError(.invalidBech32, "profile has no key") }
        return .profile(key, relays: relays)
    }
}
