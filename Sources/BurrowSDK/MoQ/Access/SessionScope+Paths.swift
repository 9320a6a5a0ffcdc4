extension SessionScope {
    /// What this scope of a token leaves to a session that connects at `path`, or `nil` when that is nothing.
    ///
    /// Paths are compared segment by segment. A session deeper than the root keeps the grants that reach it, a
    /// session above the root sees them with the way down in front, any other gets nothing.
    func entered(at path: BroadcastPath) throws(AccessError) -> SessionScope? {
        let publish: [BroadcastPath]
        let subscribe: [BroadcastPath]
        if let suffix = path.removingPrefix(root) {
            publish = self.publish.compactMap { Self.remainder(of: $0, below: suffix) }
            subscribe = self.subscribe.compactMap { Self.remainder(of: $0, below: suffix) }
        } else if let remainder = root.removingPrefix(path) {
            publish = try Self.paths(self.publish, under: remainder)
            subscribe = try Self.paths(self.subscribe, under: remainder)
        } else {
            return nil
        }
        let scope = SessionScope(root: path, publish: publish, subscribe: subscribe)
        return scope.grantsNothing ? nil : scope
    }

    /// Whether everything that `other` grants is granted here, too.
    func covers(_ other: SessionScope) throws(AccessError) -> Bool {
        let ours = (try Self.paths(publish, under: root), try Self.paths(subscribe, under: root))
        let theirs = (
            try Self.paths(other.publish, under: other.root),
            try Self.paths(other.subscribe, under: other.root)
        )
        return theirs.0.allSatisfy { (path) in ours.0.contains { path.hasPrefix($0) } }
            && theirs.1.allSatisfy { (path) in ours.1.contains { path.hasPrefix($0) } }
    }

    /// Adds grants of the same root, each once.
    mutating func merge(_ other: SessionScope) {
        for path in other.publish where !publish.contains(path) { publish.append(path) }
        for path in other.subscribe where !subscribe.contains(path) { subscribe.append(path) }
    }

    private static func remainder(of grant: BroadcastPath, below suffix: BroadcastPath) -> BroadcastPath? {
        if let rest = grant.removingPrefix(suffix) { return rest }
        // The session lies inside what is granted.
        return suffix.hasPrefix(grant) ? .root : nil
    }

    private static func paths(
        _ paths: [BroadcastPath],
        under parent: BroadcastPath
    ) throws(AccessError) -> [BroadcastPath] {
        var result: [BroadcastPath] = []
        for path in paths {
            do {
                result.append(try parent.appending(path))
            } catch {
                throw AccessError(.malformed, "path of a grant is beyond the limits")
            }
        }
        return result
    }
}
