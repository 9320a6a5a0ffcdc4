import BurrowBase
import BurrowCrypto
import FuzzHarness

/// Frames of one track as a relay may hand them on: genuine ones that were changed, moved, cut, repeated, and invented ones.
/// Only what was sealed opens, only where it was sealed, and only once; in place and beside, alike.
enum SFrameTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            do throws(CryptoError) {
                try run(input)
            } catch {
                require(false, "\(error)")
            }
        }
    }

    private static let now = Instant(microseconds: 0)
    private static let secret = [UInt8](repeating: 1, count: 32)

    private struct Sealed {
        let bytes: [UInt8]
        let payload: [UInt8]
        let position: FramePosition
    }

    private static func run(_ input: [UInt8]) throws(CryptoError) {
        var choices = Choices(input)
        let suite = choices.element(of: SFrameSuite.allCases)
        var random = SeededRandom(seed: 1)
        let sealer = try BroadcastSealer(callID: [1], path: [2], suite: suite, random: &random)
        let openers = [
            try Self.opener(sealer.context, suite), try Self.opener(sealer.context, suite),
        ]
        let frames = try Self.frames(sealer)
        var opened: Set<Int> = []
        while !choices.rest.isEmpty {
            var bytes: [UInt8]
            var position = FramePosition(group: 0, frame: 0)
            var genuine: Int?
            let choice = choices.byte()
            if choice < 0x80 {
                let number = choice % frames.count
                bytes = frames[number].bytes
                position = frames[number].position
                genuine = number
            } else {
                bytes = choices.bytes(choices.byte())
            }
            change(&bytes, &position, &choices)
            if let number = genuine, bytes != frames[number].bytes || position != frames[number].position {
                genuine = nil
            }
            let beside = try openers[0].open(bytes.span, position: position, now: now)
            let inPlace = try unsafe bytes.withUnsafeMutableBufferPointer { (memory) throws(CryptoError) in
                let memory = UnsafeMutableRawBufferPointer(memory)
                return try unsafe openers[1].open(in: memory, position: position, now: now)
            }
            switch (beside, inPlace) {
            case (.success(let payload), .opened(let range)):
                require(payload == Array(bytes[range]), "opened differently in place")
                guard let genuine else { return require(false, "something else than was sealed opened") }
                require(payload == frames[genuine].payload, "another payload")
                require(opened.insert(genuine).inserted, "opened twice")
            case (.failure(let reason), .dropped(let other)):
                require(reason == other, "dropped for \(reason) and for \(other)")
                if let genuine { require(opened.contains(genuine), "a genuine frame was dropped: \(reason)") }
            default: require(false, "opened in one way only")
            }
        }
        require(openers[0].counts == openers[1].counts, "counted differently")
        require(openers[0].counts.opened == UInt64(opened.count), "counted wrongly")
    }

    private static func opener(_ context: BroadcastContext, _ suite: SFrameSuite) throws(CryptoError)
        -> FrameOpener
    {
        let broadcast = BroadcastOpener(context, suite: suite)
        for epoch in 1...2 as ClosedRange<UInt64> {
            let own = secret + [UInt8(truncatingIfNeeded: epoch)]
            try broadcast.install(epoch: epoch, hostSecret: own.span)
        }
        return try broadcast.track(1, .data)
    }

    private static func frames(_ sealer: BroadcastSealer) throws(CryptoError) -> [Sealed] {
        var result: [Sealed] = []
        let track = try sealer.addTrack(.data, now: now)
        for number in 0..<12 as Range<UInt64> {
            if number % 6 == 0 {
                let epoch = 1 + number / 6
                let own = secret + [UInt8(truncatingIfNeeded: epoch)]
                try sealer.install(epoch: epoch, hostSecret: own.span, isRemoval: true, now: now)
            }
            let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: Int(number) * 9)
            let position = FramePosition(group: number / 3, frame: number % 3, isKey: number % 3 == 0)
            let bytes = try track.seal(payload.span, position: position, now: now)
            result.append(Sealed(bytes: bytes, payload: payload, position: position))
        }
        return result
    }

    private static func change(
        _ bytes: inout [UInt8],
        _ position: inout FramePosition,
        _ choices: inout Choices
    ) {
        switch choices.byte() % 8 {
        case 0: bytes.removeLast(min(bytes.count, choices.byte()))
        case 1: bytes += choices.bytes(choices.byte() % 32)
        case 2:
            if !bytes.isEmpty {
                bytes[choices.byte() % bytes.count] ^= UInt8(truncatingIfNeeded: choices.byte())
            }
        case 3: position.group ^= UInt64(choices.byte())
        case 4: position.frame ^= UInt64(choices.byte())
        case 5: position.isKey.toggle()
        default: break
        }
    }
}
