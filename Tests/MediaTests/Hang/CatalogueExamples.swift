/// Documents as they were seen or are recommended, for several tests.
enum CatalogueExamples {
    static let smallest = """
        {"video":{"renditions":{"video":{"codec":"avc3.42c00d"}}},"audio":{"renditions":{"audio":{"codec":"opus",\
        "sampleRate":48000,"numberOfChannels":2}}}}
        """

    /// What we write for a camera and a microphone.
    static let recommended = """
        {"video":{"renditions":{"video":{"codec":"avc3.42c01f","container":{"kind":"legacy"},"codedWidth":1280,\
        "codedHeight":720,"framerate":30,"bitrate":1500000,"jitter":34}}},"audio":{"renditions":{"audio":{"codec":\
        "opus","container":{"kind":"legacy"},"sampleRate":48000,"numberOfChannels":2,"bitrate":64000,"jitter":20}}},\
        "user":{"name":"Alice"}}
        """

    /// Captured from the encoders inside the current upstream package.
    static let current = """
        {"video":{"renditions":{"video":{"codec":"avc3.42c00d","codedWidth":320,"codedHeight":240,"bitrate":300000,\
        "framerate":30.0,"container":{"kind":"legacy"},"jitter":349,"delay":7}}},"audio":{"renditions":{"audio":{\
        "codec":"opus","sampleRate":48000,"numberOfChannels":2,"bitrate":64000,"description":\
        "4f707573486561640102380180bb0000000000","container":{"kind":"legacy"},"jitter":359}}},"archive":{"track":\
        "timeline.z","timescale":1000},"clock":{"wall":217566186339416,"timescale":1000000},"json":{"tracks":{"state":\
        {"mode":"snapshot","bitrate":37}}},"chat":{"tracks":{"messages":{"name":"chat"}}}}
        """

    /// Captured from an older upstream publisher.
    static let older = """
        {"video":{"renditions":{}},"audio":{"renditions":{"audio0.opus":{"codec":"opus","sampleRate":48000,\
        "numberOfChannels":2,"container":{"kind":"legacy"}}}}}
        """

    static let all = [smallest, recommended, current, older]
}
