import BurrowBase
import BurrowCrypto
import Testing

@Suite struct FrameOpenerTests {
    /// A scene with one audio track and its opener.
    private func audio(_ scene: Scene) throws -> (FrameSealer, FrameOpener) {
        let sealer = try scene.sealer.addTrack(.audio, now: scene.now)
        return (sealer, try scene.opener.track(sealer.index, .audio))
    }

    @Test func lateFramesOfTheOldEpochStillOpen() throws {
        var scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        var held: [[UInt8]] = []
        for number in 0..<4 as Range<UInt64> {
            held.append(try sealer.seal([1], position: .at(number), now: scene.now))
        }
        try scene.install(2, isRemoval: true)
        // The time runs from the first frame of the new epoch, not from its key.
        scene.wait(60_000)
        #expect(try opener.open(held[0], position: .at(0), now: scene.now) == .success([1]))
        let newer = try sealer.seal([2], position: .at(4), now: scene.now)
        #expect(scene.opener.deadline == nil)
        #expect(try opener.open(newer, position: .at(4), now: scene.now) == .success([2]))
        #expect(scene.opener.deadline == scene.now + .seconds(10))
        scene.wait(9_999)
        #expect(try opener.open(held[1], position: .at(1), now: scene.now) == .success([1]))
        scene.wait(1)
        #expect(try opener.open(held[2], position: .at(2), now: scene.now) == .failure(.unknownEpoch))
        scene.opener.expire(now: scene.now)
        #expect(scene.opener.knownEpochs == [2])
        #expect(scene.opener.deadline == nil)
        #expect(opener.counts[.unknownEpoch] == 1)
    }

    /// As when a track is played from a recording, or a group was asked for again.
    @Test func whatMayRepeatOpensAgainWhereItStands() throws {
        let scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        #expect(opener.newestGroup == nil)
        let frame = try sealer.seal([1, 2, 3], position: .at(5), now: scene.now)
        func open(_ group: UInt64, mayRepeat: Bool) throws -> [UInt8]? {
            var memory = frame
            let result = try unsafe memory.withUnsafeMutableBytes {
                try unsafe opener.open(in: $0, position: .at(group), mayRepeat: mayRepeat, now: scene.now)
            }
            guard case .opened(let range) = result else { return nil }
            return Array(memory[range])
        }
        #expect(try open(5, mayRepeat: true) == [1, 2, 3])
        #expect(opener.newestGroup == 5)
        #expect(try open(5, mayRepeat: false) == nil)
        #expect(try open(5, mayRepeat: true) == [1, 2, 3])
        #expect(try open(6, mayRepeat: true) == nil)
        #expect(opener.newestGroup == 5)
        #expect((opener.counts.opened, opener.counts[.duplicate], opener.counts[.notAuthentic]) == (2, 1, 1))
    }

    @Test func aRemovedEpochIsGone() throws {
        let scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        let frames = try (0..<2).map { try sealer.seal([1], position: .at($0), now: scene.now) }
        #expect(try opener.open(frames[0], position: .at(0), now: scene.now) == .success([1]))
        scene.opener.remove(epoch: 1)
        #expect(try opener.open(frames[1], position: .at(1), now: scene.now) == .failure(.unknownEpoch))
        #expect(scene.opener.knownEpochs == [])
        scene.sealer.remove(epoch: 1)
        #expect(throws: CryptoError.self) { _ = try sealer.seal([1], position: .at(2), now: scene.now) }
        try scene.install(2)
        let next = try sealer.seal([2], position: .at(3), now: scene.now)
        #expect(try opener.open(next, position: .at(3), now: scene.now) == .success([2]))
    }

    @Test func anIndexIsGivenOnce() throws {
        let scene = try Scene()
        let track = try scene.sealer.addTrack(.data, index: 3, now: scene.now)
        scene.sealer.removeTrack(track)
        #expect(try scene.sealer.addTrack(.data, now: scene.now).index == 4)
        #expect(try scene.sealer.addTrack(.data, index: 2, now: scene.now).index == 2)
        for index in [0, 2, 3, 4, .max] as [UInt64] {
            #expect(throws: CryptoError.self) {
                _ = try scene.sealer.addTrack(.data, index: index, now: scene.now)
            }
        }
    }

    @Test func aForgedFrameEndsNoEpoch() throws {
        let scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        try scene.install(2, isRemoval: true)
        var frame = try sealer.seal([2], position: .at(0), now: scene.now)
        frame[frame.count - 1] ^= 1
        #expect(try opener.open(frame, position: .at(0), now: scene.now) == .failure(.notAuthentic))
        #expect(scene.opener.deadline == nil)
    }

    @Test func fourEpochsAreKept() throws {
        let scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        let old = try sealer.seal([1], position: .at(0), now: scene.now)
        for epoch in 2...4 as ClosedRange<UInt64> { try scene.install(epoch, isRemoval: true) }
        #expect(scene.opener.knownEpochs == [1, 2, 3, 4])
        #expect(try opener.open(old, position: .at(0), now: scene.now) == .success([1]))
        try scene.install(5, isRemoval: true)
        #expect(scene.opener.knownEpochs == [2, 3, 4, 5])
        #expect(try opener.open(old, position: .at(0), now: scene.now) == .failure(.unknownEpoch))
    }

    @Test func anEpochMakesRoomForOneThatLooksLikeIt() throws {
        let scene = try Scene()
        try scene.install(3)
        let (sealer, opener) = try audio(scene)
        let old = try sealer.seal([1], position: .at(0), now: scene.now)
        try scene.install(19, isRemoval: true)
        #expect(scene.opener.knownEpochs == [19])
        #expect(try opener.open(old, position: .at(0), now: scene.now) == .failure(.notAuthentic))
        let new = try sealer.seal([2], position: .at(1), now: scene.now)
        #expect(try opener.open(new, position: .at(1), now: scene.now) == .success([2]))
    }

    /// A frame that overtook its key is untouched, so it can be tried again.
    @Test func aFrameMayWaitForItsKey() throws {
        let scene = try Scene()
        let (sealer, opener) = try audio(scene)
        try scene.sealer.install(epoch: 9, baseKey: scene.baseKey(9), now: scene.now)
        var frame = try sealer.seal([1, 2], position: .at(0), now: scene.now)
        let original = frame
        let early = try unsafe frame.withUnsafeMutableBytes { (memory) in
            try unsafe opener.open(in: memory, position: .at(0), now: scene.now)
        }
        #expect(early == .dropped(.unknownEpoch))
        #expect(frame == original)
        try scene.opener.install(epoch: 9, baseKey: scene.baseKey(9))
        let later = try unsafe frame.withUnsafeMutableBytes { (memory) in
            try unsafe opener.open(in: memory, position: .at(0), now: scene.now)
        }
        #expect(later == .opened(2..<4))
        #expect(frame[2..<4] == [1, 2])
    }

    @Test func whoHasOnlyTheOldKeysOpensNothing() throws {
        let scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        // The rest of the group goes on without the receiver.
        try scene.sealer.install(epoch: 2, baseKey: scene.baseKey(2), isRemoval: true, now: scene.now)
        for number in 0..<50 as Range<UInt64> {
            let frame = try sealer.seal([1], position: .at(number), now: scene.now)
            #expect(try opener.open(frame, position: .at(number), now: scene.now) == .failure(.unknownEpoch))
        }
        #expect(opener.counts.opened == 0)
    }

    @Test func repeatedFramesAreDuplicates() throws {
        let scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        var frames: [[UInt8]] = []
        for number in 0..<3000 as Range<UInt64> {
            frames.append(try sealer.seal([1], position: .at(number), now: scene.now))
        }
        // Backwards in blocks of 1,000: within the window of 1,024.
        for block in stride(from: 0, to: 3000, by: 1000) {
            for number in (block..<block + 1000).reversed() {
                let position = FramePosition.at(UInt64(number))
                #expect(try opener.open(frames[number], position: position, now: scene.now) == .success([1]))
            }
        }
        var reasons: [FrameDropReason: Int] = [:]
        for number in frames.indices {
            let result = try opener.open(frames[number], position: .at(UInt64(number)), now: scene.now)
            if case .failure(let reason) = result { reasons[reason, default: 0] += 1 }
        }
        #expect(reasons == [.duplicate: 1024, .tooOld: 1976])
        #expect(opener.counts[.duplicate] == 1024)
        #expect(opener.counts[.tooOld] == 1976)
    }

    @Test func aForgedCounterClosesNoWindow() throws {
        let scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        let frame = try sealer.seal([1], position: .at(0), now: scene.now)
        let far = SFrameHeader(keyID: 0x11, counter: 1 << 40).bytes + [UInt8](repeating: 0, count: 40)
        #expect(try opener.open(far, position: .at(0), now: scene.now) == .failure(.notAuthentic))
        #expect(try opener.open(frame, position: .at(0), now: scene.now) == .success([1]))
    }

    /// A relay that serves a frame of one track as a frame of another, or at another place.
    @Test func framesElsewhereDoNotOpen() throws {
        let scene = try Scene()
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        let (_, other) = try audio(scene)
        let frame = try sealer.seal([1], position: .at(5, 6), now: scene.now)
        #expect(try other.open(frame, position: .at(5, 6), now: scene.now) == .failure(.wrongTrack))
        for position in [FramePosition.at(5, 7), .at(6, 6), .at(6, 5), .at(5, 6, isKey: true)] {
            #expect(try opener.open(frame, position: position, now: scene.now) == .failure(.notAuthentic))
        }
        #expect(try opener.open(frame, position: .at(5, 6), now: scene.now) == .success([1]))
        #expect(opener.counts[.notAuthentic] == 4)
        #expect(other.counts[.wrongTrack] == 1)
    }

    @Test func otherBroadcastsDoNotOpen() throws {
        let scene = try Scene()
        let secret = [UInt8](repeating: 4, count: 32)
        try scene.sealer.install(epoch: 1, hostSecret: secret.span, isRemoval: false, now: scene.now)
        let sealer = try scene.sealer.addTrack(.audio, now: scene.now)
        let frame = try sealer.seal([1], position: .at(0), now: scene.now)
        let own = scene.sealer.context
        var instance = own.instance
        instance[0] ^= 1
        let others = [
            try BroadcastContext(callID: own.callID, path: own.path, instance: instance),
            try BroadcastContext(callID: own.callID + [0], path: own.path, instance: own.instance),
            try BroadcastContext(callID: own.callID, path: own.path + [0], instance: own.instance),
        ]
        for context in others {
            let opener = BroadcastOpener(context)
            try opener.install(epoch: 1, hostSecret: secret.span)
            let result = try opener.track(1, .audio).open(frame, position: .at(0), now: scene.now)
            #expect(result == .failure(.notAuthentic))
        }
        try scene.opener.install(epoch: 1, hostSecret: secret.span)
        #expect(
            try scene.opener.track(1, .audio).open(frame, position: .at(0), now: scene.now) == .success([1])
        )
        #expect(
            try BroadcastOpener(own, suite: .aes256GCM).track(1, .audio).open(
                frame,
                position: .at(0),
                now: scene.now
            )
                == .failure(.unknownEpoch)
        )
    }

    /// Truncated, extended and flipped at every place: a drop with a reason each, and then the frame itself opens.
    @Test(arguments: SFrameSuite.allCases)
    func damagedFramesAreDrops(suite: SFrameSuite) throws {
        let scene = try Scene(suite: suite)
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        var dropped: UInt64 = 0
        for count in [0, 1, 100] {
            let payload = [UInt8](repeating: 3, count: count)
            for _ in 0..<12 { _ = try sealer.seal([], position: .at(0), now: scene.now) }
            let frame = try sealer.seal(payload, position: .at(1), now: scene.now)
            for length in 0..<frame.count {
                let result = try opener.open(Array(frame.prefix(length)), position: .at(1), now: scene.now)
                guard case .failure = result else {
                    Issue.record("a frame cut to \(length) bytes opened")
                    continue
                }
                dropped += 1
            }
            for bit in 0..<8 * frame.count {
                var damaged = frame
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                guard case .failure = try opener.open(damaged, position: .at(1), now: scene.now) else {
                    Issue.record("a frame opened with bit \(bit) flipped")
                    continue
                }
                dropped += 1
            }
            #expect(try opener.open(frame + [0], position: .at(1), now: scene.now) == .failure(.notAuthentic))
            dropped += 1
            #expect(try opener.open(frame, position: .at(1), now: scene.now) == .success(payload))
        }
        #expect(opener.counts.dropped == dropped)
        #expect(opener.counts.opened == 3)
    }

    @Test func aKeyThatIsAttackedIsClosed() throws {
        var limits = ProtectionLimits()
        limits.failuresPerKey = 5
        let scene = try Scene(limits: limits)
        try scene.install(1)
        let (sealer, opener) = try audio(scene)
        let frame = try sealer.seal([1], position: .at(0), now: scene.now)
        for _ in 0..<5 {
            #expect(try opener.open(frame + [0], position: .at(0), now: scene.now) == .failure(.notAuthentic))
        }
        #expect(try opener.open(frame, position: .at(0), now: scene.now) == .failure(.keyClosed))
        // Only this epoch is lost.
        try scene.install(2, isRemoval: true)
        let next = try sealer.seal([2], position: .at(1), now: scene.now)
        #expect(try opener.open(next, position: .at(1), now: scene.now) == .success([2]))
    }

    @Test func framesHaveALimit() throws {
        let scene = try Scene()
        try scene.install(1)
        let sealer = try scene.sealer.addTrack(.audio, now: scene.now)
        var limits = ProtectionLimits()
        limits.frameByteCount = 10
        let strict = BroadcastOpener(scene.sealer.context, limits: limits)
        try strict.install(epoch: 1, baseKey: scene.baseKey(1))
        let opener = try strict.track(1, .audio)
        for count in [10, 11] {
            let payload = [UInt8](repeating: 0, count: count)
            let frame = try sealer.seal(payload, position: .at(0), now: scene.now)
            let result = try opener.open(frame, position: .at(0), now: scene.now)
            #expect(result == (count == 10 ? .success(payload) : .failure(.malformed)))
        }
    }

    @Test func tracksAreRememberedAndLimited() throws {
        let scene = try Scene()
        let first = try scene.opener.track(1, .audio)
        #expect(try scene.opener.track(1, .audio) === first)
        #expect(throws: CryptoError.self) { try scene.opener.track(1, .video) }
        #expect(throws: CryptoError.self) { try scene.opener.track(.max, .video) }
        #expect(throws: CryptoError.self) { try scene.opener.track(1 << 60, .video) }
        for index in 2...256 as ClosedRange<UInt64> { _ = try scene.opener.track(index, .data) }
        let error = #expect(throws: CryptoError.self) { try scene.opener.track(1000, .data) }
        #expect(error?.code == .exhausted)
        scene.opener.removeTrack(first)
        _ = try scene.opener.track(1000, .data)
    }

    /// Any order with losses and repetitions: what was opened was sealed, and nothing was opened twice.
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func nothingOpensTwice(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var scene = try Scene()
        try scene.install(0)
        let (sealer, opener) = try audio(scene)
        var flight: [(frame: [UInt8], number: UInt64)] = []
        var opened: Set<UInt64> = []
        var epoch: UInt64 = 0
        for number in 0..<5000 as Range<UInt64> {
            if random.next() % 400 == 0 {
                epoch += 1
                try scene.install(epoch, isRemoval: random.next() % 2 == 0)
            }
            let payload = unsafe withUnsafeBytes(of: number.bigEndian) { unsafe Array($0) }
            let frame = try sealer.seal(payload, position: .at(number), now: scene.now)
            for _ in 0..<random.next() % 4 { flight.append((frame, number)) }
            while flight.count > 100 {
                let choice = flight.remove(at: Int(random.next() % UInt64(flight.count)))
                var bytes = choice.frame
                if random.next() % 10 == 0 { bytes[Int(random.next() % UInt64(bytes.count))] ^= 0x80 }
                let result = try opener.open(bytes, position: .at(choice.number), now: scene.now)
                guard case .success(let payload) = result else { continue }
                let expected = unsafe withUnsafeBytes(of: choice.number.bigEndian) { unsafe Array($0) }
                #expect(payload == expected)
                #expect(opened.insert(choice.number).inserted)
            }
            scene.wait(20)
            scene.opener.expire(now: scene.now)
        }
        #expect(UInt64(opened.count) == opener.counts.opened)
        #expect(opened.count > 2500)
        #expect(opener.counts[.notAuthentic] > 0)
        #expect(opener.counts[.duplicate] > 0)
    }
}
