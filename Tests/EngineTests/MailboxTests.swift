import BurrowEngine
import CBurrowShims
import Testing

@Suite struct MailboxTests {
    @Test func deliversInOrder() throws {
        let mailbox = try Mailbox<Int>()
        for number in 0..<10 { #expect(mailbox.post(number)) }
        var batch = ContiguousArray<Int>()
        mailbox.take(into: &batch)
        #expect(Array(batch) == Array(0..<10))
    }

    @Test func doesNotSleepOnMessages() throws {
        let mailbox = try Mailbox<Int>()
        #expect(mailbox.fallAsleep())
        mailbox.post(1)
        #expect(cburrow_wait_readable(mailbox.descriptor, 0) == 1)
        mailbox.clear()
        #expect(!mailbox.fallAsleep())
        var batch = ContiguousArray<Int>()
        mailbox.take(into: &batch)
        #expect(mailbox.fallAsleep())
        #expect(cburrow_wait_readable(mailbox.descriptor, 0) == 0)
    }

    @Test func wakesOnlyASleeper() throws {
        let mailbox = try Mailbox<Int>()
        mailbox.post(1)
        #expect(cburrow_wait_readable(mailbox.descriptor, 0) == 0)
    }

    @Test func refusesAboveTheLimitAndWhenClosed() throws {
        let mailbox = try Mailbox<Int>()
        #expect(mailbox.post(1, limit: 1))
        #expect(!mailbox.post(2, limit: 1))
        #expect(!mailbox.closeIfEmpty())
        mailbox.close()
        #expect(!mailbox.post(3))
        #expect(cburrow_wait_readable(mailbox.descriptor, 0) == 1)
    }

    @Test func losesNothingUnderContention() throws {
        let mailbox = try Mailbox<Int>()
        let sums = Guarded((received: 0, sum: 0))
        let senders = 3
        let each = 10_000
        onThreads(senders + 1) { (number) in
            guard number == senders else {
                for message in 1...each { mailbox.post(message) }
                return
            }
            var batch = ContiguousArray<Int>()
            var received = 0
            var sum = 0
            while received < senders * each {
                batch.removeAll(keepingCapacity: true)
                mailbox.take(into: &batch)
                received += batch.count
                sum += batch.reduce(0, +)
                if mailbox.fallAsleep() && received < senders * each {
                    // A lost wake-up would hang here.
                    #expect(cburrow_wait_readable(mailbox.descriptor, 10_000) == 1)
                    mailbox.clear()
                }
            }
            sums.withLock { $0 = (received, sum) }
        }
        #expect(sums.withLock { $0.received } == senders * each)
        #expect(sums.withLock { $0.sum } == senders * each * (each + 1) / 2)
    }
}
