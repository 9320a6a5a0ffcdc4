import BurrowBase
import BurrowCrypto
import Glibc

/// The vectors of RFC 9605 appendix C, when they are beside the project.
enum PublishedFrames {
    struct Header: Sendable {
        let keyID: UInt64
        let counter: UInt64
        let encoded: String
    }

    struct CounterMode: Sendable {
        let suite: UInt16
        let key: String
        let nonce: String
        let additional: String
        let plaintext: String
        let ciphertext: String
    }

    struct Frame: Sendable {
        let suite: UInt16
        let keyID: UInt64
        let counter: UInt64
        let baseKey: String
        let metadata: String
        let plaintext: String
        let ciphertext: String
    }

    static let absence = "../shared/vectors/sframe/rfc9605.json is not there"
    static let isThere = text != nil
    static let headers = list("header").map {
        Header(keyID: number($0, "kid"), counter: number($0, "ctr"), encoded: string($0, "encoded"))
    }
    static let counterModes = list("aes_ctr_hmac").map {
        CounterMode(
            suite: UInt16(clamping: number($0, "cipher_suite")),
            key: string($0, "key"),
            nonce: string($0, "nonce"),
            additional: string($0, "aad"),
            plaintext: string($0, "pt"),
            ciphertext: string($0, "ct")
        )
    }
    static let frames = list("sframe").map {
        Frame(
            suite: UInt16(clamping: number($0, "cipher_suite")),
            keyID: number($0, "kid"),
            counter: number($0, "ctr"),
            baseKey: string($0, "base_key"),
            metadata: string($0, "metadata"),
            plaintext: string($0, "pt"),
            ciphertext: string($0, "ct")
        )
    }

    private static let text = read()

    private static func list(_ name: String) -> [JSON.Object] {
        guard let text, let json = try? JSON.parse(quoted(text)),
            let list = json.objectValue?[name]?.arrayValue
        else { return [] }
        return list.compactMap(\.objectValue)
    }

    private static func string(_ object: JSON.Object, _ name: String) -> String {
        object[name]?.stringValue ?? ""
    }

    private static func number(_ object: JSON.Object, _ name: String) -> UInt64 {
        UInt64(string(object, name)) ?? .max
    }

    /// The text with its numbers as strings: some are beyond what JSON readers take for integers.
    private static func quoted(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var isString = false
        var isNumber = false
        for byte in text {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if !isString, isDigit != isNumber {
                result.append(UInt8(ascii: "\""))
                isNumber = isDigit
            }
            if byte == UInt8(ascii: "\"") { isString.toggle() }
            result.append(byte)
        }
        return result
    }

    private static func read() -> [UInt8]? {
        guard let own = unsafe realpath(#filePath, nil) else { return nil }
        defer { unsafe free(own) }
        let parts = unsafe String(cString: own).split(separator: "/").dropLast(4)
        let path = "/" + parts.dropLast().joined(separator: "/") + "/shared/vectors/sframe/rfc9605.json"
        guard let file = unsafe fopen(path, "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
        }
    }
}
