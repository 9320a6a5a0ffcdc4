/// A published audio track between the host's thread, which pushes, and the media thread, which encodes.
package final class AudioSource: Sendable {
    /// What the host wants.
    package struct Wishes: Equatable, Sendable {
        package var encoding: Encoding
        package var isMuted = false
    }

    package let samples = SampleExchange()
    package let wishes: Guarded<Wishes>
    package let report = Guarded(MediaReport())

    package init(_ encoding: Encoding) {
        wishes = Guarded(Wishes(encoding: encoding))
    }
}
