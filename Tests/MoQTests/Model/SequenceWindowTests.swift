import Testing

@testable import BurrowMoQ

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
        // Too far behind to know: taken as seen.
        #expect(window.contains(99))
        #expect(!insert(101))
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
