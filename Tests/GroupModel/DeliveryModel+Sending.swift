import BurrowBase
import BurrowMLS

/// What members do.
extension DeliveryModel {
    mutating func speak(_ index: Int) throws {
        guard var group = people[index].group else { return }
        messages += 1
        let number = messages
        let data = (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        let bytes = try group.seal(data)
        people[index].group = group
        post(
            Letter(kind: .application(number), bytes: bytes, epoch: group.epochNumber, sender: index),
            from: index
        )
    }

    mutating func propose(_ index: Int) throws {
        guard var group = people[index].group, group.proposals.count < 6 else { return }
        let epoch = group.epochNumber
        let others = group.tree.members.map(\.leaf).filter { $0 != group.ownLeaf }
        let bytes: [UInt8]
        switch Int.random(in: 0..<20, using: &random) {
        case 0 where others.count > 2: bytes = try group.propose(.selfRemove)
        case 1 where others.count > 2:
            bytes = try group.propose(.remove(others.randomElement(using: &random) ?? 0))
        default: bytes = try group.proposeUpdate()
        }
        people[index].group = group
        let letter = Letter(kind: .proposal, bytes: bytes, epoch: epoch, sender: index)
        proposals[epoch, default: []].append(letter)
        post(letter, from: index)
    }

    /// Makes a commit; the service may hear of it much later.
    mutating func commit(_ index: Int) throws {
        guard var group = people[index].group, !group.hasPendingCommit else { return }
        var request = CommitRequest()
        request.forcesPath = chance(70)
        request.takesStored = chance(80)
        let others = group.tree.members.map(\.leaf).filter { $0 != group.ownLeaf }
        let isOutside = outside.filter { (person) in
            !group.tree.members.contains { $0.node.credential == people[person].identity.credential }
        }
        if let newcomer = isOutside.randomElement(using: &random), chance(80) {
            let bundle = try KeyPackageBundle(
                generate: people[newcomer].identity,
                lifetime: .standard(now: Self.now),
                suite: suite
            )
            people[newcomer].bundles.append(bundle)
            request.proposals.append(.add(bundle.keyPackage))
        } else if others.count > 1, chance(25), let victim = others.randomElement(using: &random) {
            request.proposals.append(.remove(victim))
        }
        let result = try group.commit(request, now: Self.now)
        let letter = Letter(kind: .commit, bytes: result.message, epoch: group.epochNumber, sender: index)
        people[index].group = group
        people[index].unsent = letter
        people[index].welcome = result.welcome
        if chance(70) { try submit(index) }
    }

    /// The service takes the first commit of an epoch, and tells its author; or that somebody else's was first.
    mutating func submit(_ index: Int) throws {
        guard let letter = people[index].unsent, var group = people[index].group else { return }
        people[index].unsent = nil
        guard commits[letter.epoch] == nil else {
            counts.races += 1
            if group.epochNumber == letter.epoch { group.discardPendingCommit() }
            people[index].group = group
            if chance(50) { try catchUp(index) }
            return
        }
        try require(letter.epoch == newestEpoch, "commit of epoch \(letter.epoch) of \(newestEpoch)")
        commits[letter.epoch] = letter
        counts.commits += 1
        post(letter, from: nil)
        // Without this answer it learns from its own commit coming back.
        if chance(60) {
            try group.mergePendingCommit(now: Self.now)
            people[index].group = group
            try entered(index)
        }
        if let welcome = people[index].welcome { try invite(welcome, epoch: letter.epoch + 1) }
        people[index].welcome = nil
    }

    private mutating func invite(_ bytes: [UInt8], epoch: UInt64) throws {
        guard case .welcome(let welcome) = try MLSMessage(decoding: bytes) else { return }
        for index in outside {
            let bundles = people[index].bundles
            guard let match = try Group.match(welcome, bundles, suite: suite) else { continue }
            var options = JoinOptions()
            options.policy = policy
            let group = try Group(
                joining: welcome,
                with: bundles[match],
                options: options,
                now: Self.now,
                suite: suite
            )
            try admitted(index, group, epoch)
        }
    }

    private mutating func admitted(_ index: Int, _ group: Group, _ epoch: UInt64) throws {
        try require(group.epochNumber == epoch, "\(index) joins in epoch \(group.epochNumber)")
        people[index].group = group
        people[index].firstEpoch = epoch
        people[index].past = nil
        people[index].bundles = []
        counts.joins += 1
        try entered(index)
    }

    /// Somebody comes in by a commit of its own, with what a member in the newest epoch gives out.
    mutating func joinFromOutside() throws {
        let epoch = newestEpoch
        guard let index = outside.randomElement(using: &random),
            let door = active.first(where: { people[$0].group?.epochNumber == epoch }),
            let host = people[door].group
        else { return }
        let credential = people[index].identity.credential
        guard !host.tree.members.contains(where: { $0.node.credential == credential }) else { return }
        guard case .groupInfo(let info) = try MLSMessage(decoding: host.groupInfo()) else { return }
        var options = JoinOptions()
        options.policy = policy
        let joined = try Group.join(
            info,
            people[index].identity,
            options: options,
            now: Self.now,
            suite: suite
        )
        let letter = Letter(kind: .commit, bytes: joined.commit, epoch: epoch, sender: index)
        commits[epoch] = letter
        counts.commits += 1
        post(letter, from: index)
        try admitted(index, joined.group, epoch + 1)
    }
}
