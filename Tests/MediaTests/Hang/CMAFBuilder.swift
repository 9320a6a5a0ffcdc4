import BurrowBase

/// Builds the boxes of ISO/IEC 14496-12, for tests to take apart.
enum CMAFBuilder {
    static func box(_ type: String, _ parts: [UInt8]...) -> [UInt8] {
        let body = parts.flatMap(\.self)
        return number(8 + body.count) + Array(type.utf8) + body
    }

    /// Four bytes.
    static func number(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    static let avcC = bytes("0142c00dffe100116742c00d8c68141f26a0c020c0f08846a001000468ce3c80")
    static let dOps = bytes("00 02 0138 0000bb80 0000 00")

    static var pictures: [UInt8] { box("avc1", zeros(78), box("pasp", zeros(8)), box("avcC", avcC)) }
    static var sound: [UInt8] { box("Opus", zeros(28), box("dOps", dOps)) }

    /// `ftyp` and `moov` of one track.
    static func beginning(
        entry: [UInt8] = pictures,
        track: Int = 1,
        timescale: Int = 90000,
        duration: Int = 3000,
        size: Int = 0,
        tracks: Int = 1
    ) -> [UInt8] {
        let trak = box(
            "trak",
            box("tkhd", number(7), zeros(8), number(track), zeros(64)),
            box(
                "mdia",
                box("mdhd", zeros(4), zeros(8), number(timescale), zeros(8)),
                box("hdlr", zeros(24)),
                box("minf", box("stbl", box("stsd", zeros(4), number(1), entry)))
            )
        )
        let trex = box("trex", zeros(4), number(track), number(1), number(duration), number(size), zeros(4))
        return box("ftyp", Array("iso6".utf8), zeros(4))
            + box(
                "moov",
                box("mvhd", zeros(96)),
                Array((0..<tracks).map { _ in trak }.joined()),
                box("mvex", trex)
            )
    }

    struct Sample {
        var bytes: [UInt8]
        var duration: Int?
        var composition: Int?
    }

    /// `moof` and `mdat`, with sizes and what else the samples say.
    static func fragment(time: Int, _ samples: [Sample], track: Int = 1, wide: Bool = true) -> [UInt8] {
        let flags =
            0x201 | (samples[0].duration != nil ? 0x100 : 0) | (samples[0].composition != nil ? 0x800 : 0)
        func moof(offset: Int) -> [UInt8] {
            let entries = samples.flatMap { (sample) in
                (sample.duration.map { number($0) } ?? []) + number(sample.bytes.count)
                    + (sample.composition.map { number($0) } ?? [])
            }
            return box(
                "moof",
                box("mfhd", zeros(4), number(1)),
                box(
                    "traf",
                    box("tfhd", number(0x20000), number(track)),
                    wide
                        ? box("tfdt", number(1 << 24), zeros(4), number(time))
                        : box("tfdt", zeros(4), number(time)),
                    box("trun", number(1 << 24 | flags), number(samples.count), number(offset), entries)
                )
            )
        }
        let length = moof(offset: 0).count
        return moof(offset: length + 8) + box("mdat", samples.flatMap(\.bytes))
    }
}
