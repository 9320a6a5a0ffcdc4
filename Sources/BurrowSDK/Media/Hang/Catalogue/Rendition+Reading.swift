import BurrowBase
import BurrowMoQ

extension VideoRendition {
    init(name: String, _ object: JSON.Object, _ path: BroadcastPath) throws(MediaError) {
        self.init(name: name, codec: try object.codec())
        container = try object.container()
        description = try object.codecDescription()
        broadcast = try object.broadcast(path)
        codedWidth = object.hint("codedWidth", 1...HangLimits.pictureSide)
        codedHeight = object.hint("codedHeight", 1...HangLimits.pictureSide)
        // The second spelling is that of older publishers.
        displayAspect =
            object.size("displayAspectWidth", "displayAspectHeight")
            ?? object.size("displayRatioWidth", "displayRatioHeight")
        if let rate = object["framerate"]?.doubleValue, rate > 0, rate <= HangLimits.frameRate {
            frameRate = rate
        }
        bitRate = object.hint("bitrate", 1...HangLimits.bitRate)
        optimizesForLatency = object["optimizeForLatency"]?.boolValue
        jitter = object.jitter()
        isStalled = object["stalled"]?.boolValue ?? false
    }
}

extension AudioRendition {
    init(name: String, _ object: JSON.Object, _ path: BroadcastPath) throws(MediaError) {
        let codec = try object.codec()
        guard let sampleRate = object.hint("sampleRate", 1...HangLimits.sampleRate) else {
            throw MediaError(.malformed, "sampleRate is missing or no usable number")
        }
        guard let channels = object.hint("numberOfChannels", 1...HangLimits.channels) else {
            throw MediaError(.malformed, "numberOfChannels is missing or no usable number")
        }
        self.init(name: name, codec: codec, sampleRate: sampleRate, channels: channels)
        container = try object.container()
        description = try object.codecDescription()
        broadcast = try object.broadcast(path)
        bitRate = object.hint("bitrate", 1...HangLimits.bitRate)
        jitter = object.jitter()
    }
}

/// Members that renditions of both kinds have.
extension JSON.Object {
    fileprivate func codec() throws(MediaError) -> String {
        guard let codec = self["codec"]?.stringValue, !codec.isEmpty,
            codec.utf8.count <= HangLimits.codecBytes
        else {
            throw MediaError(.malformed, "codec is missing or no usable text")
        }
        return codec
    }

    /// Decoding without what the description says would give noise, so a bad one is the end of the rendition.
    fileprivate func codecDescription() throws(MediaError) -> [UInt8]? {
        guard let value = self["description"], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw MediaError(.malformed, "description is not a text") }
        guard text.utf8.count <= 2 * HangLimits.descriptionBytes else {
            throw MediaError(.limit, "description is longer than \(HangLimits.descriptionBytes) bytes")
        }
        do {
            return try Hex.decode(text)
        } catch {
            throw MediaError(.malformed, "description is not hexadecimal")
        }
    }

    fileprivate func container() throws(MediaError) -> Container {
        guard let value = self["container"], !value.isNull else { return .legacy }
        guard let object = value.objectValue, let kind = object["kind"]?.stringValue else {
            throw MediaError(.malformed, "container has no kind")
        }
        switch kind {
        case "legacy": return .legacy
        case "loc": return .loc
        case "cmaf":
            guard let text = object["init"]?.stringValue else {
                throw MediaError(.unsupported, "cmaf container without its beginning")
            }
            guard text.utf8.count <= HangLimits.initialisationBytes / 3 * 4 else {
                throw MediaError(.limit, "beginning of the cmaf container is too long")
            }
            do {
                return .cmaf(initialisation: try Base64.standard.decode(text))
            } catch {
                throw MediaError(.malformed, "beginning of the cmaf container is not base 64")
            }
        default: throw MediaError(.unsupported, "container of an unknown kind")
        }
    }

    /// The member as it stands, unless it names the catalogue's own broadcast.
    fileprivate func broadcast(_ path: BroadcastPath) throws(MediaError) -> String? {
        guard let value = self["broadcast"], !value.isNull else { return nil }
        guard let text = value.stringValue, text.utf8.count <= HangLimits.nameBytes else {
            throw MediaError(.malformed, "broadcast is no usable text")
        }
        guard !text.isEmpty else { return nil }
        guard let target = path.resolving(text) else {
            throw MediaError(.unsupported, "broadcast lies outside of the root")
        }
        return target == path ? nil : text
    }

    /// A number within bounds, or `nil`. Fractions are rounded up, so that a wish for delay is not cut short.
    fileprivate func hint(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        switch self[key] {
        case .integer(let value)?:
            guard let number = Int(exactly: value), range.contains(number) else { return nil }
            return number
        case .double(let value)?:
            guard let number = Int(exactly: value.rounded(.up)), range.contains(number) else { return nil }
            return number
        default: return nil
        }
    }

    fileprivate func jitter() -> Int? {
        hint("jitter", 0...Int.max).map { min($0, HangLimits.jitter) }
    }

    /// Both sides or nothing.
    func size(_ width: String, _ height: String) -> PictureSize? {
        let sides = 1...HangLimits.pictureSide
        guard let width = hint(width, sides), let height = hint(height, sides) else { return nil }
        return PictureSize(width: width, height: height)
    }
}
