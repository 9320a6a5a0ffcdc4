import BurrowBase

/// Paths whose latest state a peer has not been told yet, each once, in the order of their latest changes.
///
/// However often a path comes and goes, it takes one place here, so a peer that reads slowly costs no more memory than
/// there are paths.
package struct ChangedPaths {
    /// Behind a path that changed again stands a newer stamp in `latest`; such places are skipped.
    private var order = FIFO<(path: BroadcastPath, stamp: UInt64)>()
    private var latest: [BroadcastPath: UInt64] = [:]
    private var stamp: UInt64 = 0
    /// So many outdated places are no reason to tidy up.
    private static let slack = 64

    package var count: Int { latest.count }
    package var isEmpty: Bool { latest.isEmpty }

    /// How many places there are, outdated ones included.
    package var places: Int { order.count }

    package init() {}

    /// The path changed: it goes to the end.
    package mutating func add(_ path: BroadcastPath) {
        stamp += 1
        latest[path] = stamp
        order.append((path, stamp))
        guard order.count > 2 * latest.count + Self.slack else { return }
        for _ in 0..<order.count {
            if let place = order.popFirst(), latest[place.path] == place.stamp { order.append(place) }
        }
    }

    /// There is nothing to tell about the path any more.
    package mutating func remove(_ path: BroadcastPath) {
        latest[path] = nil
    }

    package mutating func popFirst() -> BroadcastPath? {
        while let place = order.popFirst() {
            guard latest[place.path] == place.stamp else { continue }
            latest[place.path] = nil
            return place.path
        }
        return nil
    }
}
