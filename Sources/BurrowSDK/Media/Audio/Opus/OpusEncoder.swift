internal import CBurrowMedia

/// One libopus encoder at 48 kHz.
///
/// A packet costs no allocation. Going from voice to music or back restarts the codec, because libopus fixes that
/// with the first packet; the gap is as long as the look-ahead.
@safe package final class OpusEncoder: AudioEncoder {
    /// Three frames of 20 ms at their longest, and what joins them (RFC 6716 §3.2.5).
    package static let packetCapacity = 3 * 1275 + 7

    package let channels: Int
    package private(set) var settings: AudioEncoderSettings
    package private(set) var lookahead = 0
    package var packetCapacity: Int { Self.packetCapacity }

    private let handle: OpaquePointer

    package init(channels: Int, settings: AudioEncoderSettings = .init()) throws(MediaError) {
        guard channels == 1 || channels == 2 else {
            throw MediaError(.unsupported, "audio of \(channels) channels; 1 and 2 can be encoded")
        }
        try settings.validate()
        var status: Int32 = 0
        let application = Self.code(settings.application)
        guard let handle = unsafe opus_encoder_create(48_000, Int32(channels), application, &status) else {
            throw MediaError(.codec, "opus encoder cannot be made, code \(status)")
        }
        unsafe self.handle = handle
        self.channels = channels
        self.settings = settings
        // The library's own default, said aloud: variable within what a constant-rate link could buffer.
        try set(OPUS_SET_VBR_REQUEST, 1)
        try set(OPUS_SET_VBR_CONSTRAINT_REQUEST, 1)
        try configure(settings)
        try readLookahead()
    }

    deinit {
        unsafe opus_encoder_destroy(handle)
    }

    package func apply(_ new: AudioEncoderSettings) throws(MediaError) {
        guard new != settings else { return }
        try new.validate()
        if new.application != settings.application {
            unsafe _ = cburrow_opus_encoder_reset(handle)
            try set(OPUS_SET_APPLICATION_REQUEST, Self.code(new.application))
            try readLookahead()
        }
        try configure(new)
        settings = new
    }

    package func encode(
        _ samples: Span<Float>,
        into packet: inout MutableSpan<UInt8>
    ) throws(MediaError) -> Int {
        let frames = settings.duration.frames
        guard samples.count == frames * channels else {
            throw MediaError(.invalidArgument, "\(samples.count) samples where one packet's are needed")
        }
        let handle = unsafe handle
        let length = unsafe samples.withUnsafeBufferPointer { (source) in
            unsafe packet.withUnsafeMutableBufferPointer { (target) -> Int32 in
                guard let source = source.baseAddress, let start = target.baseAddress else {
                    return OPUS_BUFFER_TOO_SMALL
                }
                let room = Int32(min(target.count, Self.packetCapacity))
                return unsafe opus_encode_float(handle, source, Int32(frames), start, room)
            }
        }
        guard length > 0 else {
            if length == OPUS_BUFFER_TOO_SMALL {
                throw MediaError(.invalidArgument, "no room for an opus packet")
            }
            throw MediaError(.codec, "opus cannot encode, code \(length)")
        }
        return Int(length)
    }

    package func reset() {
        unsafe _ = cburrow_opus_encoder_reset(handle)
    }

    private static func code(_ application: AudioEncoderSettings.Application) -> Int32 {
        application == .voice ? OPUS_APPLICATION_VOIP : OPUS_APPLICATION_AUDIO
    }

    private func configure(_ new: AudioEncoderSettings) throws(MediaError) {
        let signal = new.application == .voice ? OPUS_SIGNAL_VOICE : OPUS_SIGNAL_MUSIC
        try set(OPUS_SET_SIGNAL_REQUEST, signal)
        try set(OPUS_SET_BITRATE_REQUEST, Int32(new.bitRate))
        try set(OPUS_SET_COMPLEXITY_REQUEST, Int32(new.complexity))
        try set(OPUS_SET_INBAND_FEC_REQUEST, new.usesFEC ? 1 : 0)
        try set(OPUS_SET_PACKET_LOSS_PERC_REQUEST, Int32(new.expectedLoss))
        try set(OPUS_SET_DTX_REQUEST, new.usesDTX ? 1 : 0)
    }

    private func set(_ request: Int32, _ value: Int32) throws(MediaError) {
        let status = unsafe cburrow_opus_encoder_set(handle, request, value)
        guard status == OPUS_OK else {
            throw MediaError(.codec, "opus refuses setting \(request) = \(value), code \(status)")
        }
    }

    private func readLookahead() throws(MediaError) {
        var value: Int32 = 0
        let status = unsafe cburrow_opus_encoder_get(handle, OPUS_GET_LOOKAHEAD_REQUEST, &value)
        guard status == OPUS_OK else {
            throw MediaError(.codec, "opus does not tell its look-ahead, code \(status)")
        }
        lookahead = Int(value)
    }
}
