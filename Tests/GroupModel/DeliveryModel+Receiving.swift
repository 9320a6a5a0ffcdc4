import BurrowBase
import BurrowMLS

/// What becomes of letters.
extension DeliveryModel {
    /// Puts a letter on its way to everybody but its sender. Whoever is outside gets it too, and must not be able to open it.
    mutating func post(_ letter: Letter, from sender: Int?) {
        for index in people.indices where index != sender {
            if !isCalm, chance(12) {
                counts.lost += 1
            } else {
                people[index].inbox.append(letter)
            }
            // A relay keeps only so much.
            if people[index].inbox.count > 16 {
                people[index].inbox.removeFirst()
                counts.lost += 1
            }
        }
    }

    mutating func deliverSomething() throws {
        let waiting = people.indices.filter { !people[$0].inbox.isEmpty }
        guard let index = waiting.randomElement(using: &random) else { return }
        // Often what came first, now and then anything.
        let position = chance(70) ? 0 : Int.random(in: people[index].inbox.indices, using: &random)
        let letter = people[index].inbox[position]
        if !chance(15) { people[index].inbox.remove(at: position) }
        try open(letter, by: index)
    }

    /// Lets somebody have a letter, and judges what comes of it.
    mutating func open(_ letter: Letter, by index: Int) throws {
        guard var group = people[index].group, group.status == .active else {
            return try requireShut(letter, index)
        }
        let own = group.epochNumber
        let before = group
        do throws(MLSError) {
            let received = try group.process(letter.bytes, now: Self.now)
            people[index].group = group
            try accept(received, letter, index, before)
        } catch {
            people[index].group = group
            try judge(error, letter, index, own)
        }
    }

    private mutating func accept(
        _ received: ReceivedMessage,
        _ letter: Letter,
        _ index: Int,
        _ before: Group
    ) throws(MLSError) {
        switch received {
        case .application(let message):
            guard case .application(let number) = letter.kind else {
                return complaints.append("\(index) takes something else for a message")
            }
            let data = message.data.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            if data != number || message.epoch != letter.epoch {
                complaints.append("\(index) reads \(data) of epoch \(message.epoch) instead of \(number)")
            }
            if letter.epoch < people[index].firstEpoch {
                complaints.append("\(index) reads what was written before it came")
            }
            if !people[index].read.insert(number).inserted {
                complaints.append("\(index) reads message \(number) twice")
            }
            counts.read += 1
        case .proposal: break
        case .ownCommit:
            try people[index].group?.mergePendingCommit(now: Self.now)
            noteEntrance(index)
        case .commit(let staged):
            try people[index].group?.merge(staged, now: Self.now)
            if staged.removesUs {
                people[index].past = before
                people[index].unsent = nil
                counts.removals += 1
            } else {
                noteEntrance(index)
            }
        }
    }

    private mutating func noteEntrance(_ index: Int) {
        do {
            try entered(index)
        } catch {
            complaints.append("\(error)")
        }
    }

    /// A refusal is right only for one of these reasons.
    private mutating func judge(_ error: MLSError, _ letter: Letter, _ index: Int, _ own: UInt64) throws {
        switch (error.code, letter.kind) {
        case (.futureEpoch, _) where letter.epoch > own:
            counts.early += 1
            // It waits, or something is seen to be missing.
            if !isCatchingUp, chance(40) { try catchUp(index) }
            people[index].inbox.append(letter)
        case (.staleEpoch, .proposal) where letter.epoch < own: break
        case (.staleEpoch, .commit) where letter.epoch < own: break
        case (.staleEpoch, .application)
        where letter.epoch < people[index].firstEpoch || letter.epoch + 3 < own:
            counts.tooLate += 1
        case (.generationConsumed, .application(let number)) where people[index].read.contains(number):
            counts.repeated += 1
        // It was taken in already, and is no secret to itself.
        case (.generationConsumed, .proposal) where letter.epoch == own: counts.repeated += 1
        case (.ownMessage, _) where letter.sender == index: break
        case (.proposalNotFound, .commit) where letter.epoch == own && !isCatchingUp:
            counts.missingProposals += 1
            try catchUp(index)
        default:
            throw disagree(
                "\(index) in epoch \(own), letter of \(letter.epoch) by \(letter.sender): \(error)"
            )
        }
    }

    /// Who is outside opens nothing that is newer than its removal, with all it ever had.
    private mutating func requireShut(_ letter: Letter, _ index: Int) throws {
        if var group = people[index].group {
            try require(
                (try? group.process(letter.bytes, now: Self.now)) == nil,
                "\(index) opens when removed"
            )
        }
        guard var past = people[index].past, letter.epoch > past.epochNumber else { return }
        try require((try? past.process(letter.bytes, now: Self.now)) == nil, "\(index) opens with old keys")
        counts.refusedByThoseOutside += 1
    }

    /// Somebody asks the service for everything that it missed.
    mutating func catchUp(_ index: Int) throws {
        isCatchingUp = true
        defer { isCatchingUp = false }
        while let group = people[index].group, group.status == .active,
            let commit = commits[group.epochNumber]
        {
            let epoch = group.epochNumber
            for proposal in proposals[epoch] ?? [] where proposal.sender != index {
                try open(proposal, by: index)
            }
            try open(commit, by: index)
            let isFollowed =
                people[index].group?.epochNumber != epoch || people[index].group?.status != .active
            try require(isFollowed, "\(index) does not follow the commit of epoch \(epoch)")
        }
    }
}
