import BurrowBase
import BurrowMLS
import BurrowMarmot
import BurrowNostr
import Glibc
import Testing

/// What was captured of a group of MDK 0.8, which is kept beside the project and not in it.
enum Capture {
    static let path: String = {
        guard let resolved = unsafe realpath(#filePath, nil) else { return "" }
        defer { unsafe free(resolved) }
        let file = unsafe String(cString: resolved)
        return file.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
            + "/shared/vectors/nostr/marmot-mdk-0.8.0.json"
    }()

    static let exists = unsafe access(path, R_OK) == 0
    static let absence: Comment = "no capture in ../shared/vectors/nostr"

    struct Unreadable: Error {}

    static func load() throws -> JSON {
        guard let file = unsafe fopen(path, "r") else { throw Unreadable() }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return try JSON.parse(bytes, limits: JSON.Limits(bytes: 8 << 20, depth: 32, allowsNUL: true))
    }
}

extension JSON {
    subscript(key: String) -> JSON? { objectValue?[key] }

    func get(_ key: String) throws -> JSON { try #require(self[key]) }
    func text(_ key: String) throws -> String { try #require(self[key]?.stringValue) }
    func number(_ key: String) throws -> Int64 {
        try #require(self[key]?.integerValue.flatMap { Int64(exactly: $0) })
    }
    func bytes(_ key: String) throws -> [UInt8] { try Hex.decode(try text(key)) }
}

extension Instant {
    static func seconds(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }
}
