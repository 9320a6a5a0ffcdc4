import BurrowBase

extension VideoRendition {
    func write(to table: inout JSONWriter) {
        table.object(for: name) { (members) in
            members.string(codec, for: "codec")
            if let description { members.string(Hex.encode(description), for: "description") }
            container.write(to: &members)
            if let codedWidth { members.integer(codedWidth, for: "codedWidth") }
            if let codedHeight { members.integer(codedHeight, for: "codedHeight") }
            if let displayAspect {
                members.integer(displayAspect.width, for: "displayAspectWidth")
                members.integer(displayAspect.height, for: "displayAspectHeight")
            }
            if let frameRate { members.number(frameRate, for: "framerate") }
            if let bitRate { members.integer(bitRate, for: "bitrate") }
            if let optimizesForLatency { members.bool(optimizesForLatency, for: "optimizeForLatency") }
            if let jitter { members.integer(jitter, for: "jitter") }
            if isStalled { members.bool(true, for: "stalled") }
            if let broadcast { members.string(broadcast, for: "broadcast") }
        }
    }

    func check() throws(MediaError) {
        try RenditionRules.check(codec: codec, description: description, container, broadcast: broadcast)
        if codec.hasPrefix("avc") {
            guard let h264 else { throw MediaError(.invalidArgument, "codec string of H.264 is malformed") }
            guard h264.form == .avc1 || description == nil else {
                throw MediaError(
                    .invalidArgument,
                    "avc3 has its parameter sets in band, not in a description"
                )
            }
            guard h264.form == .avc3 || description != nil || container.hasInitialisation else {
                throw MediaError(.invalidArgument, "avc1 needs a description")
            }
        }
        try RenditionRules.check(codedWidth, in: 1...HangLimits.pictureSide, "coded width")
        try RenditionRules.check(codedHeight, in: 1...HangLimits.pictureSide, "coded height")
        if let displayAspect, !displayAspect.isValid {
            throw MediaError(.invalidArgument, "display aspect out of range")
        }
        if let frameRate, !(frameRate > 0 && frameRate <= HangLimits.frameRate) {
            throw MediaError(.invalidArgument, "frame rate out of range")
        }
        try RenditionRules.check(bitRate, in: 1...HangLimits.bitRate, "bit rate")
        try RenditionRules.check(jitter, in: 0...Int(Int32.max), "jitter")
    }
}

extension AudioRendition {
    func write(to table: inout JSONWriter) {
        table.object(for: name) { (members) in
            members.string(codec, for: "codec")
            container.write(to: &members)
            members.integer(sampleRate, for: "sampleRate")
            members.integer(channels, for: "numberOfChannels")
            if let bitRate { members.integer(bitRate, for: "bitrate") }
            if let description { members.string(Hex.encode(description), for: "description") }
            if let jitter { members.integer(jitter, for: "jitter") }
            if let broadcast { members.string(broadcast, for: "broadcast") }
        }
    }

    func check() throws(MediaError) {
        try RenditionRules.check(codec: codec, description: description, container, broadcast: broadcast)
        try RenditionRules.check(sampleRate, in: 1...HangLimits.sampleRate, "sample rate")
        try RenditionRules.check(channels, in: 1...HangLimits.channels, "number of channels")
        try RenditionRules.check(bitRate, in: 1...HangLimits.bitRate, "bit rate")
        try RenditionRules.check(jitter, in: 0...Int(Int32.max), "jitter")
    }
}

extension Container {
    func write(to members: inout JSONWriter) {
        members.object(for: "container") { (object) in
            switch self {
            case .legacy: object.string("legacy", for: "kind")
            case .loc: object.string("loc", for: "kind")
            case .cmaf(let initialisation):
                object.string("cmaf", for: "kind")
                object.string(Base64.standard.encode(initialisation), for: "init")
            }
        }
    }

    var hasInitialisation: Bool {
        if case .cmaf = self { return true }
        return false
    }
}

/// What holds for renditions of both kinds that we write.
enum RenditionRules {
    static func check(
        codec: String,
        description: [UInt8]?,
        _ container: Container,
        broadcast: String?
    ) throws(MediaError) {
        guard !codec.isEmpty, codec.utf8.count <= HangLimits.codecBytes, !codec.utf8.contains(0) else {
            throw MediaError(.invalidArgument, "codec string of \(codec.utf8.count) bytes, or with a NUL")
        }
        if let description, description.count > HangLimits.descriptionBytes {
            throw MediaError(.limit, "description of \(description.count) bytes")
        }
        if case .cmaf(let bytes) = container, bytes.isEmpty || bytes.count > HangLimits.initialisationBytes {
            throw MediaError(.limit, "beginning of a CMAF stream of \(bytes.count) bytes")
        }
        if let broadcast,
            broadcast.isEmpty || broadcast.utf8.count > HangLimits.nameBytes || broadcast.utf8.contains(0)
        {
            throw MediaError(
                .invalidArgument,
                "relative path of \(broadcast.utf8.count) bytes, or with a NUL"
            )
        }
    }

    static func check(_ value: Int?, in range: ClosedRange<Int>, _ what: String) throws(MediaError) {
        guard let value, !range.contains(value) else { return }
        throw MediaError(.invalidArgument, "\(what) of \(value)")
    }
}

extension JSONWriter {
    /// Without a fraction when there is none, as people write it.
    fileprivate mutating func number(_ value: Double, for name: String) {
        if let whole = Int(exactly: value) { integer(whole, for: name) } else { double(value, for: name) }
    }
}
