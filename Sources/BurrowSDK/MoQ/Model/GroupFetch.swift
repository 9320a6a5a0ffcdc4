/// One group brought back on demand, outside the flow of its track.
package final class GroupFetch {
    package let group: Group
    private var readers: [any GroupFetchReader] = []

    init(group: Group) {
        self.group = group
    }

    func add(_ reader: some GroupFetchReader) {
        readers.append(reader)
    }

    func remove(_ reader: some GroupFetchReader) {
        readers.removeAll { $0 === reader }
    }

    /// The group grew or ended.
    func note() {
        for reader in readers { reader.fetchChanged(self) }
        if !group.isOpen { readers.removeAll() }
    }
}

/// Someone who waits for a fetched group.
protocol GroupFetchReader: AnyObject {
    func fetchChanged(_ fetch: GroupFetch)
}
