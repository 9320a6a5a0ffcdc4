import BurrowMedia

/// What an audio or video track has that a data track has not.
package enum HostMedia: Sendable {
    case audioSource(AudioSource)
    case videoSource(VideoSource)
    case audioSink(AudioSink)
    case videoSink(VideoSink)

    var kind: MediaKind {
        switch self {
        case .audioSource, .audioSink: .audio
        case .videoSource, .videoSink: .video
        }
    }

    /// Refuses an encoding that is not possible.
    func check() throws(EngineError) {
        switch self {
        case .audioSource(let source): try source.wishes.withLock { $0 }.encoding.checkAudio()
        case .videoSource(let source): try source.wishes.withLock { $0 }.encoding.checkVideo()
        case .audioSink, .videoSink: break
        }
    }

    /// Takes no more from the host, and gives no more to it.
    func close() {
        switch self {
        case .audioSource(let source): source.samples.close()
        case .videoSource(let source): source.close()
        case .audioSink(let sink): sink.close()
        case .videoSink(let sink): sink.close()
        }
    }
}
