import BurrowBase
import BurrowMedia
import BurrowMoQ
import Testing

/// A broadcast of the current upstream publisher: 20 pictures, three groups of at most eight, a packet of sound every
/// 20 ms, and 43 catalogues in that time.
@Suite struct CapturedBroadcastTests {
    struct Line {
        let track: String
        let group: UInt64
        let index: Int
        /// `nil` is the end of the group.
        let frame: [UInt8]?
    }

    private static func lines(_ file: String = "upstream-broadcast") throws -> [Line] {
        let text = try #require(InteropFile.lines("captures/\(file).txt"))
        return try text.map { (line) in
            let words = line.split(separator: " ").map { String($0) }
            try #require(words.count == 4)
            return Line(
                track: words[0],
                group: try #require(UInt64(words[1])),
                index: try #require(Int(words[2])),
                frame: words[3] == "end" ? nil : bytes(words[3])
            )
        }
    }

    private func time(_ picture: Int) -> Int64 { 1_000_000 + Int64(picture) * 1_000_000 / 30 }

    @Test func isReadWhole() throws {
        var consumer = MediaConsumer(path: try BroadcastPath("room/alice"))
        consumer.want(video: VideoWish(size: PictureSize(width: 320, height: 240)))
        consumer.want(audio: true)
        var ids = ["catalog.json": MediaTrackID.catalogue]
        var asked: [String] = []
        var pictures: [MediaFrame] = []
        var packets: [MediaFrame] = []
        var held: [Line] = []
        for line in try Self.lines() {
            held.append(line)
            // A track is heard from once it is subscribed.
            for line in held where ids[line.track] != nil {
                guard let id = ids[line.track] else { continue }
                if let frame = line.frame {
                    consumer.receive(slice(frame), of: id, group: line.group, index: line.index)
                } else {
                    consumer.endGroup(line.group, of: id, isWhole: true, count: line.index)
                }
            }
            held.removeAll { ids[$0.track] != nil }
            while let frame = consumer.nextFrame(.video, now: Instant(microseconds: 0)) {
                pictures.append(frame)
            }
            while let frame = consumer.nextFrame(.audio, now: Instant(microseconds: 0)) {
                packets.append(frame)
            }
            while let action = consumer.nextAction() {
                switch action {
                case .subscribe(let id, _, let name, _):
                    ids[name] = id
                    asked.append("+\(name)")
                case .unsubscribe(let id): asked.append("-\(ids.first { $0.value == id }?.key ?? "?")")
                case .problem: asked.append("problem")
                case .update, .finish, .catalogueChanged: break
                }
            }
        }
        #expect(pictures.map(\.frame.timestamp) == (0..<20).map { time($0) })
        #expect(pictures.enumerated().filter { $0.element.frame.isKey }.map(\.offset) == [0, 8, 16])
        #expect(Set(pictures.map(\.decoder)).count == 1)
        // Parameter sets in front of every key frame, in Annex B.
        #expect(pictures.filter(\.frame.isKey).allSatisfy { $0.frame.payload.span[4] == 0x67 })
        #expect(packets.map(\.frame.timestamp) == packets.indices.map { 1_000_000 + Int64($0) * 20_000 })
        #expect(packets.count >= 32)
        #expect((pictures + packets).allSatisfy { !$0.isDiscontinuous && !$0.isDecodedOnly })
        #expect(consumer.counters.damaged == 0 && consumer.counters.late == 0)
        // The renditions leave the catalogue when their encoders end.
        #expect(asked == ["+catalog.json", "+video", "+audio", "-video", "-audio"])
        let counters = consumer.follower.counters
        #expect(counters.offered == 43 && counters.refused == 0)
        #expect(consumer.follower.refusals.isEmpty)
    }

    @Test func itsCataloguesDifferInFiguresOnly() throws {
        var follower = CatalogueFollower(path: try BroadcastPath("room/alice"))
        var structural = 0
        for line in try Self.lines() where line.track == "catalog.json" {
            guard let frame = line.frame else { continue }
            follower.offer(slice(frame), group: line.group)
            if let diff = try follower.update(), diff.isStructural { structural += 1 }
        }
        // Pictures, sound, and both taken back.
        #expect(structural == 4)
    }

    /// Ours divides the same frames into the same groups and packs them into the same bytes.
    @Test func isPublishedByUsWithTheSameBytes() throws {
        var publisher = MediaPublisher()
        var audio = AudioRendition(name: "audio", codec: "opus", sampleRate: 48000, channels: 1)
        audio.bitRate = 64_000
        let ids = [
            "video": try publisher.add(VideoRendition(name: "video", codec: "avc3.42c00d")),
            "audio": try publisher.add(audio),
        ]
        let reader = try ContainerReader(.legacy, of: .video)
        var compared = 0
        var empty: [String: Int] = [:]
        for line in try Self.lines() {
            guard let id = ids[line.track], let frame = line.frame else { continue }
            var frames: ContiguousArray<EncodedFrame> = []
            try reader.read(slice(frame), isFirst: line.index == 0, into: &frames)
            // Theirs says when media ends with a frame that has a time but no content.
            guard let unpacked = frames.first else {
                empty["\(line.track) \(line.group)", default: 0] += 1
                continue
            }
            let place = line.index - (empty["\(line.track) \(line.group)"] ?? 0)
            guard case .write(let outgoing, let group, let index) = publisher.place(unpacked, on: id) else {
                Issue.record("refused in group \(line.group)")
                continue
            }
            #expect(group == line.group && index == place)
            #expect(outgoing.isKey == (place == 0))
            let packed = try LegacyFrame.write(
                timestamp: unpacked.timestamp,
                payload: unpacked.payload.span,
                allocator: SliceAllocator()
            )
            #expect([UInt8](packed) == frame)
            compared += 1
        }
        #expect(compared > 50)
    }

    @Test func cmafIsReadAsWell() throws {
        var consumer = MediaConsumer(path: try BroadcastPath("room/alice"))
        consumer.want(video: VideoWish())
        var track: MediaTrackID?
        var pictures: [MediaFrame] = []
        for line in try Self.lines("upstream-cmaf") where line.track == "0.m4s" || line.group == 0 {
            let id = line.track == "catalog.json" ? .catalogue : track
            if let id, let frame = line.frame {
                consumer.receive(slice(frame), of: id, group: line.group, index: line.index)
            } else if let id {
                consumer.endGroup(line.group, of: id, isWhole: true, count: line.index)
            }
            while let action = consumer.nextAction() {
                if case .subscribe(let id, _, "0.m4s", _) = action { track = id }
            }
            while let frame = consumer.nextFrame(.video, now: Instant(microseconds: 0)) {
                pictures.append(frame)
            }
        }
        #expect(pictures.count == 20)
        for (number, picture) in pictures.enumerated() {
            // The file's units are eleven microseconds long.
            #expect(abs(picture.frame.timestamp - Int64(number) * 1_000_000 / 30) <= 12)
            #expect(picture.frame.isKey == (number % 15 == 0))
            // A length of four bytes, then a picture of its own or one that needs others.
            let payload = picture.frame.payload
            #expect(Int(payload.span[2]) << 8 | Int(payload.span[3]) == payload.count - 4)
            #expect(payload.span[4] & 0x1f == (number % 15 == 0 ? 5 : 1))
        }
        #expect(consumer.counters == .init(frames: 20))
        let id = try #require(track)
        let format = try #require(consumer.videoFormat(of: id))
        #expect(format.description == CMAFBuilder.avcC)
        #expect(format.rendition.codedSize == PictureSize(width: 320, height: 240))
    }
}
