import BurrowBase

/// What the beginning of a CMAF stream (`ftyp` and `moov`, ISO/IEC 14496-12 and 23000-19) says about its one track:
/// all that fragments leave out.
struct CMAFTrack: Equatable {
    let identifier: UInt32
    /// Units of time in one second.
    let timescale: UInt32
    /// The decoder's configuration: an avcC record, or what stands in a dOps box.
    let description: [UInt8]
    let defaultDuration: UInt32
    let defaultSize: UInt32

    private static let movie = BoxType("moov")
    private static let track = BoxType("trak")

    /// Takes H.264 for pictures and Opus for sound; anything else is refused with a reason.
    init(_ initialisation: [UInt8], of kind: MediaKind) throws(MediaError) {
        guard let movie = try BoxReader.first(Self.movie, in: Slice(copying: initialisation.span)) else {
            throw MediaError(.malformed, "cmaf: no moov box")
        }
        var tracks: [Slice] = []
        var boxes = BoxReader(movie)
        while let box = try boxes.next() {
            if box.type == Self.track { tracks.append(box.body) }
        }
        guard let track = tracks.first else { throw MediaError(.malformed, "cmaf: no trak box") }
        guard tracks.count == 1 else {
            throw MediaError(.unsupported, "cmaf: \(tracks.count) tracks in one stream")
        }
        identifier = try Self.identifier(try Self.required(["tkhd"], in: track))
        timescale = try Self.timescale(try Self.required(["mdia", "mdhd"], in: track))
        let table = try Self.required(["mdia", "minf", "stbl", "stsd"], in: track)
        description = try Self.description(table, of: kind)
        var defaults: (duration: UInt32, size: UInt32) = (0, 0)
        if let extends = try BoxReader.first(BoxType("mvex"), in: movie) {
            var entries = BoxReader(extends)
            while let box = try entries.next() {
                guard box.type == BoxType("trex"), let read = try Self.defaults(box.body, of: identifier)
                else {
                    continue
                }
                defaults = read
            }
        }
        defaultDuration = defaults.duration
        defaultSize = defaults.size
    }

    private static func required(_ path: [StaticString], in bytes: Slice) throws(MediaError) -> Slice {
        guard let box = try BoxReader.descend(path.map { BoxType($0) }, in: bytes) else {
            throw MediaError(.malformed, "cmaf: no \(path.last.map { "\($0)" } ?? "") box")
        }
        return box
    }

    private static func identifier(_ header: Slice) throws(MediaError) -> UInt32 {
        do {
            var reader = ByteReader(header.span)
            // Times of creation and change come before it.
            try reader.skip(try reader.readVersionAndFlags().version == 1 ? 16 : 8)
            return try reader.readUInt32()
        } catch {
            throw MediaError(.malformed, "cmaf: tkhd box is too short")
        }
    }

    private static func timescale(_ header: Slice) throws(MediaError) -> UInt32 {
        let timescale: UInt32
        do {
            var reader = ByteReader(header.span)
            try reader.skip(try reader.readVersionAndFlags().version == 1 ? 16 : 8)
            timescale = try reader.readUInt32()
        } catch {
            throw MediaError(.malformed, "cmaf: mdhd box is too short")
        }
        guard timescale > 0 else { throw MediaError(.malformed, "cmaf: timescale of 0") }
        return timescale
    }

    /// The first entry of the sample description table (ISO/IEC 14496-12 §8.5.2, 14496-15 §5.4).
    private static func description(_ table: Slice, of kind: MediaKind) throws(MediaError) -> [UInt8] {
        // Version, flags and count stand before the entries.
        var entries = BoxReader(table.dropFirst(8))
        guard let entry = try entries.next() else {
            throw MediaError(.malformed, "cmaf: no sample description")
        }
        let isPicture = entry.type == BoxType("avc1") || entry.type == BoxType("avc3")
        let inner: (length: Int, type: BoxType)
        switch kind {
        case .video where isPicture: inner = (78, BoxType("avcC"))
        case .audio where entry.type == BoxType("Opus"): inner = (28, BoxType("dOps"))
        default: throw MediaError(.unsupported, "cmaf: samples of a codec that is not taken from there")
        }
        guard entry.body.count >= inner.length,
            let record = try BoxReader.first(inner.type, in: entry.body.dropFirst(inner.length))
        else { throw MediaError(.malformed, "cmaf: sample entry without its configuration") }
        guard record.count <= HangLimits.descriptionBytes else {
            throw MediaError(.limit, "cmaf: configuration of \(record.count) bytes")
        }
        return [UInt8](record)
    }

    /// A `trex` box; `nil` when it is about another track.
    private static func defaults(
        _ body: Slice,
        of identifier: UInt32
    ) throws(MediaError) -> (duration: UInt32, size: UInt32)? {
        do {
            var reader = ByteReader(body.span)
            _ = try reader.readVersionAndFlags()
            guard try reader.readUInt32() == identifier else { return nil }
            _ = try reader.readUInt32()
            return (try reader.readUInt32(), try reader.readUInt32())
        } catch {
            throw MediaError(.malformed, "cmaf: trex box is too short")
        }
    }
}
