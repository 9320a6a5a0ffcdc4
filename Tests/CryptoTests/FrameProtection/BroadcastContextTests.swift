import BurrowBase
import BurrowCrypto
import Testing

@Suite struct BroadcastContextTests {
    /// Written out by hand from the definition.
    @Test func contextIsTwoVectorsAndTheInstance() throws {
        let instance = Array(UInt8(0)..<16)
        let path = [UInt8](repeating: 0x70, count: 100)
        let context = try BroadcastContext(callID: [1, 2, 3], path: path, instance: instance)
        #expect(context.encoded == [3, 1, 2, 3] + [0x40, 100] + path + instance)
        let empty = try BroadcastContext(callID: [], path: [], instance: instance)
        #expect(empty.encoded == [0, 0] + instance)
    }

    /// HKDF-Expand(HKDF-Extract("burrow", secret), label ‖ context, 16), here with HMAC alone.
    @Test func hostSecretsGiveBaseKeys() throws {
        let context = try BroadcastContext(callID: [9], path: [8], instance: [UInt8](repeating: 7, count: 16))
        let secret = Array("a secret of the host".utf8)
        let key = try context.baseKey(from: secret.span, suite: .aes128GCM).array
        let extracted = try HashFunction.sha256.authenticate(secret, key: Array("burrow".utf8))
        let info = Array("SFrame 1.0 Base Key".utf8) + context.encoded + [1]
        let expanded = try HashFunction.sha256.authenticate(info, key: extracted)
        #expect(key == Array(expanded.prefix(16)))
    }

    @Test func everythingCountsInTheContext() throws {
        let secret = [UInt8](repeating: 1, count: 32)
        var keys: Set<[UInt8]> = []
        for (call, path, fill) in [
            ([1], [2], 3), ([1, 2], [], 3), ([], [1, 2], 3), ([1], [2], 4), ([2], [1], 3),
        ]
            as [([UInt8], [UInt8], UInt8)]
        {
            let instance = [UInt8](repeating: fill, count: 16)
            let context = try BroadcastContext(callID: call, path: path, instance: instance)
            keys.insert(try context.baseKey(from: secret.span, suite: .aes128GCM).array)
        }
        #expect(keys.count == 5)
    }

    @Test func wrongLengthsAreErrors() throws {
        let instance = [UInt8](repeating: 0, count: 16)
        let long = [UInt8](repeating: 0, count: 16 * 1024 + 1)
        for (call, path, own) in [(long, [], instance), ([], long, instance), ([], [], [1]), ([], [], long)]
            as [([UInt8], [UInt8], [UInt8])]
        {
            let error = #expect(throws: CryptoError.self) {
                try BroadcastContext(callID: call, path: path, instance: own)
            }
            #expect(error?.code == .invalidLength)
        }
        let context = try BroadcastContext(callID: [], path: [], instance: instance)
        let none: [UInt8] = []
        #expect(throws: CryptoError.self) {
            _ = try context.baseKey(from: none.span, suite: .aes128GCM).array
        }
    }
}
