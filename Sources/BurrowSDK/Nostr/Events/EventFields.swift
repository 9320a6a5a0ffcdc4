internal import BurrowBase

/// The members of an event, each of the right type and in range.
struct EventFields {
    var id: EventID?
    var signature: EventSignature?
    var hasSignatureMember = false
    private(set) var publicKey: PublicKey?
    private(set) var createdAt: UnixTime?
    private(set) var kind: EventKind?
    private(set) var tags: [Tag]?
    private(set) var content: String?

    static func object(_ json: [UInt8]) throws(NostrError) -> JSON.Object {
        let value = try NostrJSON.parse(json, bytes: NostrLimits.eventBytes)
        guard case .object(let object) = value else {
            throw NostrError(.wrongType, "event is not a JSON object")
        }
        return object
    }

    init(_ object: JSON.Object) throws(NostrError) {
        for member in object.members {
            switch member.key {
            case "id":
                guard let value = EventID(hex: try Self.string(member)) else {
                    throw NostrError(.invalidHex, "event id is not 64 lower-case digits")
                }
                id = value
            case "pubkey":
                guard let value = PublicKey(hex: try Self.string(member)) else {
                    throw NostrError(.invalidHex, "event key is not 64 lower-case digits")
                }
                publicKey = value
            case "sig":
                hasSignatureMember = true
                guard let value = EventSignature(hex: try Self.string(member)) else {
                    throw NostrError(.invalidHex, "event signature is not 128 lower-case digits")
                }
                signature = value
            case "created_at":
                guard case .integer(let value) = member.value else {
                    throw NostrError(.wrongType, "event time is not an integer")
                }
                guard value >= 0 else { throw NostrError(.timeOutOfRange, "event time is negative") }
                createdAt = UnixTime(value)
            case "kind":
                guard case .integer(let value) = member.value else {
                    throw NostrError(.wrongType, "event kind is not an integer")
                }
                guard let value = UInt16(exactly: value) else {
                    throw NostrError(.kindOutOfRange, "event kind is not within 0 and 65535")
                }
                kind = EventKind(value)
            case "tags": tags = try Self.tags(member.value)
            case "content": content = try Self.string(member)
            default: break
            }
        }
    }

    /// What an event cannot be without.
    func required() throws(NostrError) -> (PublicKey, UnixTime, EventKind, [Tag], String) {
        guard let publicKey, let createdAt, let kind, let tags, let content else {
            throw NostrError(.missingMember, "event lacks a member it must have")
        }
        return (publicKey, createdAt, kind, tags, content)
    }

    private static func string(_ member: JSON.Object.Member) throws(NostrError) -> String {
        guard case .string(let text) = member.value else {
            throw NostrError(.wrongType, "event member that must be a string is none")
        }
        return text
    }

    private static func tags(_ value: JSON) throws(NostrError) -> [Tag] {
        guard case .array(let list) = value else { throw NostrError(.invalidTag, "event tags are no array") }
        guard list.count <= NostrLimits.tags else {
            throw NostrError(.tooLarge, "event has more than \(NostrLimits.tags) tags")
        }
        var tags: [Tag] = []
        tags.reserveCapacity(list.count)
        for entry in list {
            guard case .array(let values) = entry else {
                throw NostrError(.invalidTag, "event tag is no array")
            }
            var elements: [String] = []
            elements.reserveCapacity(values.count)
            for value in values {
                guard case .string(let text) = value else {
                    throw NostrError(.invalidTag, "event tag has an element that is no string")
                }
                guard text.utf8.count <= NostrLimits.tagStringBytes else {
                    throw NostrError(
                        .tooLarge,
                        "event tag has an element of more than \(NostrLimits.tagStringBytes) bytes"
                    )
                }
                elements.append(text)
            }
            tags.append(Tag(elements))
        }
        return tags
    }
}
