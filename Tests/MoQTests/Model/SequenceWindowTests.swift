import BurrowMoQ
import Testing

@Suite struct SequenceWindowTests {
    @Test func remembersEveryNewSequenceOnce() {
        var window = SequenceWindow()
        func insert(_ sequence: UInt64) -> Bool { window.insert(sequence) }
        #expect(insert(100))
        #expect(!insert(100))
        #expect(insert(99))
        #expect(insert(230))
        #expect(window.contains(230))
        #expect(!window.contains(229))
        #expect(insert(103))
        #expect(insert(229))
        #expect(!insert(103))
    }

    @Test func aWholeTrackFitsWhicheverWayItComes() {
        var window = SequenceWindow()
        func insert(_ sequence: UInt64) -> Bool { window.insert(sequence) }
        let count = UInt64(TrackLimits.groups)
        for sequence in (1000..<1000 + count).reversed() { #expect(insert(sequence)) }
        for sequence in 1000..<1000 + count { #expect(!insert(sequence)) }
        // Further back nobody knows: taken as seen.
        #expect(window.contains(999))
        #expect(insert(5000 + count))
        #expect(!window.contains(4999 + count))
        #expect(window.contains(1001))
    }

    @Test func toleratesTheEndsOfTheRange() {
        var window = SequenceWindow()
        func insert(_ sequence: UInt64) -> Bool { window.insert(sequence) }
        #expect(insert(0))
        #expect(insert(.max))
        #expect(!insert(0))
        #expect(!insert(.max))
        #expect(insert(.max - 1))
    }
}
