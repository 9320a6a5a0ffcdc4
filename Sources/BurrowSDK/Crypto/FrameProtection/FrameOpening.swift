/// What became of a frame.
package enum FrameOpening: Equatable, Sendable {
    /// The payload is at this place of the memory it was opened to.
    case opened(Range<Int>)
    case dropped(FrameDropReason)
}

/// Why a frame was dropped. Only `unknownEpoch` may change its mind: the key may arrive a little later than the frame, and
/// the frame is untouched.
package enum FrameDropReason: Int, Sendable, CaseIterable {
    /// No header, no room for a tag, or longer than any frame.
    case malformed
    /// The key belongs to another track.
    case wrongTrack
    /// We have no key of this epoch, or not any more.
    case unknownEpoch
    /// Was opened before. Normal when a track is fetched and subscribed to at once, or asked for again.
    case duplicate
    /// So far behind that nobody knows whether it was opened before.
    case tooOld
    /// Forged, damaged, at another place than it was sealed for, or of a recycled epoch number.
    case notAuthentic
    /// So many frames of this key were not authentic that it is not used any more.
    case keyClosed
}

/// What became of the frames of a track.
package struct FrameCounts: Equatable, Sendable {
    package private(set) var opened: UInt64 = 0
    private var drops = InlineArray<7, UInt64>(repeating: 0)

    package init() {}

    package static func == (a: FrameCounts, b: FrameCounts) -> Bool {
        a.opened == b.opened && FrameDropReason.allCases.allSatisfy { a[$0] == b[$0] }
    }

    package subscript(reason: FrameDropReason) -> UInt64 { drops[reason.rawValue] }

    package var dropped: UInt64 { FrameDropReason.allCases.reduce(0) { $0 &+ self[$1] } }

    mutating func count(_ result: FrameOpening) {
        switch result {
        case .opened: opened &+= 1
        case .dropped(let reason): drops[reason.rawValue] &+= 1
        }
    }
}
