import BurrowMedia

/// What an audio or video track has that a data track has not.
package enum HostMedia: Sendable {
    case audioSource(AudioSource)
    case videoSource(VideoSource)
    case audioSink(AudioSink)
    case videoSink(VideoSink)
    /// Those whose host has a codec of its own.
    case encodedSource(EncodedSource)
    case encodedSink(EncodedSink)

    var kind: MediaKind {
        switch self {
        case .audioSource, .audioSink: .audio
        case .videoSource, .videoSink: .video
        case .encodedSource(let source): source.kind
        case .encodedSink(let sink): sink.kind
        }
    }

    /// Refuses an encoding that is not possible.
    func check() throws(EngineError) {
        switch self {
        case .audioSource(let source): try source.wishes.withLock { $0 }.encoding.checkAudio()
        case .videoSource(let source): try source.wishes.withLock { $0 }.encoding.checkVideo()
        case .encodedSource(let source):
            let encoding = source.wishes.withLock { $0 }.encoding
            guard encoding.renditions == 1 else {
                throw EngineError(.invalidArgument, "what the host encodes is one rendition a track")
            }
            try source.kind == .audio ? encoding.checkAudio() : encoding.checkVideo()
        case .audioSink, .videoSink, .encodedSink: break
        }
    }

    /// Takes no more from the host, and gives no more to it.
    func close() {
        switch self {
        case .audioSource(let source): source.samples.close()
        case .videoSource(let source): source.close()
        case .audioSink(let sink): sink.close()
        case .videoSink(let sink): sink.close()
        // Their frames are in the track's exchange.
        case .encodedSource, .encodedSink: break
        }
    }
}
