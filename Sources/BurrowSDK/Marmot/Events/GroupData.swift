package import BurrowBase
package import BurrowMLS
package import BurrowNostr

/// Name, admins and relays of a group: the extension 0xF2EE of its context.
package struct GroupData: Equatable, Sendable {
    /// A picture for the group: where it is and how it is decrypted.
    package struct Image: Equatable, Sendable {
        package let hash: [UInt8]
        /// In version 2 the seed that the key is derived from.
        package let key: [UInt8]
        package let nonce: [UInt8]
        package let uploadKey: [UInt8]

        package init?(hash: [UInt8], key: [UInt8], nonce: [UInt8], uploadKey: [UInt8] = []) {
            guard hash.count == 32, key.count == 32, nonce.count == 12,
                uploadKey.isEmpty || uploadKey.count == 32
            else { return nil }
            self.hash = hash
            self.key = key
            self.nonce = nonce
            self.uploadKey = uploadKey
        }
    }

    package static let version: UInt16 = 2

    /// As it was read; what is made here has `version`.
    package private(set) var version = Self.version
    /// Names the group to relays, in the `h` tags of its events.
    package var nostrGroupID: Bytes32
    package var name: String
    package var description: String
    package private(set) var admins: [PublicKey]
    /// As they stand; whether they are URLs shows when they are used.
    package private(set) var relays: [String]
    package var image: ImageFields = .init()
    /// What a later version has behind the fields we know.
    private var unknown: [UInt8] = []

    /// The four image fields as they travel, each there or empty by itself.
    package struct ImageFields: Equatable, Sendable {
        package var hash: [UInt8] = []
        package var key: [UInt8] = []
        package var nonce: [UInt8] = []
        package var uploadKey: [UInt8] = []

        package init() {}

        package init(_ image: Image) {
            hash = image.hash
            key = image.key
            nonce = image.nonce
            uploadKey = image.uploadKey
        }
    }

    /// Refuses texts that are too long to be written.
    package init(
        nostrGroupID: Bytes32,
        name: String,
        description: String = "",
        admins: [PublicKey],
        relays: [String]
    ) throws(MarmotError) {
        self.nostrGroupID = nostrGroupID
        self.name = name
        self.description = description
        self.admins = Self.normal(admins)
        self.relays = Self.normal(relays)
        try requireWritable()
    }

    func requireWritable() throws(MarmotError) {
        guard name.count <= MarmotLimits.nameCharacters,
            description.count <= MarmotLimits.descriptionCharacters,
            name.utf8.count <= MarmotLimits.textBytes, description.utf8.count <= MarmotLimits.textBytes
        else { throw MarmotError(.tooLarge, "name or description of the group is too long") }
        guard admins.count <= MarmotLimits.admins else {
            throw MarmotError(.tooLarge, "group with more than \(MarmotLimits.admins) admins")
        }
        guard relays.count <= MarmotLimits.relays,
            relays.allSatisfy({ $0.utf8.count <= MarmotLimits.relayBytes })
        else { throw MarmotError(.tooLarge, "group has too many or too long relays") }
        // Others refuse a whole group because of one that is none.
        for relay in relays {
            do {
                _ = try ServerURL(relay, policy: .writableRelays)
            } catch {
                throw MarmotError(.invalidArgument, "a relay of the group is no address of a relay")
            }
        }
    }

    package mutating func setAdmins(_ keys: [PublicKey]) {
        admins = Self.normal(keys)
    }

    package mutating func setRelays(_ urls: [String]) {
        relays = Self.normal(urls)
    }

    private static func normal(_ keys: [PublicKey]) -> [PublicKey] {
        Array(Set(keys)).sorted()
    }

    /// In the order of their bytes.
    private static func normal(_ urls: [String]) -> [String] {
        var result: [String] = []
        let sorted = urls.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for url in sorted where result.last.map({ !$0.utf8.elementsEqual(url.utf8) }) ?? true {
            result.append(url)
        }
        return result
    }
}

extension ServerURL.Policy {
    /// Also those of a host's own network: a group may live there.
    static let writableRelays = ServerURL.Policy(
        schemes: [.wss, .ws],
        allowsPlain: true,
        allowsPrivate: true
    )
}

extension GroupData: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        version = try Wire.uint16(&reader)
        guard version >= 1 else { throw MLSError(.unsupportedVersion, "group data of version 0") }
        guard let id = Bytes32(try Wire.bytes(&reader, count: 32)) else { throw Wire.truncated }
        nostrGroupID = id
        name = try Self.text(&reader)
        description = try Self.text(&reader)
        admins = try Self.keys(&reader)
        relays = try Self.urls(&reader)
        image.hash = try Self.field(&reader, count: 32)
        image.key = try Self.field(&reader, count: 32)
        image.nonce = try Self.field(&reader, count: 12)
        image.uploadKey = try Self.field(&reader, count: 32)
        if version > Self.version { unknown = try Wire.bytes(&reader, count: reader.remaining) }
    }

    private static func text(_ reader: inout ByteReader) throws(MLSError) -> String {
        let length = try Wire.length(&reader)
        guard length <= MarmotLimits.textBytes else { throw MLSError(.codecLimit, "text of \(length) bytes") }
        guard let text = String(validating: try Wire.bytes(&reader, count: length), as: UTF8.self) else {
            throw MLSError(.codecInvalidValue, "text is not UTF-8")
        }
        return text
    }

    private static func keys(_ reader: inout ByteReader) throws(MLSError) -> [PublicKey] {
        let length = try Wire.length(&reader)
        guard length.isMultiple(of: 32) else { throw MLSError(.codecInvalidLength, "part of an admin's key") }
        guard length / 32 <= MarmotLimits.admins else { throw MLSError(.codecLimit, "too many admins") }
        var keys: [PublicKey] = []
        for _ in 0..<(length / 32) {
            guard let key = Bytes32(try Wire.bytes(&reader, count: 32)) else { throw Wire.truncated }
            keys.append(PublicKey(key))
        }
        return keys
    }

    private static func urls(_ reader: inout ByteReader) throws(MLSError) -> [String] {
        let end = try Wire.length(&reader) + reader.offset
        var urls: [String] = []
        while reader.offset < end {
            guard urls.count < MarmotLimits.relays else { throw MLSError(.codecLimit, "too many relays") }
            let length = try Wire.length(&reader)
            guard length <= MarmotLimits.relayBytes else {
                throw MLSError(.codecLimit, "relay of \(length) bytes")
            }
            guard let url = String(validating: try Wire.bytes(&reader, count: length), as: UTF8.self) else {
                throw MLSError(.codecInvalidValue, "relay is not UTF-8")
            }
            urls.append(url)
        }
        guard reader.offset == end else { throw MLSError(.codecInvalidLength, "relay exceeds its vector") }
        return urls
    }

    private static func field(_ reader: inout ByteReader, count: Int) throws(MLSError) -> [UInt8] {
        let value = try Wire.opaque(&reader)
        guard value.isEmpty || value.count == count else {
            throw MLSError(.codecInvalidLength, "image field of \(value.count) bytes")
        }
        return value
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16(version)
        writer.writeBytes(nostrGroupID.bytes)
        writer.writeOpaque(Array(name.utf8))
        writer.writeOpaque(Array(description.utf8))
        writer.writeOpaque(admins.flatMap(\.bytes))
        writer.writeMessage { (inner) in
            for relay in relays { inner.writeOpaque(Array(relay.utf8)) }
        }
        writer.writeOpaque(image.hash)
        writer.writeOpaque(image.key)
        writer.writeOpaque(image.nonce)
        writer.writeOpaque(image.uploadKey)
        writer.writeBytes(unknown)
    }

    var asExtension: Extension { Extension(type: MarmotProtocol.groupData, data: encoded) }

    /// Reads it out of the extensions of a group's context. Tells groups of another version from broken ones.
    package init(_ extensions: [Extension]) throws(MarmotError) {
        guard let data = extensions.data(of: MarmotProtocol.groupData) else {
            let isNewer = extensions.contains { $0.type == MarmotProtocol.appDataDictionary }
            guard !isNewer else { throw MarmotError(.d, "group keeps its data in components") }
            throw MarmotError(.missingGroupData, "group without group data")
        }
        guard data.count <= MarmotLimits.groupDataBytes else {
            throw MarmotError(.invalidGroupData, "group data of \(data.count) bytes")
        }
        do {
            self = try GroupData(decoding: data)
        } catch {
            throw MarmotError(.invalidGroupData, error.context)
        }
    }
}
