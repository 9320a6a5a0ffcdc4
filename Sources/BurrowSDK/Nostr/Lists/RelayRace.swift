package import BurrowBase

/// Tries relays in the order of preference: the next one begins when those before have failed or take long, the first that
/// lets us in wins, and an earlier one is given a moment more.
package struct RelayRace: Sendable {
    /// When a relay takes so long, the next is tried beside it.
    package static let stagger = Interval.milliseconds(1500)
    /// How long an earlier one may still win after a later one is there.
    package static let grace = Interval.milliseconds(250)

    package enum Action: Equatable, Sendable {
        case dial(Int)
        case drop(Int)
    }

    package enum Verdict: Equatable, Sendable {
        case won(Int)
        /// All have failed; for want of authorisation only when every failure was that.
        case lost(isAuthorization: Bool)
    }

    private enum State: Equatable, Sendable {
        case waiting
        case dialing
        case up
        case failed(RelayChoice.Failure)
        case dropped
    }

    private var states: [State]
    /// A callee goes where the caller is, and elsewhere only when that fails.
    private let isStaggered: Bool
    private var nextDial: Instant
    private var graceEnd: Instant = .distantFuture
    private var actions = FIFO<Action>()
    package private(set) var verdict: Verdict?

    package init(count: Int, isStaggered: Bool, now: Instant) {
        states = [State](repeating: .waiting, count: max(count, 0))
        self.isStaggered = isStaggered
        nextDial = now
        advance(now: now)
    }

    /// What is to be done next, in order.
    package mutating func nextAction() -> Action? { actions.popFirst() }

    package var deadline: Instant {
        guard verdict == nil else { return .distantFuture }
        if states.contains(.up) { return graceEnd }
        return isStaggered && states.contains(.waiting) ? nextDial : .distantFuture
    }

    package mutating func connected(_ index: Int, now: Instant) {
        guard states.indices.contains(index), states[index] == .dialing else { return }
        states[index] = .up
        graceEnd = min(graceEnd, now + Self.grace)
        advance(now: now)
    }

    package mutating func failed(_ index: Int, _ failure: RelayChoice.Failure, now: Instant) {
        guard states.indices.contains(index), states[index] == .dialing || states[index] == .up else {
            return
        }
        states[index] = .failed(failure)
        if !states.contains(.up) { graceEnd = .distantFuture }
        advance(now: now)
    }

    package mutating func advance(now: Instant) {
        guard verdict == nil else { return }
        if let best = states.firstIndex(of: .up) {
            guard now >= graceEnd || !states[..<best].contains(.dialing) else { return }
            return win(best)
        }
        let isAlone = !states.contains(.dialing)
        guard let next = states.firstIndex(of: .waiting) else {
            if isAlone { lose() }
            return
        }
        guard isAlone || (isStaggered && now >= nextDial) else { return }
        states[next] = .dialing
        nextDial = now + Self.stagger
        actions.append(.dial(next))
    }

    private mutating func win(_ best: Int) {
        verdict = .won(best)
        for index in states.indices where states[index] == .dialing || states[index] == .up {
            if index != best { states[index] = .dropped }
            actions.append(.drop(index))
        }
    }

    private mutating func lose() {
        let isAuthorization = !states.isEmpty && states.allSatisfy { $0 == .failed(.notAuthorized) }
        verdict = .lost(isAuthorization: isAuthorization)
    }
}
