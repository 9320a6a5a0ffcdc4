package import BurrowBase

/// How one participant's pictures were shown.
package struct VideoPlayoutStatistics: Equatable, Sendable {
    package var picturesReceived = 0
    package var picturesShown = 0
    /// Not shown because a newer one was due.
    package var picturesSkipped = 0
    /// Given up because there was no room.
    package var picturesOverflowed = 0
    package var freezes = 0
    package var frozen = Interval.zero
    /// Picture less sound of the last picture shown with sound: positive when the picture was late.
    package var skew = Interval.zero
    /// What 95 % of the skews, early or late, did not exceed.
    package var skewPercentile95 = Interval.zero
    /// What is added to the delay of sound for the sake of pictures.
    package var raise = Interval.zero
    package var waiting = 0

    package init() {}
}
