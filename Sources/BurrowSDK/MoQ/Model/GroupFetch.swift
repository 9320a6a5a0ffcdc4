/// One group brought back on demand, outside the flow of its track.
package final class GroupFetch {
    package let group: Group
    /// Who brings it; told when nobody waits any more.
    weak var source: (any GroupFetchSource)?
    private var readers: [any GroupFetchReader] = []
    /// Who answers for the memory, and for how much of it.
    private let account: CacheAccount
    private var counted = 0

    init(group: Group, account: CacheAccount) {
        self.group = group
        self.account = account
    }

    deinit {
        account.add(-counted)
    }

    package func add(_ reader: some GroupFetchReader) {
        readers.append(reader)
    }

    func remove(_ reader: some GroupFetchReader) {
        readers.removeAll { $0 === reader }
        if readers.isEmpty && group.isOpen { source?.abandoned(self) }
    }

    /// Counts what has come. False when there is no room for it.
    func count() -> Bool {
        let grown = group.countGrowth()
        counted += grown
        account.add(grown)
        return !account.isOver
    }

    /// The group grew or ended.
    package func note() {
        for reader in readers { reader.fetchChanged(self) }
        if !group.isOpen { readers.removeAll() }
    }
}

/// Someone who waits for a fetched group.
package protocol GroupFetchReader: AnyObject {
    func fetchChanged(_ fetch: GroupFetch)
}

/// Someone who brings a group.
protocol GroupFetchSource: AnyObject {
    func abandoned(_ fetch: GroupFetch)
}
