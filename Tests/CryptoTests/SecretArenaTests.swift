import BurrowCrypto
import Testing

@Suite struct SecretArenaTests {
    @Test func secretsTakeSlotsAndGiveThemBack() throws {
        let arena = SecretArena()
        do {
            let first = try SecretBytes(copying: [1, 2, 3], in: arena)
            let second = try SecretBytes.random(count: 64, in: arena)
            let taken = arena.secretCount
            #expect(taken == 2)
            let bytes = first.array
            #expect(bytes == [1, 2, 3])
            let count = second.count
            #expect(count == 64)
        }
        #expect(arena.secretCount == 0)
    }

    @Test func longSecretsHavePagesOfTheirOwn() throws {
        let arena = SecretArena()
        let long = try SecretBytes.random(count: SecretArena.slotByteCount + 1, in: arena)
        let count = long.count
        #expect(count == 65)
        #expect(arena.secretCount == 0)
    }

    @Test func slotsAreZeroWhenTheyAreTakenAgain() throws {
        let arena = SecretArena()
        do {
            let secret = try SecretBytes(copying: [UInt8](repeating: 0xaa, count: 64), in: arena)
            let taken = arena.secretCount
            #expect(taken == 1)
            _ = secret.count
        }
        // Fills nothing, so what is there is what the arena left.
        let next = try unsafe SecretBytes(count: 64, in: arena) { _ in }
        let bytes = next.array
        #expect(bytes == [UInt8](repeating: 0, count: 64))
    }

    @Test func manySecretsKeepTheirValues() throws {
        let arena = SecretArena()
        var secrets: [Secret] = []
        for index in 0..<5000 {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 1 + index % 64)
            secrets.append(Secret(try SecretBytes(copying: bytes, in: arena)))
        }
        #expect(arena.secretCount == 5000)
        for (index, secret) in secrets.enumerated() {
            let expected = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 1 + index % 64)
            #expect(secret.withBytes { [UInt8](copying: $0) } == expected)
        }
        secrets.removeAll()
        #expect(arena.secretCount == 0)
    }

    @Test func secretsOutliveTheNameOfTheirArena() throws {
        var arena: SecretArena? = SecretArena()
        let secret = try SecretBytes(copying: [9, 8, 7], in: arena)
        arena = nil
        let bytes = secret.array
        #expect(bytes == [9, 8, 7])
    }
}

extension SecretBytes {
    init(copying bytes: [UInt8], in arena: SecretArena?) throws(CryptoError) {
        try self.init(copying: bytes.span, in: arena)
    }
}
