import BurrowBase
import BurrowMedia
import BurrowMoQ
import Testing

@Suite struct MediaPublisherTests {
    private let start = Instant(microseconds: 1_000_000)

    private func video(_ name: String = "video") -> VideoRendition {
        VideoRendition(name: name, codec: "avc3.42c01f")
    }

    private func audio(_ name: String = "audio") -> AudioRendition {
        AudioRendition(name: name, codec: "opus", sampleRate: 48000, channels: 1)
    }

    private func actions(_ publisher: inout MediaPublisher, at now: Instant) -> [MediaPublisher.Action] {
        var all: [MediaPublisher.Action] = []
        while let action = publisher.nextAction(now: now) { all.append(action) }
        return all
    }

    /// The places of frames in words: `g0.1` is frame 1 of group 0, `[` begins a group and `]` ends it.
    private func word(_ placement: FramePlacement) -> String {
        switch placement {
        case .write(let frame, let group, let index):
            (frame.isKey ? "[" : "") + "g\(group).\(index)" + (frame.endsGroup ? "]" : "")
        case .refused(let reason): "\(reason)"
        }
    }

    private func run(_ writer: inout MediaPublisher, _ id: MediaTrackID, _ frames: [EncodedFrame]) -> [String]
    {
        frames.map { word(writer.place($0, on: id)) }
    }

    // MARK: Pauses

    /// The mark of a break takes a number of its own, and once is enough. A key frame must follow.
    @Test func aPauseIsAGroupOfItsOwn() throws {
        var publisher = MediaPublisher()
        let id = try publisher.add(video())
        var pauses = [publisher.pause(id)]
        func frame(_ number: Int64, isKey: Bool) -> EncodedFrame {
            EncodedFrame(timestamp: number * 40_000, isKey: isKey, payload: Slice(copying: [1].span))
        }
        #expect(run(&publisher, id, [frame(0, isKey: true), frame(1, isKey: false)]) == ["[g0.0", "g0.1"])
        pauses += [publisher.pause(id), publisher.pause(id)]
        #expect(
            run(&publisher, id, [frame(2, isKey: false), frame(3, isKey: true)]) == [
                "needsKeyFrame", "[g2.0",
            ]
        )
        let sound = try publisher.add(audio())
        pauses += [publisher.pause(id), publisher.pause(sound)]
        #expect(pauses == [false, true, false, true, false])
    }

    // MARK: Catalogue

    @Test func theCatalogueIsThereBeforeAnything() throws {
        var publisher = MediaPublisher()
        #expect(
            actions(&publisher, at: start) == [
                .open(.catalogue, TrackDefaults.catalogueConfiguration), .writeCatalogue(Array("{}".utf8)),
            ]
        )
        #expect(TrackDefaults.catalogueConfiguration.name == "catalog.json")
        #expect(TrackDefaults.catalogueConfiguration.priority == 100)
    }

    @Test func tracksAreOpenBeforeTheCatalogueNamesThem() throws {
        var publisher = MediaPublisher()
        let picture = try publisher.add(video())
        let sound = try publisher.add(audio())
        let list = actions(&publisher, at: start)
        #expect(
            list.prefix(3) == [
                .open(.catalogue, TrackDefaults.catalogueConfiguration),
                .open(picture, TrackConfiguration(name: "video", priority: 60, maxAge: .seconds(5))),
                .open(sound, TrackConfiguration(name: "audio", priority: 80, maxAge: .seconds(1))),
            ]
        )
        #expect(list.count == 4)
        #expect(list.last == .writeCatalogue(try publisher.catalogue.encoded()))
        #expect(actions(&publisher, at: start + .seconds(100)).isEmpty)
    }

    @Test func tracksCloseAfterTheCatalogueForgotThem() throws {
        var publisher = MediaPublisher()
        let picture = try publisher.add(video())
        _ = try publisher.add(audio())
        _ = actions(&publisher, at: start)
        publisher.remove(picture)
        #expect(
            actions(&publisher, at: start) == [
                .writeCatalogue(try publisher.catalogue.encoded()), .close(picture),
            ]
        )
        #expect(publisher.catalogue.video.renditions.isEmpty)
        #expect(publisher.place(encoded(0, key: true), on: picture) == .refused(.unknownTrack))
        publisher.remove(picture)
        #expect(actions(&publisher, at: start).isEmpty)
    }

    @Test func severalChangesAreOneCatalogue() throws {
        var publisher = MediaPublisher()
        _ = actions(&publisher, at: start)
        for index in 0..<10 { _ = try publisher.add(video("v\(index)")) }
        try publisher.set(user: .init(name: "Alice"))
        let catalogues = actions(&publisher, at: start).filter {
            if case .writeCatalogue = $0 { true } else { false }
        }
        #expect(catalogues.count == 1)
    }

    /// Figures may change a hundred times a second; nobody needs to hear of it so often.
    @Test func figuresArePublishedOnceASecond() throws {
        var publisher = MediaPublisher()
        let picture = try publisher.add(video())
        _ = actions(&publisher, at: start)
        var written = 0
        for step in 1...500 {
            let now = start + .milliseconds(Int64(step) * 10)
            try publisher.update(picture) { (rendition: inout VideoRendition) in
                rendition.bitRate = 100_000 + step
            }
            written += actions(&publisher, at: now).count
            #expect(publisher.deadline > now)
        }
        #expect(written == 5)
        #expect(publisher.counters.catalogues == 6)
        let last = publisher.deadline
        #expect(actions(&publisher, at: last).isEmpty)
    }

    @Test func whatMattersIsPublishedAtOnce() throws {
        var publisher = MediaPublisher()
        let picture = try publisher.add(video())
        let sound = try publisher.add(audio())
        _ = actions(&publisher, at: start)
        try publisher.update(picture) { (rendition: inout VideoRendition) in rendition.codedHeight = 720 }
        #expect(actions(&publisher, at: start).count == 1)
        try publisher.update(picture) { (rendition: inout VideoRendition) in rendition.isStalled = true }
        #expect(actions(&publisher, at: start).count == 1)
        try publisher.update(sound) { (rendition: inout AudioRendition) in rendition.channels = 2 }
        #expect(actions(&publisher, at: start).count == 1)
        try publisher.set(display: PictureSize(width: 4, height: 3), rotation: 90, isFlipped: true)
        #expect(actions(&publisher, at: start).count == 1)
        #expect(publisher.catalogue.video.rotation == 90)
    }

    @Test func aBadRenditionChangesNothing() throws {
        var publisher = MediaPublisher()
        let picture = try publisher.add(video())
        let before = publisher.catalogue
        #expect(throws: MediaError.self) { try publisher.add(video()) }
        #expect(throws: MediaError.self) { try publisher.add(audio("")) }
        #expect(throws: MediaError.self) {
            try publisher.update(picture) { (rendition: inout VideoRendition) in rendition.frameRate = .nan }
        }
        #expect(throws: MediaError.self) {
            try publisher.update(picture) { (rendition: inout AudioRendition) in rendition.bitRate = 1 }
        }
        #expect(publisher.catalogue == before)
        try publisher.update(picture) { (rendition: inout VideoRendition) in
            rendition.name = "other"
            rendition.container = .loc
        }
        #expect(publisher.catalogue == before)
    }

    // MARK: Frames

    @Test func aGroupFromKeyToKey() throws {
        var publisher = MediaPublisher()
        let id = try publisher.add(video())
        #expect(
            run(
                &publisher,
                id,
                [
                    encoded(0), encoded(1, key: true), encoded(2), encoded(3), encoded(4, key: true),
                    encoded(5),
                ]
            ) == ["needsKeyFrame", "[g0.0", "g0.1", "g0.2", "[g1.0", "g1.1"]
        )
        #expect(publisher.counters == .init(placed: 5, refused: 1))
    }

    @Test func aPacketAGroupUnlessBundled() throws {
        var publisher = MediaPublisher()
        let single = try publisher.add(audio())
        let triple = try publisher.add(audio("bundle"), packetsPerGroup: 3)
        let packets = (0..<5).map { encoded(Int64($0) * 20_000) }
        #expect(
            run(&publisher, single, packets) == ["[g0.0]", "[g1.0]", "[g2.0]", "[g3.0]", "[g4.0]"]
        )
        #expect(run(&publisher, triple, packets) == ["[g0.0", "g0.1", "g0.2]", "[g1.0", "g1.1"])
    }

    @Test func timeDoesNotGoBackBetweenGroups() throws {
        var publisher = MediaPublisher()
        let picture = try publisher.add(video())
        #expect(
            run(
                &publisher,
                picture,
                [
                    encoded(100, key: true), encoded(90), encoded(130), encoded(120), encoded(99, key: true),
                    encoded(140), encoded(100, key: true),
                ]
            ) == ["[g0.0", "timestampBehind", "g0.1", "g0.2", "timestampBehind", "g0.3", "[g1.0"]
        )
        let sound = try publisher.add(audio())
        #expect(
            run(&publisher, sound, [encoded(40), encoded(20), encoded(40), encoded(60)]) == [
                "[g0.0]", "timestampBehind", "[g1.0]", "[g2.0]",
            ]
        )
    }

    @Test func badFrames() throws {
        var publisher = MediaPublisher()
        let id = try publisher.add(audio())
        #expect(
            run(
                &publisher,
                id,
                [
                    encoded(-1), encoded(.min), encoded(.max), encoded(HangLimits.timestamp + 1),
                    encoded(0, []),
                    encoded(0, [UInt8](repeating: 0, count: HangLimits.frameBytes + 1)),
                ]
            ) == [
                "timestampOutOfRange", "timestampOutOfRange", "timestampOutOfRange", "timestampOutOfRange",
                "empty",
                "tooLarge",
            ]
        )
    }

    @Test func anEndlessGroupWantsAKeyFrame() throws {
        var publisher = MediaPublisher()
        let id = try publisher.add(video())
        _ = publisher.place(encoded(0, key: true), on: id)
        for time in 1..<HangLimits.groupFrames {
            guard case .write = publisher.place(encoded(Int64(time)), on: id) else {
                Issue.record("refused at \(time)")
                return
            }
        }
        #expect(publisher.place(encoded(20_000), on: id) == .refused(.needsKeyFrame))
        #expect(word(publisher.place(encoded(20_001, key: true), on: id)) == "[g1.0")
        #expect(word(publisher.place(encoded(20_002), on: id)) == "g1.1")
    }

    /// Whatever comes, what is written obeys the rules of hang.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func anyOrderOfFrames(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var publisher = MediaPublisher()
        let bundle = Int(random.next() % 4) + 1
        let tracks = [try publisher.add(video()), try publisher.add(audio(), packetsPerGroup: bundle)]
        var expected: [UInt64] = [0, 0]
        var starts: [Int64] = [0, 0]
        var counts = [0, 0]
        var clock: Int64 = 0
        for _ in 0..<2000 {
            clock += Int64(random.next() % 50_000) - 5000
            if random.next() % 100 == 0 { clock -= 1_000_000 }
            let which = Int(random.next() % 2)
            let frame = encoded(clock, key: random.next() % 10 == 0, random.next() % 50 == 0 ? [] : [1])
            guard case .write(let outgoing, let group, let index) = publisher.place(frame, on: tracks[which])
            else {
                continue
            }
            if outgoing.isKey {
                #expect(group == expected[which] && index == 0)
                #expect(frame.timestamp >= starts[which])
                #expect(which == 1 || frame.isKey)
                expected[which] += 1
                starts[which] = frame.timestamp
                counts[which] = 1
            } else {
                #expect(group == expected[which] - 1 && index == counts[which])
                #expect(which == 1 || !frame.isKey)
                counts[which] += 1
            }
            #expect(outgoing.timestamp == frame.timestamp)
            #expect(outgoing.endsGroup == (which == 1 && counts[which] == bundle))
        }
        #expect(expected[0] > 10 && expected[1] > 10)
    }
}
