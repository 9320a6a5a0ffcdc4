package import BurrowBase
package import BurrowMoQ

/// What a seed makes of a call: who takes part, over which lines, what is sent, and what goes wrong when.
package struct CallPlan: Sendable {
    package struct Track: Sendable {
        package enum Kind: Sendable {
            /// A small frame every 20 ms, a group each.
            case audio
            /// A frame every 40 ms, groups of 25 that begin with a large one.
            case video
            /// A few frames of any size from time to time, a group each.
            case bursts
            /// A frame every 40 ms in a QUIC datagram.
            case datagrams
        }

        package let name: String
        package let kind: Kind
        package let priority: UInt8
        package let maxAge: Interval
    }

    package struct Member: Sendable {
        package let name: String
        package let versions: [Version]
        /// Empty for somebody who only listens.
        package let tracks: [Track]
        package let line: LinkConditions
        package let joins: Interval

        package var publishes: Bool { !tracks.isEmpty }
    }

    package struct Wish: Sendable {
        package let member: Int
        package let target: Int
        package let track: Int
        package let options: SubscribeOptions
    }

    package enum Step: Sendable {
        case join(Int)
        case leave(Int)
        case crash(Int)
        /// By the number of the wish, which is its position among all of the plan.
        case subscribe(Int)
        case unsubscribe(Int)
        case update(Int, SubscribeOptions)
        case blackout(Int, Interval)
        case rebind(Int)
        case changeNetwork(Int)
        case stopRelay
        case crashRelay
        case startRelay
    }

    package let seed: UInt64
    package private(set) var members: [Member] = []
    /// In the order of time.
    package private(set) var steps: [(at: Interval, step: Step)] = []
    package private(set) var wishes: [Wish] = []
    /// When the last step is done.
    package private(set) var length = Interval.zero
    /// Whether lines and waiting times are such that nothing sent may be lost.
    package let isPatient: Bool
    package private(set) var relayFails = false
    /// Whether somebody may hear nothing for seconds, as long as a keep-alive takes.
    package var hasLongSilences: Bool {
        steps.contains { (_, step) in
            switch step {
            case .blackout, .rebind, .changeNetwork: true
            default: false
            }
        }
    }

    package init(seed: UInt64) {
        self.seed = seed
        var dice = Dice(seed: seed)
        isPatient = dice.chance(0.5)
        drawMembers(&dice)
        drawWishes(&dice)
        drawTrouble(&dice)
        // Of the same time, what was drawn first comes first.
        steps = steps.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(
            \.element
        )
        length = (steps.last?.at ?? .zero) + .milliseconds(500)
    }

    private mutating func drawMembers(_ dice: inout Dice) {
        let count = dice.pick([2, 2, 3, 3, 3, 4, 4, 5, 6])
        for index in 0..<count {
            let joins = index < 2 ? Interval.zero : dice.milliseconds(0...2500)
            let isListener = index > 0 && dice.chance(0.2)
            var tracks: [Track] = []
            for number in 0..<(isListener ? 0 : dice.pick([1, 1, 1, 2, 3])) {
                tracks.append(
                    Track(
                        name: "t\(number)",
                        kind: dice.pick([.audio, .audio, .video, .bursts, .datagrams]),
                        priority: UInt8(dice.number(0...255)),
                        maxAge: isPatient ? .seconds(60) : dice.milliseconds(0...8000)
                    )
                )
            }
            members.append(
                Member(
                    name: "m\(index)",
                    versions: dice.chance(0.4) ? Version.preferred : [dice.pick(Version.preferred)],
                    tracks: tracks,
                    line: drawLine(&dice),
                    joins: joins
                )
            )
            steps.append((joins, .join(index)))
        }
    }

    private func drawLine(_ dice: inout Dice) -> LinkConditions {
        var line = LinkConditions(delay: dice.milliseconds(1...150))
        if dice.chance(0.4) {
            line.jitter = dice.milliseconds(1...40)
            line.keepsOrder = dice.chance(0.5)
        }
        if dice.chance(0.4) {
            line.loss = dice.fraction(0.001...0.1)
            // Loss on a long line leaves so little that nothing patient would ever be through.
            if isPatient { line.delay = min(line.delay, .microseconds(Int64(1000 / line.loss))) }
        }
        if dice.chance(isPatient ? 0.05 : 0.15) {
            line.burstLoss = .init(begin: dice.fraction(0.001...0.01), end: dice.fraction(0.2...0.6))
        }
        if dice.chance(0.25) {
            line.reordering = .init(chance: dice.fraction(0.01...0.1), extraDelay: dice.milliseconds(1...60))
        }
        if dice.chance(0.25) { line.duplication = dice.fraction(0.01...0.1) }
        if dice.chance(0.15) { line.corruption = dice.fraction(0.001...(isPatient ? 0.01 : 0.03)) }
        if dice.chance(0.1) { line.maxPayload = dice.number(1252...1400) }
        if dice.chance(0.1) { line.clearsECN = true }
        if dice.chance(isPatient ? 0.1 : 0.35) {
            // Patience needs a line that carries everything in the end.
            line.rateLimit = .init(
                bitsPerSecond: Int64(dice.number(isPatient ? 8_000_000...20_000_000 : 300_000...5_000_000)),
                queueBytes: dice.number(20_000...200_000),
                markAboveBytes: dice.chance(0.5) ? dice.number(5_000...20_000) : nil
            )
        }
        return line
    }

    private func drawOptions(_ dice: inout Dice) -> SubscribeOptions {
        SubscribeOptions(
            priority: UInt8(dice.number(0...255)),
            ordered: dice.chance(0.4),
            maxAge: isPatient ? .seconds(60) : dice.milliseconds(0...1000)
        )
    }

    /// Nearly everybody wants nearly everything; some change their minds.
    private mutating func drawWishes(_ dice: inout Dice) {
        for (member, listener) in members.enumerated() {
            for (target, speaker) in members.enumerated() where target != member {
                for track in speaker.tracks.indices where dice.chance(0.7) {
                    let start = listener.joins + dice.milliseconds(0...1500)
                    let wish = Wish(member: member, target: target, track: track, options: drawOptions(&dice))
                    let number = wishes.count
                    wishes.append(wish)
                    steps.append((start, .subscribe(number)))
                    if dice.chance(0.15) {
                        var other = drawOptions(&dice)
                        other.ordered = wish.options.ordered
                        steps.append((start + dice.milliseconds(0...2500), .update(number, other)))
                    }
                    guard dice.chance(0.12) else { continue }
                    let end = start + dice.milliseconds(0...2500)
                    steps.append((end, .unsubscribe(number)))
                    guard dice.chance(0.5) else { continue }
                    let again = Wish(
                        member: member,
                        target: target,
                        track: track,
                        options: drawOptions(&dice)
                    )
                    steps.append((end + dice.milliseconds(0...1000), .subscribe(wishes.count)))
                    wishes.append(again)
                }
            }
        }
    }

    private mutating func drawTrouble(_ dice: inout Dice) {
        for member in members.indices {
            let joins = members[member].joins
            let time = joins + dice.milliseconds(1000...4000)
            if dice.chance(0.15) {
                // After a longer one more groups wait than a relay keeps under way for a subscriber.
                let length = dice.milliseconds(100...(isPatient ? 1500 : 4000))
                steps.append((time, .blackout(member, length)))
            }
            if dice.chance(0.15) { steps.append((time + dice.milliseconds(0...500), .rebind(member))) }
            if dice.chance(0.1) { steps.append((time + dice.milliseconds(0...500), .changeNetwork(member))) }
            if member > 0, dice.chance(0.12) {
                steps.append((time, .leave(member)))
                if dice.chance(0.5) { steps.append((time + dice.milliseconds(0...3000), .join(member))) }
            }
            if member > 0, dice.chance(0.1) {
                steps.append((time, .crash(member)))
                if dice.chance(0.6) { steps.append((time + dice.milliseconds(200...3000), .join(member))) }
            }
        }
        guard dice.chance(0.25) else { return }
        relayFails = true
        let time = dice.milliseconds(1500...4000)
        let isCrash = dice.chance(0.4)
        steps.append((time, isCrash ? .crashRelay : .stopRelay))
        steps.append((time + dice.milliseconds(isCrash ? 100...3000 : 1500...4000), .startRelay))
    }
}
