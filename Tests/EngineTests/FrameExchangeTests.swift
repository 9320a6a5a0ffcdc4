import BurrowBase
import BurrowEngine
import Testing

@Suite struct FrameExchangeTests {
    private static func description(_ number: Int) -> FrameExchange.Description {
        FrameExchange.Description(
            group: UInt64(number),
            sequence: 0,
            timestamp: Int64(number),
            arrival: Instant(microseconds: 0),
            flags: [.key]
        )
    }

    /// Delivers a frame of `count` bytes, all of the same value. `nil` when there is no room.
    private static func deliver(_ exchange: FrameExchange, _ number: Int, count: Int = 100) -> Bool? {
        guard exchange.hasRoom() else { return nil }
        let buffer = exchange.buffer(for: count)
        let byte = UInt8(truncatingIfNeeded: number)
        unsafe buffer.base.initializeMemory(as: UInt8.self, repeating: byte, count: count)
        return exchange.deliver(buffer, count: count, description(number))
    }

    private static func pull(_ exchange: FrameExchange) -> FrameExchange.Loan? {
        if case .frame(let loan, _) = exchange.pull() { return loan }
        return nil
    }

    @Test func asksForOneEventUntilItIsTaken() {
        let exchange = FrameExchange()
        #expect(Self.deliver(exchange, 1) == true)
        #expect(Self.deliver(exchange, 2) == false)
        exchange.dataEventTaken()
        #expect(Self.deliver(exchange, 3) == true)
    }

    @Test func keepsOrderAndContent() throws {
        let exchange = FrameExchange()
        for number in 1...5 { _ = Self.deliver(exchange, number, count: number * 1000) }
        for number in 1...5 {
            let loan = try #require(Self.pull(exchange))
            #expect(loan.description == Self.description(number))
            #expect(loan.count == number * 1000)
            let last = unsafe loan.buffer.base.load(fromByteOffset: loan.count - 1, as: UInt8.self)
            #expect(last == UInt8(number))
            loan.buffer.lastReferenceGone()
        }
        #expect(Self.pull(exchange) == nil)
    }

    @Test func lendsNoMoreThanTheLimit() throws {
        let exchange = FrameExchange()
        for number in 0..<EngineLimits.loans + 1 { _ = Self.deliver(exchange, number) }
        let loans = (0..<EngineLimits.loans).compactMap { _ in Self.pull(exchange) }
        #expect(loans.count == EngineLimits.loans)
        #expect(Self.pull(exchange) == nil)
        try #require(loans.first).buffer.lastReferenceGone()
        #expect(Self.pull(exchange) != nil)
    }

    @Test func asksForARefillWhenHalfIsTaken() throws {
        let exchange = FrameExchange()
        var delivered = 0
        while Self.deliver(exchange, delivered) != nil { delivered += 1 }
        #expect(delivered == EngineLimits.waitingFrames)
        var pulled = 0
        var refills: [Int] = []
        while case .frame(let loan, let refill) = exchange.pull() {
            pulled += 1
            if refill { refills.append(pulled) }
            loan.buffer.lastReferenceGone()
        }
        #expect(pulled == delivered)
        #expect(refills == [EngineLimits.waitingFrames / 2])
    }

    @Test func marksKeepTheirPlace() throws {
        let exchange = FrameExchange()
        #expect(Self.deliver(exchange, 1) == true)
        #expect(exchange.deliver(.groupEnd(group: 1, count: 1, isWhole: false)) == false)
        #expect(exchange.deliver(.restart) == false)
        _ = Self.deliver(exchange, 2)
        var seen: [String] = []
        loop: while true {
            switch exchange.pull() {
            case .frame(let loan, _):
                seen.append("\(loan.description.group)")
                loan.buffer.lastReferenceGone()
            case .mark(let mark, _): seen.append("\(mark)")
            case .nothing, .ended: break loop
            }
        }
        #expect(seen == ["1", "groupEnd(group: 1, count: 1, isWhole: false)", "restart", "2"])
        exchange.dataEventTaken()
        #expect(exchange.deliver(.restart) == true)
    }

    /// Marks take room, too: a publisher may end groups without a frame as fast as it likes.
    @Test func marksAreBounded() {
        let exchange = FrameExchange()
        var delivered = 0
        while exchange.hasRoom() {
            _ = exchange.deliver(.groupEnd(group: UInt64(delivered), count: 0, isWhole: true))
            delivered += 1
        }
        #expect(delivered == EngineLimits.waitingFrames)
    }

    @Test func theOldestMakesRoom() throws {
        let exchange = FrameExchange()
        for number in 0..<10_000 {
            exchange.makeRoom()
            #expect(Self.deliver(exchange, number) != nil)
        }
        let (counters, waiting) = exchange.incomingCounters
        #expect(waiting == EngineLimits.waitingFrames)
        #expect(counters.dropped == UInt64(10_000 - EngineLimits.waitingFrames))
        let oldest = try #require(Self.pull(exchange))
        #expect(oldest.description.group == UInt64(10_000 - EngineLimits.waitingFrames))
        oldest.buffer.lastReferenceGone()
    }

    /// A few large ones are as much as many small ones.
    @Test func theOldestMakesRoomForBytes() {
        let exchange = FrameExchange()
        for number in 0..<64 {
            exchange.makeRoom()
            #expect(Self.deliver(exchange, number, count: 1 << 20) != nil)
        }
        #expect(exchange.incomingCounters.waiting == EngineLimits.waitingFrameBytes >> 20)
    }

    @Test func usesBuffersAgain() throws {
        let exchange = FrameExchange()
        var bases: Set<UInt> = []
        for number in 0..<100 {
            _ = Self.deliver(exchange, number, count: 1500)
            let loan = try #require(Self.pull(exchange))
            unsafe bases.insert(UInt(bitPattern: loan.buffer.base))
            loan.buffer.lastReferenceGone()
        }
        #expect(bases.count == 1)
    }

    @Test func endsWhenNothingIsLeft() {
        let exchange = FrameExchange()
        _ = Self.deliver(exchange, 1)
        exchange.end()
        #expect(Self.deliver(exchange, 2) == false)
        #expect(Self.pull(exchange) != nil)
        guard case .ended = exchange.pull() else {
            Issue.record("the exchange did not end")
            return
        }
    }

    @Test func takesPushesUntilFull() {
        let exchange = FrameExchange()
        let bytes: [UInt8] = [1, 2, 3]
        unsafe bytes.withUnsafeBytes { (raw) in
            #expect(unsafe exchange.push(raw, timestamp: 5, flags: .key) == .taken(first: true))
            for _ in 1..<EngineLimits.pushedFrames {
                #expect(unsafe exchange.push(raw, timestamp: 6, flags: []) == .taken(first: false))
            }
            #expect(unsafe exchange.push(raw, timestamp: 7, flags: []) == .full)
            var batch = FrameExchange.Pushed()
            exchange.takePushed(into: &batch)
            #expect(batch.frames.count == EngineLimits.pushedFrames)
            #expect(batch.bytes.prefix(3) == [1, 2, 3])
            #expect(batch.frames.first?.count == 3)
            #expect(batch.frames.first?.timestamp == 5)
            #expect(batch.frames.first?.flags == .key)
            #expect(unsafe exchange.push(raw, timestamp: 8, flags: []) == .taken(first: true))
            exchange.closeOutgoing()
            #expect(unsafe exchange.push(raw, timestamp: 9, flags: []) == .closed)
            exchange.takePushed(into: &batch)
            #expect(batch.frames.count == 1)
        }
    }

    @Test func carriesFramesBetweenThreads() {
        let exchange = FrameExchange()
        let total = 5000
        let bad = Guarded(0)
        onThreads(3) { (number) in
            switch number {
            case 0:
                var delivered = 0
                while delivered < total {
                    if Self.deliver(exchange, delivered, count: 1 + delivered % 4000) != nil {
                        delivered += 1
                    }
                }
                exchange.end()
            default:
                while true {
                    switch exchange.pull() {
                    case .frame(let loan, _):
                        let byte = UInt8(truncatingIfNeeded: loan.description.timestamp)
                        let first = unsafe loan.buffer.base.load(as: UInt8.self)
                        let last = unsafe loan.buffer.base.load(
                            fromByteOffset: loan.count - 1,
                            as: UInt8.self
                        )
                        if first != byte || last != byte { bad.withLock { $0 += 1 } }
                        loan.buffer.lastReferenceGone()
                    case .nothing, .mark: continue
                    case .ended: return
                    }
                }
            }
        }
        #expect(bad.withLock { $0 } == 0)
        #expect(exchange.incomingCounters.counters.frames == UInt64(total))
        #expect(exchange.incomingCounters.waiting == 0)
    }

    @Test func losesNoPushBetweenThreads() {
        let exchange = FrameExchange()
        let total = 20_000
        let seen = Guarded(0)
        onThreads(3) { (number) in
            guard number == 0 else {
                let bytes: [UInt8] = [UInt8(number)]
                var pushed = 0
                while pushed < total / 2 {
                    let result = unsafe bytes.withUnsafeBytes {
                        unsafe exchange.push($0, timestamp: 0, flags: [])
                    }
                    if case .taken = result { pushed += 1 }
                }
                return
            }
            var batch = FrameExchange.Pushed()
            var received = 0
            while received < total {
                exchange.takePushed(into: &batch)
                received += batch.frames.count
                #expect(batch.bytes.count == batch.frames.count)
            }
            seen.withLock { $0 = received }
        }
        #expect(seen.withLock { $0 } == total)
    }
}
