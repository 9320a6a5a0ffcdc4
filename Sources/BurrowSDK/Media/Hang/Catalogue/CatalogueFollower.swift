package import BurrowBase
package import BurrowMoQ

/// Follows the catalogue of one broadcast through its updates.
///
/// Publishers of today may send dozens a second while their measurements settle. `offer` therefore only keeps the
/// newest; `update` reads what has come since it was last called, once, and nothing at all when the bytes are the same.
package struct CatalogueFollower {
    /// What the work was, for figures and for tests that it is little.
    package struct Counters: Equatable, Sendable {
        package var offered: UInt64 = 0
        /// Documents that were read.
        package var parsed: UInt64 = 0
        /// Documents that changed something.
        package var changed: UInt64 = 0
        /// Documents that could not be used; the catalogue before them stays.
        package var refused: UInt64 = 0

        package init(offered: UInt64 = 0, parsed: UInt64 = 0, changed: UInt64 = 0, refused: UInt64 = 0) {
            self.offered = offered
            self.parsed = parsed
            self.changed = changed
            self.refused = refused
        }
    }

    package let path: BroadcastPath
    package private(set) var catalogue: Catalogue?
    /// What was left out of the present catalogue.
    package private(set) var refusals: [CatalogueReading.Refusal] = []
    package private(set) var counters = Counters()
    /// The document read last.
    private var known: Slice?
    private var waiting: Slice?
    /// The group of the newest document.
    private var newest: UInt64?

    package init(path: BroadcastPath) {
        self.path = path
    }

    /// Whether `update` has something to look at.
    package var isWaiting: Bool { waiting != nil }

    /// Takes the document of one group of the catalogue's track. Groups that are overtaken are ignored.
    package mutating func offer(_ document: Slice, group: UInt64) {
        counters.offered &+= 1
        if let newest, group < newest { return }
        newest = group
        waiting = document
    }

    /// The publisher has started anew, so its groups count from the beginning.
    package mutating func restart() {
        newest = nil
    }

    /// What changed since the last call; `nil` when nothing did. Throws when the newest document is unusable.
    package mutating func update() throws(MediaError) -> CatalogueDiff? {
        guard let document = waiting else { return nil }
        waiting = nil
        if let known, known.hasSameBytes(as: document) { return nil }
        known = document
        counters.parsed &+= 1
        let reading: CatalogueReading
        do {
            reading = try CatalogueReading(document.span, of: path)
        } catch {
            counters.refused &+= 1
            throw error
        }
        let diff = CatalogueDiff(from: catalogue, to: reading.catalogue)
        let isFirst = catalogue == nil
        catalogue = reading.catalogue
        refusals = reading.refusals
        guard isFirst || !diff.isEmpty else { return nil }
        counters.changed &+= 1
        return diff
    }
}

extension Slice {
    /// Compares bytes, not places.
    func hasSameBytes(as other: Slice) -> Bool {
        guard count == other.count else { return false }
        let (mine, theirs) = (span, other.span)
        for index in mine.indices where mine[index] != theirs[index] { return false }
        return true
    }
}
