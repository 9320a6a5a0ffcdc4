internal import CBurrowShims
internal import CSQLite

/// A connection to one SQLite file. One thread's at a time.
@safe final class Database {
    private let handle: OpaquePointer

    /// Opens a file, which is made for its owner alone if it does not exist.
    init(path: String) throws(StorageError) {
        // Names that mean something to SQLite are files like others.
        let path = path.hasPrefix("/") ? path : "./" + path
        let made = unsafe path.withCString { unsafe cburrow_private_file($0) }
        guard made == 0 else { throw StorageError(.unreachable, "state file: \(Self.sentence(made))") }
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let status = unsafe path.withCString { unsafe sqlite3_open_v2($0, &opened, flags, nil) }
        guard status == SQLITE_OK, let handle = unsafe opened else {
            unsafe sqlite3_close_v2(opened)
            throw Self.error(status, "opening the state file")
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe sqlite3_close_v2(handle)
    }

    /// Runs statements that give nothing.
    func run(_ text: String) throws(StorageError) {
        let status = unsafe text.withCString { unsafe sqlite3_exec(handle, $0, nil, nil, nil) }
        guard status == SQLITE_OK else { throw Self.error(status, "a change of the state file") }
    }

    func prepare(_ text: String) throws(StorageError) -> Statement {
        var prepared: OpaquePointer?
        let persistent = UInt32(SQLITE_PREPARE_PERSISTENT)
        let status = unsafe text.withCString {
            unsafe sqlite3_prepare_v3(handle, $0, -1, persistent, &prepared, nil)
        }
        guard status == SQLITE_OK, let statement = unsafe prepared else {
            throw Self.error(status, "reading the state file")
        }
        return unsafe Statement(statement)
    }

    /// The first column of the first row.
    func number(_ text: String) throws(StorageError) -> Int64 {
        let statement = try prepare(text)
        guard try statement.step() else { throw StorageError(.damaged, "the state file gives no answer") }
        return statement.number(0)
    }

    func text(_ text: String) throws(StorageError) -> String {
        let statement = try prepare(text)
        guard try statement.step() else { throw StorageError(.damaged, "the state file gives no answer") }
        return String(decoding: statement.blob(0), as: UTF8.self)
    }

    /// Whether a transaction is open.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// Runs `body` as a whole or not at all.
    func transaction(_ body: () throws(StorageError) -> Void) throws(StorageError) {
        try run("BEGIN IMMEDIATE")
        do throws(StorageError) {
            try body()
            try run("COMMIT")
        } catch {
            // Some failures have done this already.
            if isInTransaction { try? run("ROLLBACK") }
            throw error
        }
    }

    private static func sentence(_ code: Int32) -> String {
        let sentence = unsafe String(cString: cburrow_errno_text(code))
        return sentence.prefix(1).lowercased() + sentence.dropFirst()
    }

    static func error(_ status: Int32, _ what: String) -> StorageError {
        let reason = unsafe sqlite3_errstr(status).map { unsafe String(cString: $0) } ?? "error \(status)"
        let code: StorageError.Code =
            switch status & 0xff {
            case SQLITE_BUSY, SQLITE_LOCKED: .inUse
            case SQLITE_NOTADB: .foreign
            case SQLITE_CORRUPT, SQLITE_FORMAT, SQLITE_MISMATCH: .damaged
            case SQLITE_FULL: .full
            case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH: .unreachable
            default: .failed
            }
        if code == .inUse { return StorageError(.inUse, "the state file is in use by somebody else") }
        if code == .foreign { return StorageError(.foreign, "the file is no state file") }
        return StorageError(code, "\(what): \(reason)")
    }
}
