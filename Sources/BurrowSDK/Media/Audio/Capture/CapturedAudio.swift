package import BurrowBase

/// One packet of a local audio track, ready to be sent.
package struct CapturedAudio {
    /// When its first sample was captured, in microseconds of media time. Later than that of the packet before, by
    /// its duration to half a percent, unless the microphone was silent in between.
    package var timestamp: Int64
    /// In microseconds.
    package var duration: Int64
    package var payload: Slice
    package var level: AudioLevel
    /// The encoder found nothing to say (DTX). Such a packet need not be sent; the listener conceals the gap with
    /// comfort noise.
    package var isSilence: Bool
    /// Nothing of the microphone is in it.
    package var isMuted: Bool
}

/// What a capture has done so far.
package struct AudioCaptureStatistics: Equatable, Sendable {
    package var packets = 0
    package var bytes = 0
    /// Samples that were not numbers and became silence.
    package var invalidSamples = 0
    /// Chunks whose timestamps could not be of our clock.
    package var refusedChunks = 0
    /// The host's frames that were not taken because they came faster than real time.
    package var framesAhead = 0
    /// Packets that nobody took in time.
    package var packetsLost = 0
    /// Holes in the host's sound that the time jumped across.
    package var gaps = 0
    /// Timestamps that went backwards and were bent to what would have followed.
    package var jumpsBack = 0

    package init() {}
}
