import BurrowBase
import BurrowCrypto
import Testing

@Suite struct FrameSealerTests {
    @Test(arguments: SFrameSuite.allCases)
    func framesComeThrough(suite: SFrameSuite) throws {
        let scene = try Scene(suite: suite)
        try scene.install(5)
        let audio = try scene.sealer.addTrack(.audio, now: scene.now)
        let video = try scene.sealer.addTrack(.video, now: scene.now)
        #expect([scene.sealer.catalogue.index, audio.index, video.index] == [0, 1, 2])
        let ears = try scene.opener.track(1, .audio)
        let eyes = try scene.opener.track(2, .video)
        for number in 0..<200 as Range<UInt64> {
            let sound = [UInt8](repeating: 1, count: Int(number))
            let picture = [UInt8](repeating: 2, count: Int(number) * 100)
            let first = try audio.seal(sound, position: .at(number), now: scene.now)
            let second = try video.seal(picture, position: .at(0, number, isKey: number == 0), now: scene.now)
            let header = try SFrameHeader.of(first)
            #expect(header.keyID == 0x15)
            #expect(header.counter == number)
            #expect(try SFrameHeader.of(second).keyID == 0x25)
            #expect(try ears.open(first, position: .at(number), now: scene.now) == .success(sound))
            let seen = try eyes.open(second, position: .at(0, number, isKey: number == 0), now: scene.now)
            #expect(seen == .success(picture))
        }
        #expect(ears.counts.opened == 200)
        #expect(ears.counts.dropped == 0)
    }

    /// The metadata of decision 8 by hand, through the plain key: what is on the wire is no private matter of two objects.
    @Test func framesAreWhatTheProfileSays() throws {
        let scene = try Scene()
        try scene.install(0x123)
        _ = try scene.sealer.addTrack(.audio, now: scene.now)
        let video = try scene.sealer.addTrack(.video, now: scene.now)
        let frame = try video.seal([1, 2, 3], position: .at(0x0102, 0x0304, isKey: true), now: scene.now)
        let metadata: [UInt8] =
            [1, 2] + [0, 0, 0, 0, 0, 0, 0, 2] + [0, 0, 0, 0, 0, 0, 1, 2] + [0, 0, 0, 0, 0, 0, 3, 4] + [1]
        let key = try SFrameSecret(.aes128GCM, baseKey: scene.baseKey(0x123)).key(2 << 4 | 3)
        #expect(try key.open(frame, metadata: metadata) == [1, 2, 3])
    }

    @Test func thereIsNothingToSealWithAtFirst() throws {
        let scene = try Scene()
        let track = try scene.sealer.addTrack(.audio, now: scene.now)
        let error = #expect(throws: CryptoError.self) {
            try track.seal([1], position: .at(0), now: scene.now)
        }
        #expect(error?.code == .missingKey)
        #expect(track.epoch == nil)
        try scene.install(1)
        #expect(track.epoch == 1)
        #expect(try SFrameHeader.of(track.seal([1], position: .at(0), now: scene.now)).counter == 0)
    }

    @Test func instancesDiffer() throws {
        var random = SystemRandom()
        let first = try BroadcastSealer(callID: [], path: [], random: &random)
        let second = try BroadcastSealer(callID: [], path: [], random: &random)
        #expect(first.context.instance != second.context.instance)
        #expect(first.context.instance.count == 16)
    }

    @Test func audioChangesOverAfterHalfASecond() throws {
        var scene = try Scene()
        try scene.install(1)
        let track = try scene.sealer.addTrack(.audio, now: scene.now)
        _ = try track.seal([1], position: .at(0), now: scene.now)
        try scene.install(2)
        #expect(scene.sealer.switchTime == scene.now + .milliseconds(500))
        scene.wait(499)
        #expect(try SFrameHeader.of(track.seal([1], position: .at(1), now: scene.now)).keyID & 15 == 1)
        scene.wait(1)
        let frame = try track.seal([1], position: .at(2), now: scene.now)
        #expect(try SFrameHeader.of(frame) == SFrameHeader(keyID: 0x12, counter: 2))
        #expect(track.epoch == 2)
    }

    @Test func videoWaitsForAKeyFrameButNotForever() throws {
        var scene = try Scene()
        try scene.install(1)
        let patient = try scene.sealer.addTrack(.video, now: scene.now)
        let hasty = try scene.sealer.addTrack(.video, now: scene.now)
        #expect(!patient.wantsKeyFrame(now: scene.now))
        try scene.install(2)
        #expect(!patient.wantsKeyFrame(now: scene.now))
        scene.wait(600)
        #expect(patient.wantsKeyFrame(now: scene.now))
        _ = try patient.seal([1], position: .at(0, 7), now: scene.now)
        #expect(patient.epoch == 1)
        _ = try hasty.seal([1], position: .at(1, 0, isKey: true), now: scene.now)
        #expect(hasty.epoch == 2)
        #expect(!hasty.wantsKeyFrame(now: scene.now))
        scene.wait(4899)
        _ = try patient.seal([1], position: .at(0, 8), now: scene.now)
        #expect(patient.epoch == 1)
        scene.wait(1)
        _ = try patient.seal([1], position: .at(0, 9), now: scene.now)
        #expect(patient.epoch == 2)
        #expect(patient.wantsKeyFrame(now: scene.now))
        _ = try patient.seal([1], position: .at(1, 0, isKey: true), now: scene.now)
        #expect(!patient.wantsKeyFrame(now: scene.now))
    }

    @Test func aRemovedMemberReadsNothingMore() throws {
        var scene = try Scene()
        try scene.install(1)
        let audio = try scene.sealer.addTrack(.audio, now: scene.now)
        let video = try scene.sealer.addTrack(.video, now: scene.now)
        _ = try video.seal([1], position: .at(0, 0, isKey: true), now: scene.now)
        try scene.install(2)
        scene.wait(10)
        try scene.install(3, isRemoval: true)
        #expect(try SFrameHeader.of(audio.seal([1], position: .at(1), now: scene.now)).keyID & 15 == 3)
        #expect(try SFrameHeader.of(video.seal([1], position: .at(0, 1), now: scene.now)).keyID & 15 == 3)
        #expect(video.wantsKeyFrame(now: scene.now))
        #expect(scene.sealer.switchTime == nil)
    }

    @Test func theCatalogueIsPublishedAgainForEveryEpoch() throws {
        var scene = try Scene()
        let sealer = scene.sealer
        #expect(!sealer.wantsCatalogue(now: scene.now))
        try scene.install(1)
        #expect(sealer.wantsCatalogue(now: scene.now))
        _ = try sealer.catalogue.seal([1], position: .at(0), now: scene.now)
        #expect(!sealer.wantsCatalogue(now: scene.now))
        try scene.install(2)
        #expect(!sealer.wantsCatalogue(now: scene.now))
        let due = try #require(sealer.switchTime)
        scene.wait(500)
        #expect(scene.now == due)
        #expect(sealer.wantsCatalogue(now: scene.now))
        // Whatever else happens meanwhile.
        _ = try sealer.addTrack(.audio, now: scene.now)
        #expect(sealer.wantsCatalogue(now: scene.now))
        _ = try sealer.catalogue.seal([1], position: .at(1), now: scene.now)
        #expect(!sealer.wantsCatalogue(now: scene.now))
        #expect(sealer.switchTime == nil)
        try scene.install(3, isRemoval: true)
        #expect(sealer.wantsCatalogue(now: scene.now))
    }

    @Test func joinsInARowDoNotPutTheChangeOff() throws {
        var scene = try Scene()
        try scene.install(1)
        let track = try scene.sealer.addTrack(.audio, now: scene.now)
        for epoch in 2...6 as ClosedRange<UInt64> {
            try scene.install(epoch)
            scene.wait(100)
        }
        _ = try track.seal([1], position: .at(0), now: scene.now)
        #expect(track.epoch == 6)
        let late = try scene.sealer.addTrack(.audio, now: scene.now)
        #expect(late.epoch == 6)
    }

    @Test func epochsOnlyGoUp() throws {
        let scene = try Scene()
        try scene.install(7)
        for epoch in [7, 6, 0] as [UInt64] {
            #expect(throws: CryptoError.self) { try scene.install(epoch) }
        }
        #expect(throws: CryptoError.self) {
            try scene.sealer.install(epoch: 8, baseKey: [1, 2, 3], now: scene.now)
        }
    }

    /// A host that has one secret for everything: the numbers of epochs come round, the counters do not.
    @Test func noNonceIsUsedTwiceWithOneSecretForAllEpochs() throws {
        let scene = try Scene()
        let key = [UInt8](repeating: 1, count: 16)
        var used: Set<[UInt8]> = []
        var sealed = 0
        for epoch in 0..<40 as Range<UInt64> {
            try scene.sealer.install(epoch: epoch, baseKey: key, isRemoval: true, now: scene.now)
            if epoch == 3 { _ = try scene.sealer.addTrack(.audio, now: scene.now) }
            for number in 0..<5 as Range<UInt64> {
                let frame = try scene.sealer.catalogue.seal([1], position: .at(number), now: scene.now)
                used.insert(try SFrameHeader.of(frame).bytes)
                sealed += 1
            }
        }
        #expect(used.count == sealed)
    }

    @Test func numbersOfTracksDoNotComeBack() throws {
        let scene = try Scene()
        try scene.install(1)
        let first = try scene.sealer.addTrack(.audio, now: scene.now)
        scene.sealer.removeTrack(first)
        #expect(try scene.sealer.addTrack(.audio, now: scene.now).index == 2)
    }

    @Test func keysAreUsedUp() throws {
        var limits = ProtectionLimits()
        limits.framesPerKey = 3
        limits.framesBeforeRefresh = 2
        let scene = try Scene(limits: limits)
        try scene.install(1)
        let track = scene.sealer.catalogue
        _ = try track.seal([1], position: .at(0), now: scene.now)
        #expect(!scene.sealer.needsRefresh)
        _ = try track.seal([1], position: .at(1), now: scene.now)
        #expect(scene.sealer.needsRefresh)
        _ = try track.seal([1], position: .at(2), now: scene.now)
        let error = #expect(throws: CryptoError.self) {
            try track.seal([1], position: .at(3), now: scene.now)
        }
        #expect(error?.code == .exhausted)
        try scene.install(2, isRemoval: true)
        #expect(!scene.sealer.needsRefresh)
        _ = try track.seal([1], position: .at(3), now: scene.now)
    }

    @Test func bytesAreUsedUpToo() throws {
        var limits = ProtectionLimits()
        limits.bytesPerKey = 100
        let scene = try Scene(limits: limits)
        try scene.install(1)
        let payload = [UInt8](repeating: 0, count: 100)
        _ = try scene.sealer.catalogue.seal(payload, position: .at(0), now: scene.now)
        #expect(throws: CryptoError.self) {
            try scene.sealer.catalogue.seal([1], position: .at(1), now: scene.now)
        }
    }

    @Test func countersEndAndDoNotWrap() throws {
        var limits = ProtectionLimits()
        limits.firstCounter = .max - 1
        let scene = try Scene(limits: limits)
        try scene.install(1)
        let track = scene.sealer.catalogue
        let frame = try track.seal([1], position: .at(0), now: scene.now)
        #expect(try SFrameHeader.of(frame).counter == .max - 1)
        for epoch in 2...3 as ClosedRange<UInt64> {
            let error = #expect(throws: CryptoError.self) {
                try track.seal([1], position: .at(1), now: scene.now)
            }
            #expect(error?.code == .exhausted)
            try scene.install(epoch, isRemoval: true)
        }
    }

    @Test func aCounterIsGoneEvenIfSealingFails() throws {
        let scene = try Scene()
        try scene.install(1)
        let track = scene.sealer.catalogue
        var none: [UInt8] = []
        #expect(throws: CryptoError.self) {
            try unsafe none.withUnsafeMutableBytes { (memory) in
                try unsafe track.seal(in: memory, payload: 0..<0, position: .at(0), now: scene.now)
            }
        }
        #expect(try SFrameHeader.of(track.seal([1], position: .at(0), now: scene.now)).counter == 1)
    }

    @Test func framesHaveALimit() throws {
        var limits = ProtectionLimits()
        limits.frameByteCount = 10
        let scene = try Scene(limits: limits)
        try scene.install(1)
        let longest = [UInt8](repeating: 0, count: 10)
        _ = try scene.sealer.catalogue.seal(longest, position: .at(0), now: scene.now)
        let error = #expect(throws: CryptoError.self) {
            try scene.sealer.catalogue.seal(longest + [0], position: .at(1), now: scene.now)
        }
        #expect(error?.code == .invalidLength)
    }
}
