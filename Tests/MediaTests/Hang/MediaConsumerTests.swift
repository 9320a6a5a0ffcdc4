import BurrowBase
import BurrowMedia
import BurrowMoQ
import Testing

/// Which tracks a consumer wants, and how it goes over from one to another.
@Suite struct MediaConsumerTests {
    /// A broadcast with three sizes of pictures and two of sound, 40 ms a picture, 10 pictures a group.
    struct Scene {
        var consumer: MediaConsumer
        var catalogue = Catalogue()
        var version: UInt64 = 0
        var now = Instant(microseconds: 0)
        /// Names of the subscribed tracks.
        var names: [MediaTrackID: String] = [:]
        /// What was asked for since the last look: `+name`, `-name`, `~` for a catalogue.
        var asked: [String] = []

        init(carriesAudio: Bool = true) throws {
            consumer = MediaConsumer(path: try BroadcastPath("room/alice"), carriesAudio: carriesAudio)
            catalogue.video.renditions = [(320, 180), (640, 360), (1280, 720)].map { (width, height) in
                var rendition = VideoRendition(name: "\(height)", codec: "avc3.42c01f")
                rendition.codedWidth = width
                rendition.codedHeight = height
                rendition.bitRate = width * 1000
                return rendition
            }
            catalogue.audio.renditions = [
                AudioRendition(name: "opus", codec: "opus", sampleRate: 48000, channels: 2),
                AudioRendition(name: "aac", codec: "mp4a.40.2", sampleRate: 48000, channels: 2),
            ]
            perform()
            asked = []
        }

        mutating func publish() throws {
            let document = slice(try catalogue.encoded())
            consumer.receive(document, of: .catalogue, group: version, index: 0)
            version += 1
            perform()
        }

        mutating func perform() {
            while let action = consumer.nextAction() {
                switch action {
                case .subscribe(let id, _, let name, _):
                    names[id] = name
                    asked.append("+\(name)")
                case .unsubscribe(let id): asked.append("-\(names.removeValue(forKey: id) ?? "?")")
                case .finish(let id): asked.append(".\(names.removeValue(forKey: id) ?? "?")")
                case .catalogueChanged: asked.append("~")
                case .update(let id, _): asked.append("=\(names[id] ?? "?")")
                case .problem: asked.append("problem")
                }
            }
        }

        mutating func taken() -> [String] {
            perform()
            defer { asked = [] }
            return asked
        }

        func id(_ name: String) throws -> MediaTrackID {
            try #require(names.first { $0.value == name }?.key)
        }

        /// Pictures by their number, those of one rendition.
        mutating func show(_ name: String, _ numbers: Range<Int>) throws {
            for number in numbers {
                let frame = try LegacyFrame.write(
                    timestamp: Int64(number) * 40_000,
                    payload: [1].span,
                    allocator: SliceAllocator()
                )
                consumer.receive(frame, of: try id(name), group: UInt64(number / 10), index: number % 10)
            }
        }

        /// What is to be decoded: `360:12` is picture 12 of that rendition.
        mutating func seen() -> String {
            var words: [String] = []
            while let next = consumer.nextFrame(.video, now: now) {
                let name = names[next.track] ?? "?"
                words.append(
                    "\(name):\(next.frame.timestamp / 40_000)" + (next.isDecodedOnly ? "~" : "")
                        + (next.isDiscontinuous ? "!" : "")
                )
            }
            return words.joined(separator: " ")
        }
    }

    @Test func nothingIsSubscribedUnasked() throws {
        var scene = try Scene()
        try scene.publish()
        #expect(scene.taken() == ["~"])
        scene.consumer.want(audio: true)
        #expect(scene.taken() == ["+opus"])
        scene.consumer.want(audio: false)
        #expect(scene.taken() == ["-opus"])
    }

    @Test func wishesWaitForTheCatalogue() throws {
        var scene = try Scene()
        scene.consumer.want(video: VideoWish(size: PictureSize(width: 300, height: 170)))
        scene.consumer.want(audio: true)
        #expect(scene.taken() == [])
        try scene.publish()
        #expect(scene.taken() == ["~", "+opus", "+180"])
        scene.consumer.want(video: nil)
        #expect(scene.taken() == ["-180"])
    }

    @Test(arguments: [
        (320, 180, "180"), (321, 180, "360"), (640, 360, "360"), (360, 640, "360"), (700, 100, "720"),
        (1920, 1080, "720"), (1, 1, "180"), (0, 0, "180"), (-5, 7, "180"),
    ])
    func theSmallestThatFillsTheSize(width: Int, height: Int, name: String) throws {
        let scene = try Scene()
        let wish = VideoWish(size: PictureSize(width: width, height: height))
        #expect(MediaSupport().choose(from: scene.catalogue.video, for: wish)?.name == name)
    }

    @Test func otherReasonsToChoose() throws {
        var video = try Scene().catalogue.video
        let support = MediaSupport()
        #expect(support.choose(from: video, for: VideoWish())?.name == "720")
        #expect(support.choose(from: video, for: VideoWish(bitRate: 700_000))?.name == "360")
        #expect(support.choose(from: video, for: VideoWish(bitRate: 1))?.name == "720")
        video.renditions[2].isStalled = true
        #expect(support.choose(from: video, for: VideoWish())?.name == "360")
        video.renditions[0].isStalled = true
        video.renditions[1].isStalled = true
        #expect(support.choose(from: video, for: VideoWish())?.name == "720")
        video.renditions[2].codec = "av01.0.04M.08"
        #expect(support.choose(from: video, for: VideoWish())?.name == "360")
        video.renditions[1].codec = "avc1.f4001f"
        #expect(support.choose(from: video, for: VideoWish())?.name == "180")
        video.renditions[0].codedWidth = 16000
        #expect(support.choose(from: video, for: VideoWish()) == nil)
        var unknown = Catalogue.Video(renditions: [VideoRendition(name: "a", codec: "avc3.42c01f")])
        #expect(
            support.choose(from: unknown, for: VideoWish(size: PictureSize(width: 9, height: 9)))?.name == "a"
        )
        unknown.renditions.append(VideoRendition(name: "b", codec: "avc3.42c01f"))
        unknown.renditions[1].bitRate = 100_000
        #expect(support.choose(from: unknown, for: VideoWish())?.name == "b")
    }

    @Test func theRenditionsChangePlacesAtAKeyFrame() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish(size: PictureSize(width: 320, height: 180)))
        _ = scene.taken()
        try scene.show("180", 0..<5)
        #expect(scene.seen() == "180:0 180:1 180:2 180:3 180:4")
        scene.consumer.want(video: VideoWish(size: PictureSize(width: 640, height: 360)))
        #expect(scene.taken() == ["+360"])
        // A new subscription begins with the group under way, which would show again what was shown.
        try scene.show("360", 0..<8)
        try scene.show("180", 5..<8)
        #expect(scene.seen() == "180:5 180:6 180:7")
        // The next group of the new one is there first: the old one still has pictures before it.
        try scene.show("360", 8..<12)
        #expect(scene.seen() == "")
        try scene.show("180", 8..<11)
        #expect(scene.seen() == "180:8 180:9 360:10 360:11")
        #expect(scene.taken() == ["-180"])
        #expect(scene.consumer.counters.switches == 1)
        try scene.show("360", 12..<14)
        #expect(scene.seen() == "360:12 360:13")
    }

    @Test func anotherDecoderForAnotherRendition() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish(size: PictureSize(width: 320, height: 180)))
        _ = scene.taken()
        try scene.show("180", 0..<10)
        scene.consumer.want(video: VideoWish())
        scene.perform()
        try scene.show("720", 10..<12)
        var decoders: [UInt32] = []
        while let next = scene.consumer.nextFrame(.video, now: scene.now) {
            if decoders.last != next.decoder { decoders.append(next.decoder) }
            let format = try #require(scene.consumer.videoFormat(of: next.track))
            #expect(format.rendition.name == (decoders.count == 1 ? "180" : "720"))
            #expect(format.description == nil)
        }
        #expect(decoders.count == 2)
    }

    /// The old rendition comes no more, as when the way has become too narrow for it.
    @Test func aSilentRenditionIsLeftInTime() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish())
        _ = scene.taken()
        try scene.show("720", 0..<5)
        _ = scene.seen()
        scene.consumer.want(video: VideoWish(size: PictureSize(width: 1, height: 1)))
        scene.perform()
        try scene.show("180", 0..<12)
        #expect(scene.seen() == "")
        scene.now = scene.consumer.deadline
        #expect(scene.now == Instant(microseconds: 500_000))
        #expect(scene.seen() == "180:10 180:11")
        #expect(scene.taken().last == "-720")
    }

    @Test func changingOnesMindCostsNothing() throws {
        var scene = try Scene()
        try scene.publish()
        let small = VideoWish(size: PictureSize(width: 320, height: 180))
        scene.consumer.want(video: small)
        _ = scene.taken()
        try scene.show("180", 0..<3)
        _ = scene.seen()
        scene.consumer.want(video: VideoWish())
        scene.consumer.want(video: VideoWish(size: PictureSize(width: 640, height: 360)))
        #expect(scene.taken() == ["+720", "+360", "-720"])
        scene.consumer.want(video: small)
        #expect(scene.taken() == ["-360"])
        try scene.show("180", 3..<5)
        #expect(scene.seen() == "180:3 180:4")
    }

    @Test func aRenditionThatGoesIsReplaced() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish())
        _ = scene.taken()
        try scene.show("720", 0..<3)
        #expect(scene.seen() == "720:0 720:1 720:2")
        try scene.show("720", 3..<5)
        scene.catalogue.video.renditions.removeLast()
        try scene.publish()
        #expect(scene.taken() == ["~", "+360"])
        // What had come of it is played, then the other begins where it can.
        try scene.show("360", 0..<6)
        #expect(scene.seen() == "720:3 720:4 360:0~ 360:1~ 360:2~ 360:3~ 360:4~ 360:5")
        #expect(scene.taken() == ["-720"])
    }

    @Test func aTrackThatFailsIsNotAskedForAgain() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish())
        _ = scene.taken()
        scene.consumer.end(try scene.id("720"))
        #expect(scene.taken() == ["+360"])
        scene.consumer.end(try scene.id("360"))
        #expect(scene.taken() == ["+180", "-360"])
        scene.consumer.end(try scene.id("180"))
        #expect(scene.taken() == ["-720", "-180"])
        // News of the catalogue are a new chance.
        scene.catalogue.video.renditions[2].codedHeight = 721
        try scene.publish()
        #expect(scene.taken() == ["~", "+720"])
    }

    @Test func figuresDisturbNothing() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish())
        scene.consumer.want(audio: true)
        _ = scene.taken()
        for jitter in 0..<100 {
            scene.catalogue.video.renditions[2].jitter = jitter
            try scene.publish()
        }
        #expect(scene.taken() == [String](repeating: "~", count: 100))
        try scene.show("720", 0..<2)
        #expect(scene.seen() == "720:0 720:1")
        #expect(scene.consumer.follower.counters.parsed == 101)
    }

    @Test func anotherSizeIsAnotherDecoderFromTheNextKeyFrame() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish())
        _ = scene.taken()
        try scene.show("720", 0..<12)
        var decoders: [UInt32] = []
        while decoders.count < 5, let next = scene.consumer.nextFrame(.video, now: scene.now) {
            decoders.append(next.decoder)
        }
        scene.catalogue.video.renditions[2].codedHeight = 700
        try scene.publish()
        #expect(scene.taken() == ["~"])
        while let next = scene.consumer.nextFrame(.video, now: scene.now) { decoders.append(next.decoder) }
        #expect(Set(decoders[1..<10]).count == 1)
        #expect(decoders[10] != decoders[9])
        #expect(decoders[11] == decoders[10])
    }

    @Test func aContainerThatCannotBeReadIsAProblem() throws {
        var scene = try Scene()
        scene.catalogue.video.renditions[2].container = .cmaf(initialisation: [1, 2, 3])
        scene.consumer.want(video: VideoWish())
        try scene.publish()
        #expect(scene.taken() == ["~", "problem", "+360"])
    }

    @Test func aBrokenCatalogueIsAProblem() throws {
        var scene = try Scene()
        try scene.publish()
        _ = scene.taken()
        scene.consumer.receive(slice(Array("{".utf8)), of: .catalogue, group: 5, index: 0)
        #expect(scene.taken() == ["problem"])
        #expect(scene.consumer.catalogue?.video.renditions.count == 3)
    }

    @Test func theLatencyReachesTheTracks() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish())
        scene.consumer.want(audio: true)
        _ = scene.taken()
        var terms = MediaTerms(.video, maxLatency: .milliseconds(200))
        scene.consumer.set(terms, of: .video)
        #expect(scene.taken() == ["=720"])
        scene.consumer.set(terms, of: .video)
        #expect(scene.taken() == [])
        terms.priority = 7
        scene.consumer.set(terms, of: .video)
        var asked: [SubscribeOptions] = []
        while let action = scene.consumer.nextAction() {
            if case .update(_, let options) = action { asked.append(options) }
        }
        #expect(asked == [SubscribeOptions(priority: 7, maxAge: .milliseconds(200))])
        scene.consumer.set(MediaTerms(.audio, maxLatency: .seconds(1)), of: .audio)
        #expect(scene.taken() == ["=opus"])
    }

    /// Whoever names a rendition gets that one, or none.
    @Test func aRenditionByName() throws {
        var scene = try Scene()
        try scene.publish()
        _ = scene.taken()
        scene.consumer.want(video: VideoWish(name: "180"))
        scene.consumer.want(audio: true, named: "nothing of that name")
        #expect(scene.taken() == ["+180"])
        scene.consumer.end(try scene.id("180"))
        #expect(scene.taken() == ["-180"])
    }

    /// One that ended may be there again, even if the catalogue never was without it; one that cannot be decoded stays
    /// out until the catalogue says something new.
    @Test func endedTracksAreTriedAgain() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(video: VideoWish())
        #expect(scene.taken() == ["~", "+720"])
        scene.consumer.refuse(try scene.id("720"))
        #expect(scene.taken() == ["+360"])
        scene.consumer.end(try scene.id("360"))
        _ = scene.taken()
        scene.consumer.retry()
        #expect(scene.taken().contains("+360"))
        scene.consumer.retry()
        #expect(scene.taken() == [])
    }

    /// A participant who comes back says the same as before; everything is asked for again.
    @Test func theSameCatalogueFromAnotherTrack() throws {
        var scene = try Scene()
        try scene.publish()
        scene.consumer.want(audio: true)
        scene.consumer.want(video: VideoWish())
        _ = scene.taken()
        for name in ["opus", "720", "360", "180"] {
            if let id = try? scene.id(name) { scene.consumer.end(id) }
            _ = scene.taken()
        }
        #expect(scene.names.values.sorted() == ["catalog.json"])
        scene.consumer.followAnew()
        #expect(scene.taken() == ["-catalog.json", "+catalog.json"])
        scene.version = 0
        try scene.publish()
        #expect(scene.taken() == ["+opus", "+720"])
    }

    @Test func whatIsAskedOfTheRelay() throws {
        var consumer = MediaConsumer(path: try BroadcastPath("room/alice"))
        let catalogue = SubscribeOptions(priority: 100, maxAge: .seconds(10))
        #expect(
            consumer.nextAction()
                == .subscribe(
                    .catalogue,
                    broadcast: try BroadcastPath("room/alice"),
                    name: "catalog.json",
                    catalogue
                )
        )
        let text = #"{"video":{"renditions":{"v":{"codec":"avc3.42c01f","broadcast":"./screen"}}}}"#
        consumer.receive(slice(Array(text.utf8)), of: .catalogue, group: 0, index: 0)
        consumer.want(video: VideoWish())
        _ = consumer.nextAction()
        #expect(
            consumer.nextAction()
                == .subscribe(
                    MediaTrackID(rawValue: 1),
                    broadcast: try BroadcastPath("room/screen"),
                    name: "v",
                    SubscribeOptions(priority: 60, maxAge: .milliseconds(500))
                )
        )
    }

    // MARK: Sound

    @Test func soundComesAsItArrives() throws {
        var scene = try Scene()
        scene.consumer.want(audio: true)
        try scene.publish()
        let id = try scene.id("opus")
        for number in [0, 2, 1, 3] as [UInt64] {
            let frame = try LegacyFrame.write(
                timestamp: Int64(number) * 20_000,
                payload: [UInt8(number)].span,
                allocator: SliceAllocator()
            )
            scene.consumer.receive(frame, of: id, group: number, index: 0)
        }
        scene.consumer.endGroup(4, of: id, isWhole: true, count: 0)
        scene.consumer.receive(slice("00 09"), of: id, group: 5, index: 0)
        var heard: [UInt8] = []
        var breaks: [Bool] = []
        while let next = scene.consumer.nextFrame(.audio, now: scene.now) {
            heard.append([UInt8](next.frame.payload)[0])
            breaks.append(next.isDiscontinuous)
            #expect(next.frame.isKey && !next.isDecodedOnly)
        }
        #expect(heard == [0, 2, 1, 3, 9])
        #expect(breaks == [false, false, false, false, true])
        let format = try #require(scene.consumer.audioFormat(of: id))
        #expect(format.rendition.channels == 2)
    }

    @Test func soundNobodyTakesIsBounded() throws {
        var scene = try Scene()
        scene.consumer.want(audio: true)
        try scene.publish()
        let id = try scene.id("opus")
        for group in 0..<5000 as Range<UInt64> {
            scene.consumer.receive(slice("00 09"), of: id, group: group, index: 0)
        }
        var count = 0
        while scene.consumer.nextFrame(.audio, now: scene.now) != nil { count += 1 }
        #expect(count == 512)
    }

    @Test func soundChangesTrackWithoutAPause() throws {
        var scene = try Scene()
        scene.consumer.want(audio: true)
        try scene.publish()
        _ = scene.taken()
        let old = try scene.id("opus")
        func packet(_ number: Int64) throws -> Slice {
            try LegacyFrame.write(timestamp: number * 20_000, payload: [1].span, allocator: SliceAllocator())
        }
        for number in 0..<3 as Range<Int64> {
            scene.consumer.receive(try packet(number), of: old, group: UInt64(number), index: 0)
        }
        var better = AudioRendition(name: "better", codec: "opus", sampleRate: 48000, channels: 2)
        better.bitRate = 96_000
        scene.catalogue.audio.renditions.append(better)
        try scene.publish()
        #expect(scene.taken() == ["~", "+better"])
        scene.consumer.receive(try packet(3), of: old, group: 3, index: 0)
        let new = try scene.id("better")
        for number in 2..<6 as Range<Int64> {
            scene.consumer.receive(try packet(number), of: new, group: UInt64(number), index: 0)
        }
        var heard: [Int64] = []
        while let next = scene.consumer.nextFrame(.audio, now: scene.now) {
            heard.append(next.frame.timestamp / 20_000)
        }
        #expect(heard == [0, 1, 2, 3, 4, 5])
        #expect(scene.taken() == ["-opus"])
    }

    /// Nobody would notice here when the new track has something.
    @Test func soundThatGoesElsewhereChangesTrackAtOnce() throws {
        var scene = try Scene(carriesAudio: false)
        scene.consumer.want(audio: true)
        try scene.publish()
        #expect(scene.taken() == ["~", "+opus"])
        var better = AudioRendition(name: "better", codec: "opus", sampleRate: 48000, channels: 2)
        better.bitRate = 96_000
        scene.catalogue.audio.renditions.append(better)
        try scene.publish()
        #expect(scene.taken() == ["~", "+better", "-opus"])
        scene.consumer.end(try scene.id("better"))
        #expect(scene.taken() == ["+opus", "-better"])
    }
}
