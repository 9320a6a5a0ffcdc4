import BurrowBase
import BurrowMedia
import BurrowMoQ
import BurrowSimulation
import Testing

/// Media tracks through the real layers below them, on a network with its faults.
@Suite struct MediaTrackTests {
    private static let line = LinkConditions(delay: .milliseconds(20), jitter: .milliseconds(5), loss: 0.01)
    private static let small = VideoWish(size: PictureSize(width: 320, height: 180))

    private func rendition(_ name: String, _ width: Int, _ height: Int) -> VideoRendition {
        var rendition = VideoRendition(name: name, codec: "avc3.42c01f")
        rendition.codedWidth = width
        rendition.codedHeight = height
        return rendition
    }

    private func sound() -> AudioRendition {
        AudioRendition(name: "audio", codec: "opus", sampleRate: 48000, channels: 1)
    }

    /// Twelve seconds: the small pictures, the large ones from the fourth on, the small ones again from the eighth on.
    @Test(arguments: Version.preferred)
    func picturesGoOverBetweenRenditionsWithoutAGap(version: Version) throws {
        let scene = try RoomScene(seed: 31, versions: [version])
        let studio = MediaStudio(try scene.join("alice", path: "alice", conditions: Self.line))
        let low = try studio.publisher.add(rendition("180p", 320, 180))
        let high = try studio.publisher.add(rendition("720p", 1280, 720))
        let audio = try studio.publisher.add(sound())
        try studio.perform()
        let viewer = try MediaViewer(
            try scene.join("bob", conditions: Self.line),
            path: "alice",
            maxLatency: .seconds(1)
        )
        viewer.consumer.want(video: Self.small)
        viewer.consumer.want(audio: true)
        try viewer.play(for: .seconds(1))
        // Not at the same pictures.
        studio.send(low, 0..<300, step: MediaStudio.pictureStep, keyEvery: 25, size: 400)
        studio.send(high, 0..<300, step: MediaStudio.pictureStep, keyEvery: 30, size: 3000)
        studio.send(audio, 0..<600, step: MediaStudio.packetStep, size: 80)
        try viewer.play(for: .seconds(4))
        viewer.consumer.want(video: VideoWish())
        try viewer.play(for: .seconds(4))
        viewer.consumer.want(video: Self.small)
        try viewer.play(for: .seconds(6))

        #expect(viewer.pictures.filter { !$0.isDecodedOnly }.map(\.number) == Array(0..<300))
        #expect(viewer.pictures.allSatisfy { !$0.isDiscontinuous })
        #expect(viewer.pictures.count { $0.isDecodedOnly } <= 6)
        var order: [String] = []
        for picture in viewer.pictures where order.last != picture.rendition {
            #expect(picture.isKey)
            order.append(picture.rendition)
        }
        #expect(order == ["180p", "720p", "180p"])
        #expect(viewer.packets.map(\.number).sorted() == Array(0..<600))
        #expect(viewer.damaged == 0)
        #expect(studio.refused == 0)
        #expect(viewer.consumer.counters.switches == 2)
        // What nobody watches is not sent.
        #expect(studio.subscribers(of: low) == 1 && studio.subscribers(of: high) == 0)
    }

    /// Renditions of one camera have their key frames at the same pictures, and the larger is sent first.
    @Test(arguments: [false, true])
    func renditionsChangePlacesAtACommonKeyFrame(largeIsFirst: Bool) throws {
        let scene = try RoomScene(seed: 34)
        let line = LinkConditions(delay: .milliseconds(20))
        let studio = MediaStudio(try scene.join("alice", path: "alice", conditions: line))
        let low = try studio.publisher.add(rendition("180p", 320, 180))
        let high = try studio.publisher.add(rendition("720p", 1280, 720))
        try studio.perform()
        let viewer = try MediaViewer(
            try scene.join("bob", conditions: line),
            path: "alice",
            maxLatency: .seconds(1)
        )
        viewer.consumer.want(video: VideoWish())
        try viewer.play(for: .seconds(1))
        for (id, size) in largeIsFirst ? [(high, 3000), (low, 400)] : [(low, 400), (high, 3000)] {
            studio.send(id, 0..<300, step: MediaStudio.pictureStep, keyEvery: 25, size: size)
        }
        var begin = 0
        for (wish, name) in [(Self.small, "180p"), (VideoWish(), "720p"), (Self.small, "180p")] {
            try viewer.play(for: .milliseconds(2600))
            #expect(viewer.pictures.last?.rendition != name)
            viewer.consumer.want(video: wish)
            begin = viewer.pictures.count
            // A group takes a second.
            try viewer.play(for: .milliseconds(1200))
            #expect(viewer.pictures[begin...].contains { $0.rendition == name && !$0.isDecodedOnly })
        }
        try viewer.play(for: .seconds(3))
        #expect(viewer.pictures.filter { !$0.isDecodedOnly }.map(\.number) == Array(0..<300))
        #expect(viewer.pictures.count { $0.isDecodedOnly } <= 9)
        #expect(viewer.pictures.allSatisfy { !$0.isDiscontinuous })
    }

    /// Two seconds without a network: some pictures are given up, those after it go on at a key frame, and each group
    /// that is played is played from its beginning and without holes.
    @Test(arguments: [Version.lite05, .lite02], 0..<3 as Range<UInt64>)
    func picturesGoOnAfterABlackout(version: Version, seed: UInt64) throws {
        let scene = try RoomScene(seed: 32 + seed, versions: [version])
        let studio = MediaStudio(try scene.join("alice", path: "alice", conditions: Self.line))
        let video = try studio.publisher.add(rendition("180p", 320, 180))
        try studio.perform()
        let bob = try scene.join("bob", conditions: Self.line)
        let viewer = try MediaViewer(bob, path: "alice", maxLatency: .milliseconds(500))
        viewer.consumer.want(video: VideoWish())
        try viewer.play(for: .seconds(1))
        studio.send(video, 0..<250, step: MediaStudio.pictureStep, keyEvery: 25, size: 2000)
        let start = scene.simulation.now + .seconds(3)
        scene.simulation.addBlackout(start..<(start + .seconds(2)), of: bob.peer)
        try viewer.play(for: .seconds(12))
        let numbers = viewer.pictures.filter { !$0.isDecodedOnly }.map(\.number)
        #expect(numbers.first == 0 && numbers.last == 249)
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        for (before, after) in zip(viewer.pictures, viewer.pictures.dropFirst()) {
            #expect(after.number == before.number + 1 || after.isKey && after.isDiscontinuous)
        }
        #expect(numbers.count > 180)
        #expect(viewer.damaged == 0)
    }

    @Test func aRenditionThatIsTakenBackIsReplacedAndOneThatComesIsTaken() throws {
        let scene = try RoomScene(seed: 33)
        let studio = MediaStudio(try scene.join("alice", path: "alice", conditions: Self.line))
        let low = try studio.publisher.add(rendition("180p", 320, 180))
        let high = try studio.publisher.add(rendition("720p", 1280, 720))
        try studio.perform()
        let viewer = try MediaViewer(
            try scene.join("bob", conditions: Self.line),
            path: "alice",
            maxLatency: .seconds(1)
        )
        viewer.consumer.want(video: VideoWish())
        try viewer.play(for: .seconds(1))
        studio.send(low, 0..<250, step: MediaStudio.pictureStep, keyEvery: 25, size: 400)
        studio.send(high, 0..<100, step: MediaStudio.pictureStep, keyEvery: 25, size: 3000)
        try viewer.play(for: .seconds(4))
        studio.publisher.remove(high)
        try studio.perform()
        try viewer.play(for: .seconds(7))
        #expect(viewer.pictures.filter { !$0.isDecodedOnly }.map(\.number) == Array(0..<250))
        #expect(viewer.pictures.last?.rendition == "180p")
        #expect(viewer.pictures.first?.rendition == "720p")
        let better = try studio.publisher.add(rendition("360p", 640, 360))
        try studio.perform()
        try viewer.play(for: .seconds(1))
        studio.send(better, 250..<275, step: MediaStudio.pictureStep, keyEvery: 25, size: 1000)
        try viewer.play(for: .seconds(2))
        #expect(viewer.pictures.suffix(25).allSatisfy { $0.rendition == "360p" })
        #expect(viewer.pictures.last?.number == 274)
    }
}
