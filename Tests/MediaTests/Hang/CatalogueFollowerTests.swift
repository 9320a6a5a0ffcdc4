import BurrowBase
import BurrowMedia
import BurrowMoQ
import Testing

@Suite struct CatalogueFollowerTests {
    private func slice(_ text: String) -> Slice { Slice(copying: Array(text.utf8).span) }

    private func follower() throws -> CatalogueFollower {
        CatalogueFollower(path: try BroadcastPath("room/alice"))
    }

    private func catalogue(jitter: Int, bitRate: Int = 300_000, width: Int = 320) -> String {
        """
        {"video":{"renditions":{"video":{"codec":"avc3.42c00d","codedWidth":\(width),"codedHeight":240,"bitrate":\
        \(bitRate),"jitter":\(jitter)}}},"audio":{"renditions":{"audio":{"codec":"opus","sampleRate":48000,\
        "numberOfChannels":2}}}}
        """
    }

    @Test func theFirstCatalogueAddsEverything() throws {
        var follower = try follower()
        #expect(try follower.update() == nil)
        follower.offer(slice(catalogue(jitter: 20)), group: 7)
        let diff = try #require(try follower.update())
        #expect(
            diff.entries == [
                .init(kind: .video, name: "video", change: .added),
                .init(kind: .audio, name: "audio", change: .added),
            ]
        )
        #expect(diff.isStructural)
        #expect(try follower.update() == nil)
    }

    @Test func anEmptyFirstCatalogueIsNewsToo() throws {
        var follower = try follower()
        follower.offer(slice("{}"), group: 0)
        #expect(try #require(try follower.update()).isEmpty)
        #expect(follower.catalogue == Catalogue())
    }

    /// A second of what the current publisher does while its figures settle.
    @Test func aHundredUpdatesRestartNothing() throws {
        var follower = try follower()
        follower.offer(slice(catalogue(jitter: 20)), group: 0)
        _ = try follower.update()
        for group in 1...100 {
            follower.offer(
                slice(catalogue(jitter: 20 + group, bitRate: 300_000 + group)),
                group: UInt64(group)
            )
            let diff = try #require(try follower.update())
            #expect(diff.entries == [.init(kind: .video, name: "video", change: .adjusted)])
            #expect(!diff.isStructural)
        }
        #expect(follower.catalogue?.video.renditions.first?.jitter == 120)
        #expect(follower.counters == .init(offered: 101, parsed: 101, changed: 101, refused: 0))
    }

    @Test func equalBytesAreNotReadAgain() throws {
        var follower = try follower()
        for group in 0..<100 {
            follower.offer(slice(catalogue(jitter: 20)), group: UInt64(group))
            _ = try follower.update()
        }
        #expect(follower.counters == .init(offered: 100, parsed: 1, changed: 1, refused: 0))
    }

    @Test func aBurstIsReadOnce() throws {
        var follower = try follower()
        for group in 0..<100 { follower.offer(slice(catalogue(jitter: group)), group: UInt64(group)) }
        #expect(try follower.update() != nil)
        #expect(follower.catalogue?.video.renditions.first?.jitter == 99)
        #expect(follower.counters == .init(offered: 100, parsed: 1, changed: 1, refused: 0))
    }

    @Test func anOvertakenGroupIsIgnored() throws {
        var follower = try follower()
        follower.offer(slice(catalogue(jitter: 2)), group: 2)
        follower.offer(slice(catalogue(jitter: 1)), group: 1)
        _ = try follower.update()
        #expect(follower.catalogue?.video.renditions.first?.jitter == 2)
        follower.restart()
        follower.offer(slice(catalogue(jitter: 0)), group: 0)
        _ = try follower.update()
        #expect(follower.catalogue?.video.renditions.first?.jitter == 0)
    }

    @Test func aBrokenUpdateLeavesTheLastCatalogue() throws {
        var follower = try follower()
        follower.offer(slice(catalogue(jitter: 2)), group: 0)
        _ = try follower.update()
        follower.offer(slice("{"), group: 1)
        #expect(throws: MediaError.self) { try follower.update() }
        #expect(follower.catalogue?.video.renditions.count == 1)
        #expect(follower.counters.refused == 1)
        // Neither is it read again and again.
        follower.offer(slice("{"), group: 2)
        #expect(try follower.update() == nil)
        #expect(follower.counters.parsed == 2)
    }

    struct Alteration: Sendable {
        let result: CatalogueDiff.Change
        let apply: @Sendable (inout Catalogue) -> Void

        init(_ result: CatalogueDiff.Change, apply: @escaping @Sendable (inout Catalogue) -> Void) {
            self.result = result
            self.apply = apply
        }
    }

    @Test(
        arguments: [
            Alteration(.restarted) { $0.video.renditions[0].codec = "avc3.640028" },
            Alteration(.restarted) { $0.video.renditions[0].description = [1] },
            Alteration(.restarted) { $0.video.renditions[0].container = .loc },
            Alteration(.restarted) { $0.video.renditions[0].codedHeight = 90 },
            Alteration(.restarted) { $0.video.renditions[0].broadcast = "./x" },
            Alteration(.adjusted) { $0.video.renditions[0].bitRate = 1 },
            Alteration(.adjusted) { $0.video.renditions[0].frameRate = 1 },
            Alteration(.adjusted) { $0.video.renditions[0].jitter = 1 },
            Alteration(.adjusted) { $0.video.renditions[0].isStalled = true },
            Alteration(.adjusted) { $0.video.renditions[0].displayAspect = PictureSize(width: 1, height: 1) },
        ]
    )
    func whatNeedsAnotherDecoder(alteration: Alteration) {
        var old = Catalogue()
        old.video.renditions = [VideoRendition(name: "v", codec: "avc3.42c00d")]
        old.audio.renditions = [AudioRendition(name: "a", codec: "opus", sampleRate: 48000, channels: 1)]
        var new = old
        alteration.apply(&new)
        let diff = CatalogueDiff(from: old, to: new)
        #expect(diff.entries == [.init(kind: .video, name: "v", change: alteration.result)])
        #expect(CatalogueDiff(from: old, to: old).isEmpty)
    }

    @Test func soundHasTheSameRules() {
        var old = Catalogue()
        old.audio.renditions = [AudioRendition(name: "a", codec: "opus", sampleRate: 48000, channels: 1)]
        var new = old
        new.audio.renditions[0].bitRate = 7
        #expect(
            CatalogueDiff(from: old, to: new).entries == [.init(kind: .audio, name: "a", change: .adjusted)]
        )
        new.audio.renditions[0].channels = 2
        #expect(
            CatalogueDiff(from: old, to: new).entries == [.init(kind: .audio, name: "a", change: .restarted)]
        )
        new.audio.renditions = []
        new.user = .init(name: "x")
        new.video.rotation = 90
        let diff = CatalogueDiff(from: old, to: new)
        #expect(diff.entries == [.init(kind: .audio, name: "a", change: .removed)])
        #expect(diff.changesUser && diff.changesDisplay)
    }
}
