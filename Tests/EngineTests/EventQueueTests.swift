import BurrowBase
import BurrowEngine
import CBurrowShims
import Testing

@Suite struct EventQueueTests {
    private static func joined(_ number: Int) -> HostEvent {
        var event = HostEvent(.participantJoined, subject: 0, time: Instant(microseconds: 1))
        event.participant = UInt32(number)
        event.text = "person \(number)"
        return event
    }

    private static func done(_ request: UInt64) -> HostEvent {
        var event = HostEvent(.done, subject: 0, time: Instant(microseconds: 1))
        event.request = request
        return event
    }

    private static func take(_ queue: EventQueue) -> HostEvent? {
        if case .event(let event) = queue.next(timeout: 0) { return event }
        return nil
    }

    @Test func keepsOrderAndLendsTheText() throws {
        let queue = try EventQueue()
        #expect(queue.beginDraining())
        queue.post([Self.joined(1), Self.done(7), Self.joined(2)])
        #expect(Self.take(queue)?.participant == 1)
        #expect(unsafe String(cString: queue.text) == "person 1")
        #expect(Self.take(queue)?.request == 7)
        #expect(Self.take(queue)?.participant == 2)
        #expect(Self.take(queue) == nil)
    }

    @Test func isReadableExactlyWhileEventsWait() throws {
        let queue = try EventQueue()
        #expect(queue.beginDraining())
        let descriptor = queue.useDescriptor()
        #expect(cburrow_wait_readable(descriptor, 0) == 0)
        queue.post([Self.joined(1), Self.joined(2)])
        #expect(cburrow_wait_readable(descriptor, 0) == 1)
        _ = Self.take(queue)
        #expect(cburrow_wait_readable(descriptor, 0) == 1)
        _ = Self.take(queue)
        #expect(cburrow_wait_readable(descriptor, 0) == 0)
    }

    @Test func isReadableWhenTheDescriptorIsAskedForLate() throws {
        let queue = try EventQueue()
        queue.post([Self.joined(1)])
        #expect(cburrow_wait_readable(queue.useDescriptor(), 0) == 1)
    }

    @Test func dropsDiscreteEventsAboveTheLimitAndSaysSo() throws {
        let queue = try EventQueue()
        #expect(queue.beginDraining())
        for number in 0..<EngineLimits.waitingEvents + 10 { queue.post([Self.joined(number)]) }
        queue.post([Self.done(99)])
        for number in 0..<EngineLimits.waitingEvents {
            #expect(Self.take(queue)?.participant == UInt32(number))
        }
        let overflow = try #require(Self.take(queue))
        guard case .overflow = overflow.kind else {
            Issue.record("expected an overflow")
            return
        }
        #expect(overflow.value == 10)
        #expect(Self.take(queue)?.request == 99)
        queue.post([Self.joined(5)])
        #expect(Self.take(queue)?.participant == 5)
    }

    @Test func letsOneThreadDrain() throws {
        let queue = try EventQueue()
        #expect(queue.beginDraining())
        #expect(!queue.beginDraining())
        queue.endDraining()
        #expect(queue.beginDraining())
    }

    @Test func endsAfterTheLastEventWhenFinished() throws {
        let queue = try EventQueue()
        #expect(queue.beginDraining())
        queue.post([Self.done(1)])
        queue.finish()
        #expect(Self.take(queue)?.request == 1)
        guard case .closed = queue.next(timeout: -1) else {
            Issue.record("the queue did not end")
            return
        }
    }

    @Test func wakesAWaiterWhenClosed() throws {
        let queue = try EventQueue()
        let results = Guarded(0)
        onThreads(2) { (number) in
            guard number == 0 else { return queue.close() }
            guard queue.beginDraining() else { return }
            if case .closed = queue.next(timeout: -1) { results.withLock { $0 += 1 } }
            queue.endDraining()
        }
        #expect(results.withLock { $0 } == 1)
    }

    @Test func deliversEverythingBetweenThreads() throws {
        let queue = try EventQueue()
        let total: UInt64 = 20_000
        let last = Guarded<UInt64>(0)
        onThreads(2) { (number) in
            guard number == 0 else {
                for request in 1...total { queue.post([Self.done(request)]) }
                queue.finish()
                return
            }
            guard queue.beginDraining() else { return }
            var previous: UInt64 = 0
            while case .event(let event) = queue.next(timeout: -1) {
                #expect(event.request == previous + 1)
                previous = event.request
            }
            last.withLock { $0 = previous }
        }
        #expect(last.withLock { $0 } == total)
    }
}
