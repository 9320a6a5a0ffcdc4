import BurrowBase

/// What a peer may do and where its paths begin.
package struct SessionScope: Equatable, Sendable {
    /// Put in front of every path the peer names.
    package var root: BroadcastPath
    /// Prefixes below `root` where it may publish.
    package var publish: [BroadcastPath]
    /// Prefixes below `root` that it may subscribe to.
    package var subscribe: [BroadcastPath]

    package init(root: BroadcastPath, publish: [BroadcastPath], subscribe: [BroadcastPath]) {
        self.root = root
        self.publish = publish
        self.subscribe = subscribe
    }

    /// Everything, from the top.
    package static let open = SessionScope(root: .root, publish: [.root], subscribe: [.root])

    func mayPublish(_ path: BroadcastPath) -> Bool { allows(path, publish) }

    func maySubscribe(_ path: BroadcastPath) -> Bool { allows(path, subscribe) }

    private func allows(_ path: BroadcastPath, _ grants: [BroadcastPath]) -> Bool {
        guard let relative = path.removingPrefix(root) else { return false }
        return grants.contains { relative.hasPrefix($0) }
    }
}
