import BurrowBase
import BurrowMedia
import Testing

@Suite struct CMAFTests {
    private typealias Build = CMAFBuilder

    @Test func pictures() throws {
        let container = Container.cmaf(initialisation: Build.beginning())
        let reader = try ContainerReader(container, of: .video)
        #expect(reader.description == Build.avcC)
        let fragment = Build.fragment(
            time: 90000,
            [.init(bytes: [1, 2, 3]), .init(bytes: [4, 5]), .init(bytes: []), .init(bytes: [6])]
        )
        let expected = [
            Unpacked(1_000_000, true, [1, 2, 3]), Unpacked(1_033_333, false, [4, 5]),
            Unpacked(1_100_000, false, [6]),
        ]
        #expect(try unpack(fragment, container) == expected)
        #expect(try unpack(fragment, container, isFirst: false).allSatisfy { !$0.isKey })
    }

    @Test func sound() throws {
        let container = Container.cmaf(
            initialisation: Build.beginning(entry: Build.sound, track: 7, timescale: 48000, duration: 960)
        )
        #expect(try ContainerReader(container, of: .audio).description == Build.dOps)
        let fragment = Build.fragment(
            time: 48000,
            [.init(bytes: [0xfc]), .init(bytes: [0xfd])],
            track: 7,
            wide: false
        )
        #expect(
            try unpack(fragment, container, .audio, isFirst: false) == [
                Unpacked(1_000_000, true, [0xfc]), Unpacked(1_020_000, true, [0xfd]),
            ]
        )
    }

    @Test func timesOfTheirOwn() throws {
        let container = Container.cmaf(initialisation: Build.beginning(timescale: 1000))
        let fragment = Build.fragment(
            time: 100,
            [
                .init(bytes: [1], duration: 10, composition: 5),
                .init(bytes: [2], duration: 20, composition: -50),
            ]
        )
        #expect(try unpack(fragment, container).map(\.timestamp) == [105_000, 60_000])
        let tooEarly = Build.fragment(time: 100, [.init(bytes: [1], duration: 10, composition: -101)])
        #expect(throws: MediaError(.malformed, "cmaf: sample at no usable time")) {
            try unpack(tooEarly, container)
        }
    }

    @Test func severalFragmentsAndOtherBoxes() throws {
        let container = Container.cmaf(initialisation: Build.beginning(timescale: 1000, duration: 10))
        let frame =
            Build.box("styp", Build.zeros(8)) + Build.fragment(time: 0, [.init(bytes: [1])])
            + Build.box("free") + Build.fragment(time: 10, [.init(bytes: [2])])
        #expect(try unpack(frame, container) == [Unpacked(0, true, [1]), Unpacked(10_000, false, [2])])
    }

    /// Sizes that the beginning gives for all samples, and data that simply follows.
    @Test func defaults() throws {
        let container = Container.cmaf(
            initialisation: Build.beginning(timescale: 1000, duration: 10, size: 2)
        )
        let frame =
            Build.box(
                "moof",
                Build.box(
                    "traf",
                    Build.box("tfhd", Build.number(0), Build.number(1)),
                    Build.box("tfdt", Build.zeros(8)),
                    Build.box("trun", Build.number(0), Build.number(2)),
                    Build.box("trun", Build.number(0), Build.number(1))
                )
            ) + Build.box("mdat", [1, 2, 3, 4, 5, 6])
        #expect(
            try unpack(frame, container) == [
                Unpacked(0, true, [1, 2]), Unpacked(10_000, false, [3, 4]), Unpacked(20_000, false, [5, 6]),
            ]
        )
    }

    @Test func anotherTracksFragmentIsNotOurs() throws {
        let container = Container.cmaf(initialisation: Build.beginning())
        #expect(try unpack(Build.fragment(time: 0, [.init(bytes: [1])], track: 2), container).isEmpty)
    }

    @Test(arguments: [
        (bytes(""), MediaKind.video, "cmaf: no moov box"),
        (Build.box("moov"), .video, "cmaf: no trak box"),
        (Build.beginning(tracks: 2), .video, "cmaf: 2 tracks in one stream"),
        (Build.beginning(timescale: 0), .video, "cmaf: timescale of 0"),
        (Build.beginning(), .audio, "cmaf: samples of a codec that is not taken from there"),
        (
            Build.beginning(entry: Build.sound), .video,
            "cmaf: samples of a codec that is not taken from there"
        ),
        (
            Build.beginning(entry: Build.box("encv", Build.zeros(78))), .video,
            "cmaf: samples of a codec that is not taken from there"
        ),
        (
            Build.beginning(entry: Build.box("avc1", Build.zeros(78))), .video,
            "cmaf: sample entry without its configuration"
        ),
        (Build.beginning(entry: Build.box("avc1")), .video, "cmaf: sample entry without its configuration"),
        (Build.beginning(entry: []), .video, "cmaf: no sample description"),
        (Build.box("moov", Build.box("trak", [0, 0, 1])), .video, "box does not fit what it stands in"),
    ])
    func refusedBeginnings(beginning: [UInt8], kind: MediaKind, reason: String) {
        do throws(MediaError) {
            _ = try ContainerReader(.cmaf(initialisation: beginning), of: kind)
            Issue.record("accepted")
        } catch {
            #expect(error.context == reason)
        }
    }

    @Test(
        arguments: [
            ([1, 2, 3], "box does not fit what it stands in"),
            (Build.box("mdat", [1]), "cmaf: frame is not moof and mdat"),
            (Build.box("moof"), "cmaf: frame is not moof and mdat"),
            (Build.box("moof", Build.box("traf")) + Build.box("mdat"), "cmaf: no tfhd box"),
            (
                Build.box("moof", Build.box("traf", Build.box("tfhd", Build.number(0), Build.number(1))))
                    + Build.box("mdat"), "cmaf: no tfdt box"
            ),
            (
                Build.box(
                    "moof",
                    Build.box("traf", Build.box("tfhd", Build.number(1), Build.number(1), Build.zeros(8)))
                )
                    + Build.box("mdat"), "cmaf: samples placed by their position in a file"
            ),
            (
                Array(Build.fragment(time: 0, [.init(bytes: [1, 2])]).dropLast()),
                "box does not fit what it stands in"
            ),
            (
                run(Build.number(0x200), Build.number(1), Build.number(9)),
                "cmaf: sample lies outside of its mdat box"
            ),
            (
                run(Build.number(0x201), Build.number(1), Build.number(0), Build.number(1)),
                "cmaf: sample lies outside of its mdat box"
            ),
            (run(Build.number(0x200), Build.number(2), Build.number(1)), "cmaf: trun box is too short"),
            (run(Build.number(0), Build.number(1 << 30)), "cmaf: more than 4096 samples in a fragment"),
        ] as [([UInt8], String)]
    )
    func refusedFragments(frame: [UInt8], reason: String) {
        do throws(MediaError) {
            _ = try unpack(frame, .cmaf(initialisation: Build.beginning()))
            Issue.record("accepted")
        } catch {
            #expect(error.context == reason)
        }
    }

    /// A fragment whose run is made of these.
    private static func run(_ parts: [UInt8]...) -> [UInt8] {
        Build.box(
            "moof",
            Build.box(
                "traf",
                Build.box("tfhd", Build.number(0), Build.number(1)),
                Build.box("tfdt", Build.zeros(8)),
                Build.box("trun", parts.flatMap(\.self))
            )
        ) + Build.box("mdat", [1])
    }

    /// Samples can be named again and again, so their number is bounded and not only their bytes.
    @Test func aBombOfSamples() {
        let one = Build.box("trun", Build.number(0x10), Build.number(4000))
        let moof = Build.box(
            "moof",
            Build.box(
                "traf",
                Build.box("tfhd", Build.number(0), Build.number(1)),
                Build.box("tfdt", Build.zeros(8)),
                one,
                one
            )
        )
        #expect(throws: MediaError(.limit, "cmaf: more than 4096 samples in a fragment")) {
            try unpack(moof + Build.box("mdat"), .cmaf(initialisation: Build.beginning()))
        }
    }

    @Test func nothingIsKeptOfABadFrame() throws {
        let reader = try ContainerReader(.cmaf(initialisation: Build.beginning()), of: .video)
        var frames: ContiguousArray<EncodedFrame> = [encoded(5)]
        let frame = Build.fragment(time: 0, [.init(bytes: [1])]) + Build.box("moof")
        #expect(throws: MediaError.self) { try reader.read(slice(frame), isFirst: true, into: &frames) }
        #expect(frames.map(\.timestamp) == [5])
    }

    @Test func damagedBytes() {
        var random = SeededRandom(seed: 14)
        let beginning = Build.beginning()
        let fragment = Build.fragment(
            time: 9,
            [.init(bytes: [1, 2], duration: 3, composition: 4), .init(bytes: [5])]
        )
        for _ in 0..<5000 {
            var (one, two) = (beginning, fragment)
            for _ in 0...(random.next() % 3) {
                one[Int(random.next() % UInt64(one.count))] = UInt8(truncatingIfNeeded: random.next())
                two[Int(random.next() % UInt64(two.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            _ = try? ContainerReader(.cmaf(initialisation: one), of: .video)
            guard let frames = try? unpack(two, .cmaf(initialisation: beginning)) else { continue }
            #expect(frames.count <= HangLimits.fragmentSamples)
        }
    }
}
