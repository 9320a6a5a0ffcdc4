/// What there is to send, and how it is wanted when nothing is in the way.
package struct SendingDemand: Equatable, Sendable {
    package struct Audio: Equatable, Sendable {
        package var id: UInt64
        /// Bits a second.
        package var bitRate: Int
        package var channels: Int
        /// Packets a second, each of which has its costs beside what is in it.
        package var packetRate: Int
        /// The host wants it to stay as it is.
        package var isFixed: Bool

        package init(id: UInt64, bitRate: Int, channels: Int = 1, packetRate: Int = 50, isFixed: Bool = false)
        {
            self.id = id
            self.bitRate = bitRate
            self.channels = channels
            self.packetRate = packetRate
            self.isFixed = isFixed
        }
    }

    /// One size of a camera or screen.
    package struct Video: Equatable, Sendable {
        package var id: UInt64
        /// Of the coded picture.
        package var width: Int
        package var height: Int
        package var bitRate: Int
        package var frameRate: Float
        /// Whether anybody follows it.
        package var isWanted: Bool
        /// Whether the track offers smaller sizes, to which its viewers can go.
        package var hasSmaller: Bool
        package var isFixed: Bool

        package init(
            id: UInt64,
            width: Int,
            height: Int,
            bitRate: Int,
            frameRate: Float = 30,
            isWanted: Bool = true,
            hasSmaller: Bool = false,
            isFixed: Bool = false
        ) {
            self.id = id
            self.width = width
            self.height = height
            self.bitRate = bitRate
            self.frameRate = frameRate
            self.isWanted = isWanted
            self.hasSmaller = hasSmaller
            self.isFixed = isFixed
        }
    }

    package var audio: [Audio] = []
    /// In the order in which they get what is there: what is first is given up last.
    package var video: [Video] = []

    package init() {}
}

/// How things are to be sent until the next report.
package struct SendingTargets: Equatable, Sendable {
    package struct Audio: Equatable, Sendable {
        package var id: UInt64
        package var decision: AudioLossPolicy.Decision
    }

    package struct Video: Equatable, Sendable {
        package var id: UInt64
        package var bitRate: Int
        package var frameRate: Float
        /// The sides of the picture are divided by this.
        package var scale: Int
        /// Its viewers are asked to take a smaller one.
        package var isStalled: Bool
        /// Nothing is encoded.
        package var isOff: Bool
    }

    /// Which pictures are left out for a moment, until what waits is sent.
    package enum Relief: Int, Comparable, Sendable {
        case none
        /// Those of the highest temporal layer, those of all but the lowest, all.
        case highest, allButLowest, all

        package static func < (one: Relief, other: Relief) -> Bool { one.rawValue < other.rawValue }
    }

    package var audio: [Audio] = []
    package var video: [Video] = []
    package var relief = Relief.none
    /// What the line is taken to carry, bits a second.
    package var estimate = 0

    package init() {}
}
