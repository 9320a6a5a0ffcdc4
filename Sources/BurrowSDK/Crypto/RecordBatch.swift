/// Changes to stored records that belong together: all of them are stored, or none.
///
/// What keeps state without input and output says with this what has to be stored before anything of it may be told to
/// others. Values may have secrets in them; whoever stores a batch seals them.
package struct RecordBatch {
    package enum Change: Equatable {
        case put(key: [UInt8], value: RecordValue)
        case delete(key: [UInt8])
        /// All records whose key begins so.
        case deleteAll(prefix: [UInt8])
    }

    /// In the order in which they apply.
    package private(set) var changes: [Change] = []

    package init() {}

    package var isEmpty: Bool { changes.isEmpty }

    package mutating func put(_ key: [UInt8], _ value: consuming [UInt8]) {
        put(key, RecordValue(value))
    }

    package mutating func put(_ key: [UInt8], _ value: RecordValue) {
        changes.append(.put(key: key, value: value))
    }

    package mutating func delete(_ key: [UInt8]) {
        changes.append(.delete(key: key))
    }

    package mutating func deleteAll(prefix: [UInt8]) {
        changes.append(.deleteAll(prefix: prefix))
    }

    package mutating func append(_ other: RecordBatch) {
        changes += other.changes
    }
}

/// A stored record.
package struct Record: Equatable {
    package let key: [UInt8]
    package let stored: RecordValue

    package init(key: [UInt8], value: consuming [UInt8]) {
        self.init(key: key, stored: RecordValue(value))
    }

    package init(key: [UInt8], stored: RecordValue) {
        self.key = key
        self.stored = stored
    }

    package var value: [UInt8] { stored.bytes }
}
