import BurrowBase
import BurrowMedia
import BurrowMoQ
import Testing

@Suite struct CatalogueWritingTests {
    private func text(_ catalogue: Catalogue) throws -> String {
        String(decoding: try catalogue.encoded(), as: UTF8.self)
    }

    private static var call: Catalogue {
        var video = VideoRendition(name: "video", codec: "avc3.42c01f")
        video.codedWidth = 1280
        video.codedHeight = 720
        video.frameRate = 30
        video.bitRate = 1_500_000
        video.jitter = 34
        var audio = AudioRendition(name: "audio", codec: "opus", sampleRate: 48000, channels: 2)
        audio.bitRate = 64000
        audio.jitter = 20
        var catalogue = Catalogue()
        catalogue.video.renditions = [video]
        catalogue.audio.renditions = [audio]
        catalogue.user = .init(name: "Alice")
        return catalogue
    }

    /// Tracks of applications in a sealed catalogue, and only there.
    @Test func dataTracksComeBack() throws {
        var catalogue = Catalogue()
        #expect(try catalogue.encoded() == Array("{}".utf8))
        catalogue.data = [.init(name: "chat", track: "3"), .init(name: "what \"else\"", track: "12")]
        let reading = try CatalogueReading(try catalogue.encoded(), of: BroadcastPath("room/alice"))
        #expect(reading.catalogue == catalogue && reading.refusals.isEmpty)
        #expect(reading.catalogue.data(named: "chat")?.track == "3")
        let diff = CatalogueDiff(from: Catalogue(), to: catalogue)
        #expect(diff.changesData && !diff.isEmpty && !diff.isStructural)
        for name in ["", "chat", "a\u{0}b", String(repeating: "x", count: 5000)] {
            var bad = catalogue
            bad.data.append(.init(name: name, track: "4"))
            #expect(throws: MediaError.self) { _ = try bad.encoded() }
        }
        catalogue.data = (0...256).map { .init(name: "n\($0)", track: "\($0)") }
        #expect(throws: MediaError.self) { _ = try catalogue.encoded() }
    }

    @Test func theRecommendedForm() throws {
        #expect(try text(Self.call) == CatalogueExamples.recommended)
    }

    /// Everything ours can say, in the words that upstream was shown and took.
    @Test func theFormThatUpstreamReads() throws {
        var large = VideoRendition(name: "720p", codec: "avc3.42c01f")
        large.codedWidth = 1280
        large.codedHeight = 720
        large.displayAspect = PictureSize(width: 16, height: 9)
        large.frameRate = 29.97
        large.bitRate = 1_500_000
        large.optimizesForLatency = true
        large.jitter = 34
        large.isStalled = true
        var small = VideoRendition(name: "zwei \"ü\"", codec: "avc1.42c00d")
        small.description = CMAFBuilder.avcC
        small.codedWidth = 320
        small.codedHeight = 240
        small.frameRate = 15
        small.bitRate = 150_000
        small.jitter = 67
        small.broadcast = "./screen"
        var audio = AudioRendition(name: "audio", codec: "opus", sampleRate: 48000, channels: 2)
        audio.bitRate = 64000
        audio.description = bytes("4f707573486561640102380180bb0000000000")
        audio.jitter = 20
        var bundled = AudioRendition(name: "bundled", codec: "opus", sampleRate: 48000, channels: 1)
        bundled.jitter = 60
        bundled.broadcast = "../bob"
        var catalogue = Catalogue()
        catalogue.video.renditions = [large, small]
        catalogue.video.display = PictureSize(width: 640, height: 480)
        catalogue.video.rotation = 270
        catalogue.video.isFlipped = true
        catalogue.audio.renditions = [audio, bundled]
        catalogue.user = .init(
            id: "7",
            name: "Alice \u{1}",
            avatar: "https://example.org/a.png",
            color: "#ff0000"
        )
        let file = try #require(InteropFile.lines("peers/catalogue.json")?.first)
        #expect(try text(catalogue) == file)
        #expect(
            try CatalogueReading(Array(file.utf8), of: BroadcastPath("room/alice")).catalogue == catalogue
        )
    }

    @Test func nothingIsAnEmptyObject() throws {
        #expect(try text(Catalogue()) == "{}")
    }

    @Test func howToShowPicturesSurvivesWithoutAny() throws {
        var catalogue = Catalogue()
        catalogue.video.rotation = 90
        #expect(try text(catalogue) == #"{"video":{"renditions":{},"rotation":90}}"#)
        #expect(try CatalogueReading(catalogue.encoded(), of: BroadcastPath("a")).catalogue == catalogue)
        catalogue.user = .init()
        #expect(try text(catalogue) == #"{"video":{"renditions":{},"rotation":90}}"#)
    }

    @Test func everythingSurvivesATurn() throws {
        var catalogue = Self.call
        catalogue.video.renditions[0].displayAspect = PictureSize(width: 4, height: 3)
        catalogue.video.renditions[0].frameRate = 29.97
        catalogue.video.renditions[0].optimizesForLatency = false
        catalogue.video.renditions[0].isStalled = true
        catalogue.video.renditions[0].broadcast = "./screen"
        var second = VideoRendition(name: "zwei \"ü\"", codec: "avc1.64001f")
        second.description = [1, 0x64, 0, 0x1f]
        second.container = .loc
        var third = VideoRendition(name: "3", codec: "avc1.64001f")
        third.container = .cmaf(initialisation: Array(0...200))
        catalogue.video.renditions += [second, third]
        catalogue.video.display = PictureSize(width: 640, height: 480)
        catalogue.video.rotation = 270
        catalogue.video.isFlipped = true
        catalogue.audio.renditions[0].description = [0xff, 0]
        catalogue.audio.renditions[0].broadcast = "../x"
        catalogue.user = .init(id: "i", name: "n\n", avatar: "a", color: "#fff")
        let reading = try CatalogueReading(catalogue.encoded(), of: BroadcastPath("room/a/b"))
        #expect(reading.catalogue == catalogue)
        #expect(reading.refusals.isEmpty)
    }

    /// One thing wrong, each.
    @Test(
        arguments: [
            { $0.video.renditions[0].name = "" },
            { $0.video.renditions[0].name = "catalog.json" },
            { $0.video.renditions[0].name = "audio" },
            { $0.video.renditions[0].name = String(repeating: "n", count: 257) },
            { $0.video.renditions[0].name = "a\u{0}" },
            { $0.video.renditions[0].codec = "" },
            { $0.video.renditions[0].codec = "avc3.42c0" },
            { $0.video.renditions[0].codec = "avc1.42c01f" },
            { $0.video.renditions[0].description = [1] },
            { $0.video.renditions[0].codedWidth = 0 },
            { $0.video.renditions[0].codedHeight = 1 << 20 },
            { $0.video.renditions[0].displayAspect = PictureSize(width: 0, height: 1) },
            { $0.video.renditions[0].frameRate = .nan },
            { $0.video.renditions[0].frameRate = .infinity },
            { $0.video.renditions[0].frameRate = -1 },
            { $0.video.renditions[0].bitRate = 0 },
            { $0.video.renditions[0].jitter = -1 },
            { $0.video.renditions[0].container = .cmaf(initialisation: []) },
            { $0.video.renditions[0].broadcast = "" },
            { $0.video.rotation = 45 },
            { $0.video.display = PictureSize(width: -1, height: 1) },
            { $0.audio.renditions[0].sampleRate = 0 },
            { $0.audio.renditions[0].channels = 0 },
            { $0.audio.renditions[0].bitRate = -1 },
            {
                $0.audio.renditions[0].description = [UInt8](
                    repeating: 0,
                    count: HangLimits.descriptionBytes + 1
                )
            },
            { $0.user?.name = String(repeating: "x", count: HangLimits.userTextBytes + 1) },
            { $0.video.renditions = (0...64).map { VideoRendition(name: "v\($0)", codec: "vp8") } },
        ] as [@Sendable (inout Catalogue) -> Void]
    )
    func whatUpstreamWouldDropIsNotWritten(damage: @Sendable (inout Catalogue) -> Void) throws {
        var catalogue = Self.call
        _ = try catalogue.encoded()
        damage(&catalogue)
        #expect(throws: MediaError.self) { try catalogue.encoded() }
    }
}
