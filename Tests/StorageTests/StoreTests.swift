import BurrowBase
import BurrowCrypto
import BurrowStorage
import Glibc
import Testing

/// What two stores agree on.
let key = [UInt8](1...32)

func open(_ path: String, key: [UInt8] = key, schema: Schema = .current) throws(StorageError) -> Store {
    try Store(path: path, key: key.span, schema: schema)
}

func expect(_ code: StorageError.Code, _ body: () throws -> Void) {
    #expect { try body() } throws: { ($0 as? StorageError)?.code == code }
}

extension Store {
    func change(_ fill: (inout RecordBatch) -> Void) throws(StorageError) {
        var batch = RecordBatch()
        fill(&batch)
        try commit(batch)
    }
}

@Suite struct StoreTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.file("state") }

    @Test func recordsSurviveClosing() throws {
        do {
            let store = try open(path)
            try store.change {
                $0.put([1, 1], [11])
                $0.put([1, 2], [])
                $0.put([1, 0xff, 3], [13])
                $0.put([2], [2])
                $0.put([0xff, 0xff], [255])
            }
            try store.change {
                $0.put([1, 1], [12])
                $0.delete([2])
                $0.delete([3])
            }
        }
        let store = try open(path)
        #expect(try store.value([1, 1]) == [12])
        #expect(try store.value([1, 2]) == [])
        #expect(try store.value([2]) == nil)
        #expect(try store.records(prefix: [1]).map(\.key) == [[1, 1], [1, 2], [1, 0xff, 3]])
        #expect(try store.records(prefix: []).count == 4)
        #expect(try store.records(prefix: [0xff]).map(\.value) == [[255]])
        try store.change { $0.deleteAll(prefix: [1, 0xff]) }
        #expect(try store.records(prefix: [1]).count == 2)
        try store.change { $0.deleteAll(prefix: []) }
        #expect(try store.records(prefix: []).isEmpty)
    }

    @Test func onlyTheOwnerMayReadTheFile() throws {
        let store = try open(path)
        try store.change { $0.put([1], [1]) }
        for name in TemporaryFolder.names(in: folder.path) {
            var status = stat()
            unsafe #expect(stat(folder.file(name), &status) == 0)
            #expect(status.st_mode & 0o077 == 0, "\(name)")
        }
    }

    @Test func secondOpeningIsRefused() throws {
        do {
            let store = try open(path)
            expect(.inUse) { _ = try open(path) }
            // And the refusal has not let go of the file.
            expect(.inUse) { _ = try open(path) }
            try store.change { $0.put([1], [1]) }
        }
        #expect(try open(path).value([1]) == [1])
    }

    @Test func wrongKeyIsTold() throws {
        do { _ = try open(path) }
        let before = TemporaryFolder.read(path)
        expect(.wrongKey) { _ = try open(path, key: [UInt8](repeating: 9, count: 32)) }
        expect(.wrongKey) { _ = try open(path, key: [1, 2, 3]) }
        #expect(TemporaryFolder.read(path) == before)
        _ = try open(path)
    }

    @Test func otherFilesAreLeftAlone() throws {
        let text =
            Array("no database, and longer than the header of one would be: ".utf8)
            + [UInt8](repeating: 7, count: 99)
        TemporaryFolder.write(text, to: path)
        expect(.foreign) { _ = try open(path) }
        #expect(TemporaryFolder.read(path) == text)
        expect(.unreachable) { _ = try open(folder.path) }
        expect(.unreachable) { _ = try open(folder.file("nowhere/state")) }
        expect(.unreachable) { _ = try open("") }
    }

    @Test func emptyFileBecomesOurs() throws {
        TemporaryFolder.write([], to: path)
        do { try open(path).change { $0.put([1], [1]) } }
        #expect(try open(path).value([1]) == [1])
    }

    @Test func damageIsToldAndNothingElse() throws {
        do {
            let store = try open(path)
            try store.change { (batch) in
                for number in 0..<200 as Range<UInt8> {
                    batch.put([number], [UInt8](repeating: number, count: 300))
                }
            }
        }
        let sound = TemporaryFolder.read(path)
        var refused = 0
        for position in stride(from: 17, to: sound.count, by: max(sound.count / 61, 1)) {
            var bytes = sound
            bytes[position] ^= 0x5a
            TemporaryFolder.write(bytes, to: path)
            do throws(StorageError) {
                let store = try open(path)
                // What opens is whole.
                let records = try store.records(prefix: [])
                #expect(records.allSatisfy { $0.value == [UInt8](repeating: $0.key[0], count: 300) })
            } catch {
                refused += 1
                #expect([.damaged, .foreign, .tooNew, .wrongKey, .failed].contains(error.code), "\(error)")
            }
            unsafe unlink(path + "-wal")
        }
        #expect(refused > 20)
        TemporaryFolder.write(Array(sound.prefix(sound.count / 2)), to: path)
        expect(.damaged) { _ = try open(path) }
    }

    @Test func laterVersionsAreRefusedAndEarlierOnesBroughtUp() throws {
        let later = Schema(
            steps: Schema.current.steps + [
                "CREATE TABLE later (a); UPDATE record SET key = CAST(x'02' || key AS BLOB);"
            ]
        )
        do { try open(path).change { $0.put([7], [7]) } }
        // The value is bound to its key, so this migration of a test breaks it; the step itself has to be all or nothing.
        let broken = Schema(steps: Schema.current.steps + ["CREATE TABLE half (a); nonsense;"])
        expect(.failed) { _ = try open(path, schema: broken) }
        #expect(try open(path).value([7]) == [7])
        do {
            let store = try open(path, schema: later)
            expect(.damaged) { _ = try store.value([2, 7]) }
            #expect(try store.value([7]) == nil)
        }
        expect(.tooNew) { _ = try open(path) }
        _ = try open(path, schema: later)
    }

    @Test func whatWasDeletedIsInNoFile() throws {
        let store = try open(path)
        try store.change { (batch) in
            for number in 0..<40 as Range<UInt8> {
                batch.put([1, number], [UInt8](repeating: number, count: 200))
            }
        }
        store.forget()
        let before = TemporaryFolder.read(path)
        let key = Array("needle".utf8)
        try store.change { $0.put(key, [UInt8](repeating: 9, count: 500)) }
        #expect(contains(key))
        try store.change { $0.delete(key) }
        store.forget()
        #expect(!contains(key))
        #expect(TemporaryFolder.read(path + "-wal").isEmpty)
        #expect(!before.isEmpty)
    }

    /// Not even sealed: who has the key later finds nothing of a value that was replaced or deleted.
    @Test(arguments: [300, 30_000]) func whatWasReplacedIsInNoFile(_ size: Int) throws {
        let store = try open(path)
        let needle = Array("the name of a record".utf8)
        for deletes in [false, true] {
            try store.change { $0.put(needle, [UInt8](repeating: 9, count: size)) }
            store.forget()
            let pieces = sealed(needle, in: TemporaryFolder.read(path))
            #expect(pieces.count >= size / 4096 + 1)
            try store.change { if deletes { $0.delete(needle) } else { $0.put(needle, [7]) } }
            store.forget()
            for piece in pieces { #expect(!contains(piece)) }
        }
    }

    /// Parts of the ciphertext behind a record's name, and of the pages where it goes on.
    private func sealed(_ name: [UInt8], in file: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: file.count, by: 4096).compactMap { (start) in
            let page = Array(file[start..<min(start + 4096, file.count)])
            if let place = page.firstRange(of: name)?.upperBound {
                return Array(page[(place + 64)..<min(place + 96, page.count)])
            }
            let piece = Array(page[min(2000, page.count)..<min(2032, page.count)])
            return Set(piece).count > 16 ? piece : nil
        }
    }

    @Test func valuesDoNotStayInMemory() throws {
        let memory = try #require(OwnMemory())
        var store: Store? = try open(path)
        func put() throws {
            try store?.change { $0.put([1], memory.secret(times: 50)) }
        }
        let held = memory.secret(times: 1)
        #expect(memory.occurrences == 1)
        try put()
        #expect(memory.occurrences == 1)
        do {
            let records = try #require(store).records(prefix: [1])
            #expect(records.first?.value.count == 3200)
            #expect(memory.occurrences >= 50)
        }
        #expect(memory.occurrences == 1)
        store = nil
        #expect(memory.occurrences == 1)
        #expect(held.count == 64)
    }

    private func contains(_ text: [UInt8]) -> Bool {
        TemporaryFolder.names(in: folder.path).contains {
            TemporaryFolder.read(folder.file($0)).firstRange(of: text) != nil
        }
    }

    @Test func fullDiskLosesNothing() throws {
        let store = try open(path)
        try store.change { $0.put([1], [1]) }
        try store.limit(pages: 40)
        let big = [UInt8](repeating: 1, count: 100_000)
        var stored = 0
        expect(.full) {
            for number in 0..<100 as Range<UInt8> {
                try store.change {
                    $0.put([1], [number])
                    $0.put([2, number], big)
                }
                stored = Int(number)
            }
        }
        #expect(stored == 0)
        #expect(try store.value([1]) == [UInt8(stored)])
        #expect(try store.records(prefix: [2]).count == stored + 1)
        try store.change { $0.put([1], [77]) }
        #expect(try store.value([1]) == [77])
    }
}
