package import BurrowMoQ

extension BroadcastPath {
    /// The broadcast a reference in this one's catalogue leads to: `./x` and `x` are siblings, `../x` is one of the
    /// parent's. `nil` when the reference climbs above the root, or leads to no broadcast at all.
    package func resolving(_ reference: String) -> BroadcastPath? {
        var steps = segments
        if !steps.isEmpty { steps.removeLast() }
        for step in reference.split(separator: "/") {
            switch step {
            case ".": continue
            case "..":
                guard steps.popLast() != nil else { return nil }
            default: steps.append(String(step))
            }
        }
        guard !steps.isEmpty else { return nil }
        return try? BroadcastPath(steps.joined(separator: "/"))
    }
}
