internal import CSQLite

/// A prepared statement. One thread's at a time, as its database is.
@safe final class Statement {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) {
        unsafe self.handle = handle
    }

    deinit {
        unsafe sqlite3_finalize(handle)
    }

    /// Binds blobs to the parameters from the first one, and lends the statement for its rows. Afterwards nothing is bound.
    func with<Result>(
        _ blobs: [[UInt8]],
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        defer {
            unsafe sqlite3_reset(handle)
            unsafe sqlite3_clear_bindings(handle)
        }
        for (index, blob) in blobs.enumerated() { try bind(blob, Int32(truncatingIfNeeded: index + 1)) }
        return try body()
    }

    /// The same for a statement that gives no rows.
    func run(_ blobs: [UInt8]...) throws(StorageError) {
        _ = try with(blobs) { () throws(StorageError) in try step() }
    }

    private func bind(_ blob: [UInt8], _ index: Int32) throws(StorageError) {
        // A copy of SQLite's own, because the array's memory is only lent.
        let status = unsafe blob.withUnsafeBytes { (blob) in
            guard let start = blob.baseAddress else { return unsafe sqlite3_bind_zeroblob(handle, index, 0) }
            let copies = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            return unsafe sqlite3_bind_blob64(handle, index, start, UInt64(blob.count), copies)
        }
        guard status == SQLITE_OK else { throw Database.error(status, "a value for the state file") }
    }

    /// Whether there is a row.
    func step() throws(StorageError) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let status: throw Database.error(status, "the state file")
        }
    }

    func number(_ column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(handle, column)
    }

    func blob(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}
