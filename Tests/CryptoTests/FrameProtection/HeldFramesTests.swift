import BurrowBase
import BurrowCrypto
import Testing

@Suite struct HeldFramesTests {
    private let start = Instant(microseconds: 0)

    @Test func framesWaitInTheirOrder() {
        var held = HeldFrames<Int>()
        #expect(held.deadline == nil)
        for number in 0..<10 { held.hold(number, byteCount: 100, now: start + .milliseconds(Int64(number))) }
        #expect(held.deadline == start + .milliseconds(500))
        #expect(held.takeAll() == Array(0..<10))
        #expect(held.count == 0)
        #expect(held.dropped == 0)
    }

    @Test func waitingHasAnEnd() {
        var held = HeldFrames<Int>()
        held.hold(1, byteCount: 1, now: start)
        held.hold(2, byteCount: 1, now: start + .milliseconds(1))
        held.expire(now: start + .milliseconds(499))
        #expect(held.count == 2)
        held.expire(now: start + .milliseconds(500))
        #expect(held.dropped == 1)
        #expect(held.takeAll() == [2])
    }

    @Test func theOldestMakeRoom() {
        var held = HeldFrames<Int>()
        for number in 0..<70 { held.hold(number, byteCount: 1, now: start) }
        #expect(held.dropped == 6)
        #expect(held.takeAll() == Array(6..<70))
        held.hold(1, byteCount: 3 << 20, now: start)
        held.hold(2, byteCount: 1 << 20, now: start)
        #expect(held.count == 2)
        held.hold(3, byteCount: 1, now: start)
        #expect(held.takeAll() == [2, 3])
        held.hold(4, byteCount: (4 << 20) + 1, now: start)
        #expect(held.count == 0)
        #expect(held.dropped == 8)
    }
}
