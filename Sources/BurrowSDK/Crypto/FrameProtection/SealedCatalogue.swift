internal import BurrowBase

/// The catalogue of an encrypted broadcast: which key context the publisher started with, and its real catalogue, sealed.
///
///     {"burrow":{"v":1,"suite":4,"instance":"<32 hex>","sealed":"<base64 of an SFrame>"}}
///
/// There is no other member, so for those without the key the broadcast is empty.
package struct SealedCatalogue: Equatable, Sendable {
    private static let version: Int64 = 1
    private static let longestByteCount = 1 << 20

    package let suite: SFrameSuite
    package let instance: [UInt8]
    /// A frame of track 0.
    package let sealed: [UInt8]

    package init(suite: SFrameSuite, instance: [UInt8], sealed: [UInt8]) {
        self.suite = suite
        self.instance = instance
        self.sealed = sealed
    }

    package var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { (writer) in
            writer.object(for: "burrow") { (writer) in
                writer.integer(Self.version, for: "v")
                writer.integer(suite.rawValue, for: "suite")
                writer.string(Hex.encode(instance), for: "instance")
                writer.string(Base64.standard.encode(sealed), for: "sealed")
            }
        }
        return writer.bytes
    }

    /// Reads a catalogue; `nil` if it is a plain one. A version or suite that we do not speak is `unsupported`, and so are
    /// the suites with short tags: the suite is told in the clear, and a relay must not choose a weak one.
    package static func parse(_ bytes: Span<UInt8>) throws(CryptoError) -> SealedCatalogue? {
        guard let members = try members(bytes) else { return nil }
        guard members.version == version, let number = UInt16(exactly: members.suite),
            let suite = SFrameSuite(rawValue: number), suite.tagByteCount == AEADAlgorithm.tagByteCount
        else { throw CryptoError(.unsupported, "catalogue is protected in a way we do not know") }
        do throws(DecodeError) {
            let instance = try Hex.decode(members.instance)
            let sealed = try Base64.standard.decode(members.sealed)
            guard instance.count == BroadcastContext.instanceByteCount else { throw .malformed }
            return SealedCatalogue(suite: suite, instance: instance, sealed: sealed)
        } catch {
            throw CryptoError(.malformed, "catalogue has a malformed instance or sealed part")
        }
    }

    private struct Members {
        let version: Int64
        let suite: Int64
        let instance: String
        let sealed: String
    }

    private static func members(_ bytes: Span<UInt8>) throws(CryptoError) -> Members? {
        do throws(JSONError) {
            let json = try JSON.parse(bytes, limits: JSON.Limits(bytes: longestByteCount))
            guard let object = json.objectValue else {
                throw JSONError(.wrongType, "catalogue is not an object")
            }
            guard let member = try object.optionalObject("burrow") else { return nil }
            let version = try member.integer("v")
            // What a later version has beside its number is not ours to judge.
            guard version == Self.version else {
                return Members(version: version, suite: 0, instance: "", sealed: "")
            }
            return Members(
                version: version,
                suite: try member.integer("suite"),
                instance: try member.string("instance"),
                sealed: try member.string("sealed")
            )
        } catch {
            throw CryptoError(.malformed, error.context)
        }
    }
}
