/// An append-only sequence of slices that any number of readers follow, each with a cursor of its own.
///
/// This is how one frame reaches many subscribers without a copy: the publisher appends, every stream keeps a
/// `Cursor`. An entry can begin with bytes that only some readers want (the timestamp in front of a frame);
/// a *bare* reader skips them.
package final class ByteLog {
    package struct Entry {
        package fileprivate(set) var slice: Slice
        /// How many bytes at the front a bare reader does not see.
        package let skip: Int
    }

    package enum End: Equatable, Sendable {
        case open
        /// Nothing more will come.
        case finished
        /// The writer gave up; readers should abandon their streams with this application code.
        case aborted(UInt64)
    }

    /// A position in a log.
    package struct Cursor: Equatable, Sendable {
        /// Absolute number of the entry.
        package var entry: Int
        /// Bytes of that entry already taken, counted from its full front.
        package var offset: Int

        package init(entry: Int = 0, offset: Int = 0) {
            self.entry = entry
            self.offset = offset
        }
    }

    private var entries: ContiguousArray<Entry> = []
    /// Absolute number of the first entry still held.
    package private(set) var firstEntry = 0
    package private(set) var end = End.open
    /// Bytes appended so far, skipped ones included.
    package private(set) var byteCount = 0

    package init() {}

    package func reserve(_ count: Int) {
        entries.reserveCapacity(count)
    }

    /// The absolute number the next appended entry will get.
    package var endEntry: Int { firstEntry + entries.count }

    package func append(_ slice: Slice, skip: Int = 0) {
        byteCount += slice.count
        entries.append(Entry(slice: slice, skip: min(skip, slice.count)))
    }

    /// Appends `slice` to the last entry when it follows in memory, otherwise as an entry of its own.
    package func extend(_ slice: Slice) {
        if let last = entries.indices.last, entries[last].slice.join(slice) {
            byteCount += slice.count
        } else {
            append(slice)
        }
    }

    package func finish() {
        if end == .open { end = .finished }
    }

    package func abort(_ code: UInt64) {
        if end == .open { end = .aborted(code) }
    }

    /// Takes the log away from readers that are not through with it, even when it was finished.
    package func revoke(_ code: UInt64) {
        if case .aborted = end { return }
        end = .aborted(code)
    }

    /// Forgets what lies before an entry. Only for logs with a single reader.
    package func discard(before entry: Int) {
        let n = min(max(entry - firstEntry, 0), entries.count)
        guard n > 0 else { return }
        entries.removeFirst(n)
        firstEntry += n
    }

    /// Makes the log empty and open again, keeping its memory.
    package func reset() {
        entries.removeAll(keepingCapacity: true)
        firstEntry = 0
        byteCount = 0
        end = .open
    }

    /// The bytes at a cursor, or `nil` when the reader has caught up. Moves the cursor over skipped bytes.
    package func next(at cursor: inout Cursor, bare: Bool) -> Slice? {
        while true {
            let index = cursor.entry - firstEntry
            guard index >= 0, index < entries.count else { return nil }
            let entry = entries[index]
            if bare && cursor.offset < entry.skip { cursor.offset = entry.skip }
            if cursor.offset < entry.slice.count { return entry.slice.dropFirst(cursor.offset) }
            // The last entry may still grow, so a reader waits at its end instead of stepping over it.
            guard index + 1 < entries.count else { return nil }
            cursor = Cursor(entry: cursor.entry + 1)
        }
    }

    /// Whether the next bytes at a cursor belong to something that begins before them, as far as entries whose front can
    /// be skipped tell: each is the beginning of a frame.
    package func continues(at cursor: Cursor, bare: Bool) -> Bool {
        var copy = cursor
        guard next(at: &copy, bare: bare) != nil else { return false }
        let entry = entries[copy.entry - firstEntry]
        return entry.skip == 0 || copy.offset > (bare ? entry.skip : 0)
    }

    /// How many bytes come after a cursor, those a bare reader skips included.
    package func remaining(at cursor: Cursor) -> Int {
        let index = cursor.entry - firstEntry
        guard index >= 0, index < entries.count else { return 0 }
        return entries[index...].reduce(-min(cursor.offset, entries[index].slice.count)) {
            $0 + $1.slice.count
        }
    }

    /// Whether a reader at this cursor has seen everything appended so far.
    package func isCaughtUp(_ cursor: Cursor, bare: Bool) -> Bool {
        var copy = cursor
        return next(at: &copy, bare: bare) == nil
    }
}
