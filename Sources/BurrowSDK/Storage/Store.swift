internal import BurrowBase
package import BurrowCrypto

/// Records in one SQLite file, their values sealed with a key of the host.
///
/// `commit` changes all records of a batch or none, and returns when they are on the disk. Whoever has the file open is
/// alone with it, until the process ends in whatever way. Keys of records are in the clear, values are not.
///
/// What was replaced or deleted is overwritten in the database at once, and leaves the journal beside it with `forget`,
/// which happens by itself now and then. One thread's at a time.
package final class Store {
    /// After so many batches the journal is emptied.
    private static let batchesPerJournal = 64
    private static let sealedText = Array("burrow".utf8)

    private let database: Database
    private let seal: RecordSeal
    private let put: Statement
    private let delete: Statement
    private let deleteFrom: Statement
    private let deleteRange: Statement
    private let find: Statement
    private let readFrom: Statement
    private let readRange: Statement
    /// Batches in the journal.
    private var waiting = 0

    /// Opens a file, makes it if there is none, and brings it to the form of `schema`.
    package init(path: String, key: Span<UInt8>, schema: Schema = .current) throws(StorageError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw StorageError(.unreachable, "the state file has no name")
        }
        seal = try RecordSeal(key: key)
        database = try Database(path: path)
        try Self.prepare(database, seal, schema)
        put = try database.prepare("INSERT OR REPLACE INTO record (key, value) VALUES (?1, ?2)")
        delete = try database.prepare("DELETE FROM record WHERE key = ?1")
        deleteFrom = try database.prepare("DELETE FROM record WHERE key >= ?1")
        deleteRange = try database.prepare("DELETE FROM record WHERE key >= ?1 AND key < ?2")
        find = try database.prepare("SELECT value FROM record WHERE key = ?1")
        readFrom = try database.prepare("SELECT key, value FROM record WHERE key >= ?1 ORDER BY key")
        readRange = try database.prepare(
            "SELECT key, value FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key"
        )
        forget()
    }

    deinit {
        forget()
    }

    // MARK: Opening

    /// Nothing is written before the file is known to be new or ours, and the key to be right.
    private static func prepare(
        _ database: Database,
        _ seal: RecordSeal,
        _ schema: Schema
    ) throws(StorageError) {
        // The first access takes the file, and nobody else gets in before it is closed.
        try database.run("PRAGMA locking_mode = EXCLUSIVE")
        let application = try database.number("PRAGMA application_id")
        let version = try database.number("PRAGMA user_version")
        let tables = try database.number("SELECT count(*) FROM sqlite_schema")
        let isNew = application == 0 && version == 0 && tables == 0
        guard isNew || application == Int64(Schema.application) else {
            throw StorageError(.foreign, "the file belongs to another program")
        }
        guard version <= schema.steps.count else {
            throw StorageError(
                .tooNew,
                "the state file has version \(version); this library knows \(schema.steps.count)"
            )
        }
        if !isNew {
            guard version > 0, try database.text("PRAGMA quick_check(1)") == "ok" else {
                throw StorageError(.damaged, "the state file is damaged")
            }
            try requireKey(database, seal)
        }
        guard try database.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw StorageError(.unreachable, "the state file cannot have a journal")
        }
        // The journal is on the disk when a commit returns; it is emptied by us.
        try database.run("PRAGMA synchronous = FULL")
        try database.run("PRAGMA wal_autocheckpoint = 0")
        try database.run("PRAGMA secure_delete = ON")
        try database.run("PRAGMA temp_store = MEMORY")
        try database.transaction { () throws(StorageError) in
            for step in schema.steps.dropFirst(Int(clamping: version)) { try database.run(step) }
            if isNew { try writeSeal(database, seal) }
            try database.run("PRAGMA application_id = \(Schema.application)")
            try database.run("PRAGMA user_version = \(schema.steps.count)")
        }
    }

    private static func writeSeal(_ database: Database, _ seal: RecordSeal) throws(StorageError) {
        let statement = try database.prepare("INSERT INTO file (seal) VALUES (?1)")
        try statement.run(try seal.seal(sealedText, for: []))
    }

    private static func requireKey(_ database: Database, _ seal: RecordSeal) throws(StorageError) {
        let statement = try database.prepare("SELECT seal FROM file")
        guard try statement.step() else { throw StorageError(.damaged, "the state file is damaged") }
        guard try seal.open(statement.blob(0), for: []) == sealedText else {
            throw StorageError(.wrongKey, "the key does not open the state file")
        }
    }

    // MARK: Reading

    /// The value of a record. The caller erases it if it is secret.
    package func value(_ key: [UInt8]) throws(StorageError) -> [UInt8]? {
        let sealed = try find.with([key]) { () throws(StorageError) in
            try find.step() ? find.blob(0) : nil
        }
        guard let sealed else { return nil }
        return try open(sealed, key)
    }

    /// All records whose key begins with `prefix`, in the order of keys.
    package func records(prefix: [UInt8]) throws(StorageError) -> [Record] {
        let end = Self.end(prefix)
        let statement = end == nil ? readFrom : readRange
        return try statement.with([prefix] + (end.map { [$0] } ?? [])) { () throws(StorageError) in
            var records: [Record] = []
            while try statement.step() {
                let key = statement.blob(0)
                records.append(Record(key: key, value: try open(statement.blob(1), key)))
            }
            return records
        }
    }

    private func open(_ sealed: [UInt8], _ key: [UInt8]) throws(StorageError) -> [UInt8] {
        guard let value = try seal.open(sealed, for: key) else {
            throw StorageError(.damaged, "a record of the state file is not authentic")
        }
        return value
    }

    // MARK: Writing

    /// Stores a batch. When this returns it survives everything; when it throws nothing has changed.
    package func commit(_ batch: RecordBatch) throws(StorageError) {
        guard !batch.isEmpty else { return }
        try database.transaction { () throws(StorageError) in
            for change in batch.changes { try apply(change) }
        }
        waiting += 1
        if waiting >= Self.batchesPerJournal { forget() }
    }

    private func apply(_ change: RecordBatch.Change) throws(StorageError) {
        switch change {
        case .put(let key, let value): try put.run(key, try seal.seal(value.bytes, for: key))
        case .delete(let key): try delete.run(key)
        case .deleteAll(let prefix):
            if let end = Self.end(prefix) {
                try deleteRange.run(prefix, end)
            } else {
                try deleteFrom.run(prefix)
            }
        }
    }

    /// The first key after all that begin with `prefix`, `nil` if there is none.
    private static func end(_ prefix: [UInt8]) -> [UInt8]? {
        var end = prefix
        while let last = end.popLast() {
            if last < 0xff { return end + [last + 1] }
        }
        return nil
    }

    /// From here on the database is full at so many pages of 4 KiB.
    package func limit(pages: Int) throws(StorageError) {
        try database.run("PRAGMA max_page_count = \(pages)")
    }

    /// Empties the journal, so that what was replaced or deleted is in no file any more. If there is no room for that, it
    /// stays owed.
    package func forget() {
        guard (try? database.run("PRAGMA wal_checkpoint(TRUNCATE)")) != nil else { return }
        waiting = 0
    }
}
