internal import BurrowBase

/// What a key file holds: one JWK, or a set of them (RFC 7517 §5).
package struct TokenKeyFile {
    package let keys: [TokenKey]
    /// Whether the file is a set, where a token says by `kid` which key it means.
    package let isSet: Bool
    /// How many keys the file names, those of algorithms we do not know included.
    package let listedCount: Int

    /// Reads a file: JSON, or the whole JSON in unpadded base64url, which older relays want.
    package init(_ bytes: [UInt8]) throws(AccessError) {
        guard bytes.count <= AccessLimits.keyFileBytes else {
            throw AccessError(.invalidKey, "key file is longer than \(AccessLimits.keyFileBytes) bytes")
        }
        let root = try Self.object(in: Self.trimmed(bytes))
        guard let members = root["keys"] else {
            guard let key = try TokenKey.parse(root) else {
                throw AccessError(.invalidKey, "key has an algorithm that is not supported")
            }
            self.init(keys: [key], isSet: false, listedCount: 1)
            return
        }
        guard let members = members.arrayValue, members.count <= AccessLimits.keys else {
            throw AccessError(.invalidKey, "key set is not a list of at most \(AccessLimits.keys) keys")
        }
        var keys: [TokenKey] = []
        for member in members {
            guard let object = member.objectValue else {
                throw AccessError(.invalidKey, "key is not an object")
            }
            if let key = try TokenKey.parse(object) { keys.append(key) }
        }
        let identifiers = keys.compactMap(\.identifier)
        guard Set(identifiers).count == identifiers.count else {
            throw AccessError(.invalidKey, "key set uses a kid twice")
        }
        self.init(keys: keys, isSet: true, listedCount: members.count)
    }

    private init(keys: [TokenKey], isSet: Bool, listedCount: Int) {
        self.keys = keys
        self.isSet = isSet
        self.listedCount = listedCount
    }

    private static func object(in text: [UInt8]) throws(AccessError) -> JSON.Object {
        do {
            let json = text.first == UInt8(ascii: "{") ? text : try Base64.url.decode(text)
            let limits = JSON.Limits(bytes: AccessLimits.keyFileBytes, depth: AccessLimits.depth)
            guard let object = try JSON.parse(json, limits: limits).objectValue else {
                throw AccessError(.invalidKey, "key file is not a JSON object")
            }
            return object
        } catch let error as AccessError {
            throw error
        } catch let error as JSONError {
            throw AccessError(.invalidKey, "key file: \(error.context)")
        } catch {
            throw AccessError(.invalidKey, "key file is neither JSON nor unpadded base64url")
        }
    }

    /// Editors and shells leave a line end behind the text.
    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        let front = bytes.drop(while: isSpace)
        guard let last = front.lastIndex(where: { !isSpace($0) }) else { return [] }
        return Array(front[...last])
    }
}
