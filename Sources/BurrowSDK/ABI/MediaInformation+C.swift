import BurrowBase
import BurrowEngine
import BurrowMedia
import CBurrow

// From what the media layer knows to the header's structs.

extension burrow_media_info {
    /// All renditions, sound first, in the order of the catalogue.
    static func list(_ catalogue: Catalogue) -> [burrow_media_info] {
        catalogue.audio.renditions.map { burrow_media_info($0) }
            + catalogue.video.renditions.map { burrow_media_info($0) }
    }

    private init(_ rendition: AudioRendition) {
        self.init()
        kind = UInt32(BURROW_TRACK_KIND_AUDIO)
        is_supported = MediaSupport().objection(to: rendition) == nil ? 1 : 0
        bitrate_bps = UInt32(clamping: rendition.bitRate ?? 0)
        sample_rate = UInt32(clamping: rendition.sampleRate)
        channels = UInt32(clamping: rendition.channels)
        write(name: rendition.name, codec: rendition.codec)
    }

    private init(_ rendition: VideoRendition) {
        self.init()
        kind = UInt32(BURROW_TRACK_KIND_VIDEO)
        is_supported = MediaSupport().objection(to: rendition) == nil ? 1 : 0
        bitrate_bps = UInt32(clamping: rendition.bitRate ?? 0)
        width = UInt32(clamping: rendition.codedWidth ?? 0)
        height = UInt32(clamping: rendition.codedHeight ?? 0)
        frame_rate = UInt32(min(max(rendition.frameRate ?? 0, 0), 1000))
        write(name: rendition.name, codec: rendition.codec)
    }

    private mutating func write(name text: String, codec string: String) {
        unsafe withUnsafeMutableBytes(of: &name) { unsafe Arguments.write(text, to: $0) }
        unsafe withUnsafeMutableBytes(of: &codec) { unsafe Arguments.write(string, to: $0) }
    }
}

extension burrow_media_stats {
    init(_ report: MediaReport) {
        self.init()
        width = report.width
        height = report.height
        bitrate_bps = report.bitRate
        frame_rate = report.frameRate
        level = report.level
        is_voice = report.isVoice ? 1 : 0
        target_delay_ms = UInt32(clamping: report.targetDelay.milliseconds)
        delay_ms = UInt32(clamping: report.delay.milliseconds)
        skew_ms = Int32(clamping: report.skew.milliseconds)
        frames = report.frames
        bytes = report.bytes
        key_frames = report.keyFrames
        dropped_frames = report.dropped
        late_frames = report.late
        damaged_frames = report.damaged
        played_us = UInt64(clamping: report.played.microseconds)
        recovered_us = UInt64(clamping: report.recovered.microseconds)
        concealed_us = UInt64(clamping: report.concealed.microseconds)
        stretched_us = UInt64(clamping: report.stretched.microseconds)
        freezes = report.freezes
        frozen_us = UInt64(clamping: report.frozen.microseconds)
        codec_us = UInt64(clamping: report.codecTime.microseconds)
        longest_codec_us = UInt64(clamping: report.longestCodecTime.microseconds)
        renditions = report.renditions
        estimate_bps = report.estimate
    }
}
