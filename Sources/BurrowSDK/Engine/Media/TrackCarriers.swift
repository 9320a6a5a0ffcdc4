import BurrowBase
import BurrowMoQ

/// The wire tracks that carry an audio or video track, for its counters: other wires may take their place.
package final class TrackCarriers: Sendable {
    private struct State {
        var wires: [HostTrack] = []
        /// Of those that are left.
        var past = TrackFigures()
    }

    private let state = Guarded(State())

    init() {}

    func add(_ wire: HostTrack) {
        state.withLock { $0.wires.append(wire) }
    }

    func remove(_ wire: HostTrack) {
        let last = wire.figures
        state.withLock { (state) in
            guard let index = state.wires.firstIndex(where: { $0 === wire }) else { return }
            state.wires.remove(at: index)
            state.past.add(last, isOver: true)
        }
    }

    var figures: TrackFigures {
        let (wires, past) = state.withLock { ($0.wires, $0.past) }
        var sum = past
        for wire in wires { sum.add(wire.figures, isOver: false) }
        return sum
    }
}

/// Counters of a track as the host reads them.
package struct TrackFigures: Equatable, Sendable {
    package var waiting = 0
    package var frames: UInt64 = 0
    package var bytes: UInt64 = 0
    package var groups: UInt64 = 0
    package var dropped: UInt64 = 0
    package var latestGroup: UInt64 = 0
    package var subscribers = 0
    /// Of protected frames.
    package var protection = ProtectionCounts()
    /// When the loop last counted, in microseconds.
    package var measured: Int64 = 0

    fileprivate mutating func add(_ other: TrackFigures, isOver: Bool) {
        frames &+= other.frames
        bytes &+= other.bytes
        groups &+= other.groups
        dropped &+= other.dropped
        measured = max(measured, other.measured)
        protection.add(other.protection)
        guard !isOver else { return }
        waiting += other.waiting
        latestGroup = max(latestGroup, other.latestGroup)
        subscribers += other.subscribers
    }
}

extension HostTrack {
    /// What is counted now, or was last. Asking keeps it fresh.
    package var figures: TrackFigures {
        if let carriers { return carriers.figures }
        let seen = read()
        let (counters, waiting) =
            direction == .published ? exchange.outgoingCounters : exchange.incomingCounters
        var result = TrackFigures()
        result.waiting = waiting
        result.frames = counters.frames
        result.bytes = counters.bytes
        result.groups = seen.statistics?.counters.groups ?? 0
        result.dropped = counters.dropped &+ (seen.statistics?.droppedFrames ?? 0)
        result.latestGroup = seen.statistics?.latestGroup ?? 0
        result.subscribers = seen.statistics?.subscribers ?? 0
        result.measured = seen.measured?.microseconds ?? 0
        result.protection = seen.protection
        return result
    }
}
