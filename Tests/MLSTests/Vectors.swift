import BurrowBase
import BurrowCrypto
import BurrowMLS
import Glibc
import Testing

/// The published vectors of RFC 9420, which are kept beside the project.
enum Vectors {
    static let folder: String = {
        guard let resolved = unsafe realpath(#filePath, nil) else { return "" }
        defer { unsafe free(resolved) }
        let file = unsafe String(cString: resolved)
        return file.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
            + "/shared/vectors/mls/"
    }()

    static let exist = unsafe access(folder + "README.md", R_OK) == 0
    static let absence: Comment = "no vectors in ../shared/vectors/mls"

    struct Unreadable: Error { let path: String }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = unsafe fopen(path, "rb") else { throw Unreadable(path: path) }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    static func load(_ name: String) throws -> [Case] {
        let bytes = try read(folder + name + ".json")
        let json = try JSON.parse(bytes, limits: JSON.Limits(bytes: 8 << 20, depth: 32))
        return try #require(json.arrayValue).map { Case(try #require($0.objectValue)) }
    }

    /// Runs `body` for every case whose suite we have and says how many of which there were.
    static func forEach(
        _ name: String,
        atLeast expected: Int,
        _ body: (Case, CipherSuite) throws -> Void
    ) throws {
        var counts: [UInt16: Int] = [:]
        var skipped = 0
        for (position, entry) in try load(name).enumerated() {
            let number = UInt16(try entry.object.integer("cipher_suite"))
            guard CipherSuite.ID(rawValue: number) != nil else {
                skipped += 1
                continue
            }
            do {
                try body(entry, CipherSuite(number))
            } catch {
                Issue.record("\(name) case \(position): \(error)")
            }
            counts[number, default: 0] += 1
        }
        report(name, counts, skipped)
        #expect(counts.values.reduce(0, +) >= expected)
    }

    static func report(_ name: String, _ counts: [UInt16: Int], _ skipped: Int) {
        let parts = counts.sorted { $0.key < $1.key }.map { "\($0.value) of suite \($0.key)" }
        print("vectors \(name): \(parts.joined(separator: ", ")), \(skipped) of suites we do not have")
    }
}

/// One object of a vector file.
struct Case {
    let object: JSON.Object

    init(_ object: JSON.Object) {
        self.object = object
    }

    func bytes(_ key: String) throws -> [UInt8] {
        try Hex.decode(try object.string(key))
    }

    func optionalBytes(_ key: String) throws -> [UInt8]? {
        guard let text = try object.optionalString(key) else { return nil }
        return try Hex.decode(text)
    }

    func secret(_ key: String, _ suite: CipherSuite) throws -> Secret {
        try suite.secret(bytes(key))
    }

    func integer(_ key: String) throws -> Int {
        Int(try object.integer(key))
    }

    func list(_ key: String) throws -> [Case] {
        try object.array(key).map { Case(try #require($0.objectValue)) }
    }

    func nested(_ key: String) throws -> Case {
        Case(try object.object(key))
    }
}

extension Secret {
    var hex: String { Hex.encode(copied()) }
}
