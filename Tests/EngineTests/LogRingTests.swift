import BurrowEngine
import Testing

@Suite struct LogRingTests {
    let ring = LogRing()

    @Test func keepsWarningsByDefault() {
        ring.write(.warning, "engine", "careful")
        ring.write(.info, "engine", "never seen")
        #expect(ring.first?.level == .warning)
        #expect(ring.first?.text == "engine: careful")
        if let line = ring.first { ring.discardFirst(line) }
        #expect(ring.first == nil)
    }

    @Test func followsTheLevelOfAComponent() {
        ring.setLevel(.off, component: nil)
        ring.setLevel(.debug, component: "moq")
        ring.write(.error, "engine", "unwanted")
        ring.write(.debug, "moq", "wanted")
        #expect(ring.first?.text == "moq: wanted")
    }

    @Test func composesOnlyWhatIsWanted() {
        var composed = 0
        func line() -> String {
            composed += 1
            return "x"
        }
        ring.write(.trace, "engine", line())
        #expect(composed == 0)
        ring.setLevel(.trace, component: nil)
        ring.write(.trace, "engine", line())
        #expect(composed == 1)
    }

    @Test func forgetsTheOldest() {
        for number in 0...EngineLimits.logLines { ring.write(.error, "engine", "\(number)") }
        #expect(ring.first?.text == "engine: 1")
    }

    @Test func takesLinesFromManyThreads() {
        let ring = LogRing()
        onThreads(3) { (number) in
            for line in 0..<1000 {
                ring.write(.error, "engine", "\(number) \(line)")
                if let first = ring.first { ring.discardFirst(first) }
                ring.setLevel(line % 2 == 0 ? .error : .warning, component: "other")
            }
        }
        ring.write(.error, "engine", "last")
        #expect(ring.first != nil)
    }
}
