package import BurrowBase

/// Which of a host's addresses to try, and when: Happy Eyeballs (RFC 8305). Knows no sockets.
package struct ConnectionRace {
    package enum Action: Equatable {
        /// Begin an attempt with this address.
        case attempt(SocketAddress)
        case wait(until: Instant)
        /// Nothing is left to try and nothing under way.
        case exhausted
    }

    /// RFC 8305 §5: between the beginnings of two attempts.
    package static let attemptDelay = Interval.milliseconds(250)

    private var candidates: ArraySlice<SocketAddress>
    private var underWay = 0
    private var nextAttempt: Instant

    /// Addresses as the resolver ordered them.
    package init(_ addresses: [SocketAddress], now: Instant) {
        candidates = Self.interleave(addresses)[...]
        nextAttempt = now
    }

    /// RFC 8305 §4: families alternate, beginning with the first address's.
    package static func interleave(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first = addresses.first else { return [] }
        let preferred = addresses.filter { $0.isIPv6 == first.isIPv6 }
        let others = addresses.filter { $0.isIPv6 != first.isIPv6 }
        var mixed: [SocketAddress] = []
        for index in 0..<max(preferred.count, others.count) {
            if index < preferred.count { mixed.append(preferred[index]) }
            if index < others.count { mixed.append(others[index]) }
        }
        return mixed
    }

    /// When `next` has something new to say by itself.
    package var deadline: Instant { candidates.isEmpty ? .distantFuture : nextAttempt }

    package mutating func next(now: Instant) -> Action {
        guard let candidate = candidates.first else {
            return underWay == 0 ? .exhausted : .wait(until: .distantFuture)
        }
        // An attempt that fails makes room for the next at once.
        guard underWay == 0 || now >= nextAttempt else { return .wait(until: nextAttempt) }
        candidates = candidates.dropFirst()
        underWay += 1
        nextAttempt = now + Self.attemptDelay
        return .attempt(candidate)
    }

    package mutating func attemptFailed(now: Instant) {
        underWay = max(underWay - 1, 0)
        nextAttempt = now
    }
}
