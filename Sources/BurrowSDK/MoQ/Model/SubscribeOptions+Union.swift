extension SubscribeOptions {
    /// What satisfies both: the higher priority, the longer patience, the wider range.
    func union(_ other: SubscribeOptions) -> SubscribeOptions {
        var both = self
        both.priority = max(priority, other.priority)
        both.ordered = ordered && other.ordered
        both.maxAge = max(maxAge, other.maxAge)
        // Naming no start means the newest group; whoever names one needs more.
        if let start = startGroup, let otherStart = other.startGroup {
            both.startGroup = min(start, otherStart)
        } else {
            both.startGroup = startGroup ?? other.startGroup
        }
        if let end = endGroup, let otherEnd = other.endGroup {
            both.endGroup = max(end, otherEnd)
        } else {
            both.endGroup = nil
        }
        return both
    }
}
