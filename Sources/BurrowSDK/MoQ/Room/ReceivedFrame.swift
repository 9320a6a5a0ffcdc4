import BurrowBase

/// A frame as the host gets it.
package struct ReceivedFrame {
    enum Source {
        case group(Group, Int)
        case datagram(Slice)
    }

    package let group: UInt64
    /// Position in the group, from 0.
    package let index: Int
    /// Microseconds on the publisher's clock; the time of arrival where the version carries none.
    package let timestamp: Int64
    package let count: Int
    /// Frames before this one are missing.
    package let isDiscontinuous: Bool
    package let endsGroup: Bool
    package let isDatagram: Bool
    package let isFetched: Bool
    let source: Source

    package var isKey: Bool { index == 0 }

    /// Copies the payload to `target`, which has room for `count` bytes.
    package func copy(to target: UnsafeMutableRawPointer) {
        switch source {
        case .group(let group, let index): unsafe group.copyPayload(of: index, to: target)
        case .datagram(let slice): unsafe target.copyMemory(from: slice.start, byteCount: slice.count)
        }
    }
}

/// What a reader hands out besides frames, for whoever puts groups in order.
package enum ReceivedPiece {
    case frame(ReceivedFrame)
    /// No more frames of a group will come, of which `count` were handed out or given up; `isWhole` when all there were
    /// are among the former. It may come before frames of older groups.
    case groupEnd(group: UInt64, count: Int, isWhole: Bool)
    /// The publisher has started anew; groups count from the beginning again.
    case restart
}

/// Counts of one subscription of the host's.
package struct ReaderCounters: Equatable, Sendable {
    package var groups: UInt64 = 0
    package var frames: UInt64 = 0
    package var bytes: UInt64 = 0
    /// Frames that became too old before the host could have them.
    package var droppedFrames: UInt64 = 0
    package var expiredGroups: UInt64 = 0

    mutating func add(_ other: ReaderCounters) {
        groups &+= other.groups
        frames &+= other.frames
        bytes &+= other.bytes
        droppedFrames &+= other.droppedFrames
        expiredGroups &+= other.expiredGroups
    }
}
