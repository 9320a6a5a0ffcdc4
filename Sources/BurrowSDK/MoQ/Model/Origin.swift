import BurrowBase

/// Who can be heard: every broadcast by its path, with the newest source in front.
///
/// A relay has one origin that all its sessions write to and read from. A room has two: what the host publishes and
/// what the relay announces.
package final class Origin {
    /// All sources of one path, oldest first; the last is the one that is announced.
    private var sources: [BroadcastPath: [Broadcast]] = [:]
    private var watchers: [any OriginWatcher] = []

    package init() {}

    /// The announced broadcast at a path.
    package func broadcast(_ path: BroadcastPath) -> Broadcast? { sources[path]?.last }

    /// The newest source of a path that satisfies a condition: a session is never served its own broadcast.
    package func broadcast(_ path: BroadcastPath, where accept: (Broadcast) -> Bool) -> Broadcast? {
        sources[path]?.last(where: accept)
    }

    /// The newest acceptable source of every path at or below `prefix`, in the order of the paths.
    package func broadcasts(under prefix: BroadcastPath, where accept: (Broadcast) -> Bool) -> [Broadcast] {
        var found: [Broadcast] = []
        for (path, candidates) in sources where path.hasPrefix(prefix) {
            if let newest = candidates.last(where: accept) { found.append(newest) }
        }
        return found.sorted { $0.path.description < $1.path.description }
    }

    package var count: Int { sources.count }

    /// Announces a broadcast. The newest source of a path wins.
    package func add(_ broadcast: Broadcast) {
        sources[broadcast.path, default: []].append(broadcast)
        for watcher in watchers { watcher.originChanged(broadcast.path) }
    }

    /// Takes a source away; an older one at the same path is announced again.
    package func remove(_ broadcast: Broadcast) {
        guard var list = sources[broadcast.path], let index = list.firstIndex(where: { $0 === broadcast })
        else {
            return
        }
        list.remove(at: index)
        sources[broadcast.path] = list.isEmpty ? nil : list
        for watcher in watchers { watcher.originChanged(broadcast.path) }
    }

    package func watch(_ watcher: some OriginWatcher) {
        watchers.append(watcher)
    }

    package func unwatch(_ watcher: some OriginWatcher) {
        watchers.removeAll { $0 === watcher }
    }
}

/// Someone who keeps track of an origin's paths.
package protocol OriginWatcher: AnyObject {
    /// The sources of a path changed. The watcher compares with what it knew.
    func originChanged(_ path: BroadcastPath)
}
