/// How loud one participant is. A change takes the length of one mix, so that it does not click.
package struct MixerGain: Equatable, Sendable {
    /// Four times as loud, 12 dB.
    package static let loudest: Float = 4

    /// From 0 to `loudest`.
    package var target: Float {
        didSet { target = target.isFinite ? max(0, min(target, Self.loudest)) : 1 }
    }
    var current: Float

    package init(_ gain: Float = 1) {
        target = gain.isFinite ? max(0, min(gain, Self.loudest)) : 1
        current = target
    }
}
