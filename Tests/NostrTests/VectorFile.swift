import BurrowBase
import Glibc
import Testing

/// Published test vectors, which are kept beside the project and not in it.
enum VectorFile {
    static let folder: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/../shared/vectors/nostr/"
    }()

    static let areThere = unsafe access(folder + "nip44.vectors.json", R_OK) == 0
    static let absence: Comment = "the published vectors are not beside the project"

    struct Unreadable: Error {}

    static func bytes(_ name: String) throws -> [UInt8] {
        guard let file = unsafe fopen(folder + name, "r") else { throw Unreadable() }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    static func json(_ name: String) throws -> JSON {
        try JSON.parse(try bytes(name), limits: JSON.Limits(allowsNUL: true))
    }

    /// The elements of a list inside a file, without any where there is no file: its tests are skipped then.
    static func list(_ name: String, _ path: String...) -> [JSON] {
        guard var value = try? json(name) else { return [] }
        for key in path {
            guard let next = value[key] else { return [] }
            value = next
        }
        return value.arrayValue ?? []
    }
}

extension JSON {
    subscript(key: String) -> JSON? { objectValue?[key] }

    func text(_ key: String) throws -> String { try #require(self[key]?.stringValue) }

    func integer(_ key: String) throws -> Int {
        try #require(self[key]?.integerValue.flatMap { Int(exactly: $0) })
    }

    func bytes(_ key: String) throws -> [UInt8] { try Hex.decode(try text(key)) }

    /// The value as a text of its own.
    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}
