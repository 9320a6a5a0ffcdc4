import BurrowBase
import BurrowMedia
import BurrowMoQ
import Testing

/// Reading catalogues of others: hang.md of the reference, §2.
@Suite struct CatalogueReadingTests {
    private func read(_ text: String, of path: String = "room/alice") throws -> CatalogueReading {
        try CatalogueReading(Array(text.utf8), of: BroadcastPath(path))
    }

    @Test func theCurrentPublishersCatalogue() throws {
        let reading = try read(CatalogueExamples.current)
        var video = VideoRendition(name: "video", codec: "avc3.42c00d")
        video.codedWidth = 320
        video.codedHeight = 240
        video.bitRate = 300_000
        video.frameRate = 30
        video.jitter = 349
        var audio = AudioRendition(name: "audio", codec: "opus", sampleRate: 48000, channels: 2)
        audio.bitRate = 64000
        audio.description = try Hex.decode("4f707573486561640102380180bb0000000000")
        audio.jitter = 359
        #expect(reading.catalogue.video.renditions == [video])
        #expect(reading.catalogue.audio.renditions == [audio])
        #expect(reading.refusals.isEmpty)
    }

    @Test func theOlderPublishersCatalogue() throws {
        let reading = try read(CatalogueExamples.older)
        #expect(reading.catalogue.video.renditions.isEmpty)
        #expect(
            reading.catalogue.audio.renditions == [
                AudioRendition(name: "audio0.opus", codec: "opus", sampleRate: 48000, channels: 2)
            ]
        )
        #expect(reading.refusals.isEmpty)
    }

    /// What the current upstream consumer takes, we take.
    @Test(arguments: [
        ("{}", 0, 0),
        (#"{"audio":{"renditions":{"a":{"codec":"opus","sampleRate":48000,"numberOfChannels":1}}}}"#, 0, 1),
        (#"{"video":{"renditions":{"v":{"codec":"avc3.42c00d"}}}}"#, 1, 0),
        (#"{"video":{"renditions":{"v":{"codec":"new.codec"}}}}"#, 1, 0),
        (
            #"{"video":{"renditions":{"v":{"codec":"avc1.64001f","description":"0164001FFFE1"}}},"x":[{}]}"#,
            1, 0
        ),
        (#"{"video":{"renditions":{}},"audio":{"renditions":{}}}"#, 0, 0),
    ])
    func accepted(text: String, video: Int, audio: Int) throws {
        let reading = try read(text)
        #expect(reading.catalogue.video.renditions.count == video)
        #expect(reading.catalogue.audio.renditions.count == audio)
        #expect(reading.refusals.isEmpty)
    }

    /// What makes upstream drop the whole catalogue costs ours only the part it stands in.
    @Test(arguments: [
        (#"{"codec":"opus","numberOfChannels":2}"#, "sampleRate is missing or no usable number"),
        (#"{"codec":"opus","sampleRate":48000}"#, "numberOfChannels is missing or no usable number"),
        (
            #"{"codec":"opus","sampleRate":"48000","numberOfChannels":2}"#,
            "sampleRate is missing or no usable number"
        ),
        (
            #"{"codec":"opus","sampleRate":-1,"numberOfChannels":2}"#,
            "sampleRate is missing or no usable number"
        ),
        (#"{"sampleRate":48000,"numberOfChannels":2}"#, "codec is missing or no usable text"),
        (#"{"codec":7,"sampleRate":48000,"numberOfChannels":2}"#, "codec is missing or no usable text"),
        (
            #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2,"description":"T3B1c0hlYWQ="}"#,
            "description is not hexadecimal"
        ),
        (
            #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2,"description":[1]}"#,
            "description is not a text"
        ),
        (
            #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2,"container":{"kind":"cmaf","timescale":1,"trackId":1}}"#,
            "cmaf container without its beginning"
        ),
        (
            #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2,"container":{"kind":"cmaf","init":"?"}}"#,
            "beginning of the cmaf container is not base 64"
        ),
        (
            #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2,"container":{"kind":"other"}}"#,
            "container of an unknown kind"
        ),
        (
            #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2,"container":"legacy"}"#,
            "container has no kind"
        ),
        (
            #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2,"broadcast":"../../../x"}"#,
            "broadcast lies outside of the root"
        ),
        ("[]", "rendition is not an object"),
        ("null", "rendition is not an object"),
    ])
    func aBadRenditionIsAllThatIsLost(bad: String, reason: String) throws {
        let good = #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2}"#
        let reading = try read(#"{"audio":{"renditions":{"bad":\#(bad),"good":\#(good)}}}"#)
        #expect(reading.catalogue.audio.renditions.map(\.name) == ["good"])
        #expect(reading.refusals == [.init(kind: .audio, name: "bad", reason: reason)])
    }

    @Test(arguments: [
        (#""audio":null"#, []),
        (#""audio":[]"#, ["section is not an object"]),
        (#""audio":{"renditions":7}"#, ["renditions are not an object"]),
        (#""audio":{}"#, []),
    ])
    func aBadSectionIsAllThatIsLost(section: String, reasons: [String]) throws {
        let reading = try read(#"{\#(section),"video":{"renditions":{"v":{"codec":"avc3.42c00d"}}}}"#)
        #expect(reading.catalogue.video.renditions.count == 1)
        #expect(reading.catalogue.audio.renditions.isEmpty)
        #expect(reading.refusals.map(\.reason) == reasons)
    }

    /// A hint is not worth losing a picture for.
    @Test(arguments: [
        ("20", 20), ("20.5", 21), ("0", 0), ("501", 500), ("99999999999", 500), ("1e300", nil), ("-1", nil),
        ("\"20\"", nil), ("null", nil), ("{}", nil),
    ])
    func jitterIsAWholeNumberWithinReason(text: String, jitter: Int?) throws {
        let reading = try read(#"{"video":{"renditions":{"v":{"codec":"avc3.42c00d","jitter":\#(text)}}}}"#)
        let rendition = try #require(reading.catalogue.video.renditions.first)
        #expect(rendition.jitter == jitter)
        #expect(reading.refusals.isEmpty)
    }

    @Test(arguments: ["displayAspect", "displayRatio"])
    func bothSpellingsOfTheAspect(member: String) throws {
        let text =
            #"{"video":{"renditions":{"v":{"codec":"vp8","\#(member)Width":16,"\#(member)Height":9}}}}"#
        let rendition = try #require(try read(text).catalogue.video.renditions.first)
        #expect(rendition.displayAspect == PictureSize(width: 16, height: 9))
        let half = #"{"video":{"renditions":{"v":{"codec":"vp8","\#(member)Width":16}}}}"#
        #expect(try #require(try read(half).catalogue.video.renditions.first).displayAspect == nil)
    }

    @Test(arguments: [(0, 0), (90, 90), (91, 90), (-90, 270), (360, 0), (450, 90), (44, 0), (1e12, 0)])
    func rotationIsAQuarterTurn(degrees: Double, turn: Int) throws {
        let reading = try read(#"{"video":{"renditions":{},"rotation":\#(degrees),"flip":true}}"#)
        #expect(reading.catalogue.video.rotation == turn)
        #expect(reading.catalogue.video.isFlipped)
    }

    @Test func everythingAVideoRenditionCanSay() throws {
        let text = """
            {"video":{"renditions":{"v":{"codec":"avc1.64001f","description":"01AB","codedWidth":1920,"codedHeight":1080,
            "displayAspectWidth":4,"displayAspectHeight":3,"bitrate":1000,"framerate":29.97,"optimizeForLatency":true,
            "container":{"kind":"loc"},"jitter":34,"stalled":true,"broadcast":"./source","timeline":{},"delay":7}},
            "display":{"width":640,"height":480}},"user":{"id":"1","name":"Alice","avatar":"a","color":"red","x":1}}
            """
        let reading = try read(text)
        var rendition = VideoRendition(name: "v", codec: "avc1.64001f")
        rendition.description = [0x01, 0xab]
        rendition.codedWidth = 1920
        rendition.codedHeight = 1080
        rendition.displayAspect = PictureSize(width: 4, height: 3)
        rendition.bitRate = 1000
        rendition.frameRate = 29.97
        rendition.optimizesForLatency = true
        rendition.container = .loc
        rendition.jitter = 34
        rendition.isStalled = true
        rendition.broadcast = "./source"
        #expect(reading.catalogue.video.renditions == [rendition])
        #expect(reading.catalogue.video.display == PictureSize(width: 640, height: 480))
        #expect(reading.catalogue.user == .init(id: "1", name: "Alice", avatar: "a", color: "red"))
        #expect(rendition.h264 == H264(form: .avc1, profile: 0x64, constraints: 0, level: 0x1f))
    }

    @Test(arguments: [
        ("room/alice", "./bob", "room/bob"), ("room/alice", "bob", "room/bob"),
        ("room/alice", "../bob", "bob"),
        ("room/alice", "../../bob", nil), ("room/alice", "..", nil), ("room/alice", ".", "room"),
        ("alice", "./bob", "bob"), ("alice", "../bob", nil), ("", "x", "x"), ("", "../x", nil),
        ("a/b/c", ".././x//y/", "a/x/y"), ("room/alice", "./x/../alice", "room/alice"),
    ])
    func references(path: String, reference: String, target: String?) throws {
        let resolved = try BroadcastPath(path).resolving(reference)
        #expect(resolved?.description == target)
    }

    @Test func aReferenceToTheBroadcastItselfIsNone() throws {
        let reading = try read(#"{"video":{"renditions":{"v":{"codec":"vp8","broadcast":"./alice"}}}}"#)
        #expect(reading.catalogue.video.renditions.first?.broadcast == nil)
        #expect(reading.catalogue.video.renditions.count == 1)
    }

    @Test func namesAreOnesOwn() throws {
        let audio = #"{"codec":"opus","sampleRate":48000,"numberOfChannels":2}"#
        let text =
            #"{"video":{"renditions":{"t":{"codec":"vp8"},"":{"codec":"vp8"}}},"audio":{"renditions":{"t":\#(audio),"catalog.json":\#(audio)}}}"#
        let reading = try read(text)
        #expect(reading.catalogue.video.renditions.map(\.name) == ["t"])
        #expect(reading.catalogue.audio.renditions.isEmpty)
        #expect(reading.refusals.map(\.name) == ["", "t", "catalog.json"])
    }

    // MARK: Bombs

    @Test(arguments: ["", "{", "[]", "7", "null", "\"x\"", "{}x", #"{"video":{},"video":{}}"#, "\u{0}"])
    func whatIsNoObjectIsRefused(text: String) {
        #expect(throws: MediaError.self) { try read(text) }
    }

    @Test func aLongDocumentIsRefusedUnread() {
        let text = "{\"x\":\"" + String(repeating: "a", count: HangLimits.catalogueBytes) + "\"}"
        #expect(
            throws: MediaError(.limit, "catalogue: JSON is longer than \(HangLimits.catalogueBytes) bytes")
        ) {
            try read(text)
        }
    }

    @Test func aDeepDocumentIsRefused() {
        let depth = HangLimits.catalogueDepth
        let text =
            "{\"x\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        #expect(throws: MediaError(.limit, "catalogue: JSON is nested deeper than \(depth) levels")) {
            try read(text)
        }
    }

    @Test func onlySoManyRenditions() throws {
        let table = (0..<1000).map { #""t\#($0)":{"codec":"vp8"}"# }.joined(separator: ",")
        let reading = try read(#"{"video":{"renditions":{\#(table)}}}"#)
        #expect(reading.catalogue.video.renditions.count == HangLimits.renditions)
        #expect(reading.refusals.count <= HangLimits.renditions + 1)
    }

    @Test func longNamesAndTextsAreLeftOut() throws {
        let long = String(repeating: "n", count: HangLimits.nameBytes + 1)
        let bytes = String(repeating: "00", count: HangLimits.descriptionBytes + 1)
        let text = """
            {"video":{"renditions":{"\(long)":{"codec":"vp8"},"d":{"codec":"vp8","description":"\(bytes)"},
            "c":{"codec":"\(long)"}}},"user":{"name":"\(String(repeating: "x", count: HangLimits.userTextBytes + 1))"}}
            """
        let reading = try read(text)
        #expect(reading.catalogue == Catalogue())
        #expect(reading.refusals.count == 3)
    }

    @Test func hintsOutOfRangeAreAsIfAbsent() throws {
        let text = """
            {"video":{"renditions":{"v":{"codec":"vp8","codedWidth":1000000,"codedHeight":0,"bitrate":-5,"framerate":0,
            "displayAspectWidth":-1,"displayAspectHeight":9,"stalled":"yes","optimizeForLatency":1}},"rotation":"x"}}
            """
        #expect(try read(text).catalogue.video.renditions == [VideoRendition(name: "v", codec: "vp8")])
    }

    /// Any document, cut or with a byte changed, is read or refused, and what is read can be read again.
    @Test func damagedDocuments() throws {
        var random = SeededRandom(seed: 20)
        for example in CatalogueExamples.all {
            let bytes = Array(example.utf8)
            for _ in 0..<2000 {
                var damaged = bytes
                for _ in 0..<(1 + Int(random.next() % 3)) {
                    let place = Int(random.next() % UInt64(damaged.count))
                    switch random.next() % 3 {
                    case 0: damaged[place] = UInt8(truncatingIfNeeded: random.next())
                    case 1: damaged.remove(at: place)
                    default: damaged.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                    }
                }
                guard let reading = try? CatalogueReading(damaged, of: BroadcastPath("a/b")) else { continue }
                #expect(
                    reading.catalogue.video.renditions.count + reading.catalogue.audio.renditions.count
                        <= HangLimits.renditions
                )
                // Some of it we would not write; the rest survives a turn.
                guard let written = try? reading.catalogue.encoded() else { continue }
                let again = try CatalogueReading(written, of: BroadcastPath("a/b"))
                #expect(again.catalogue == reading.catalogue)
                #expect(again.refusals.isEmpty)
            }
        }
    }
}
