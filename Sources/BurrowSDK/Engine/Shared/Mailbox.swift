import CBurrowShims

/// Messages from many threads to one that sleeps on a descriptor.
///
/// The receiver gets them in batches. A descriptor write costs a system call, so senders write only when the receiver
/// has said that it is going to sleep.
package final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: ContiguousArray<Message> = []
        var isSleeping = false
        var isClosed = false
    }

    private let state = Guarded(State())
    /// Readable when a sleeping receiver has to wake.
    package let descriptor: Int32

    package init() throws(EngineError) {
        descriptor = cburrow_eventfd()
        guard descriptor >= 0 else {
            throw EngineError(.system, "cannot make a descriptor: \(SystemCall.text(-descriptor))")
        }
    }

    deinit {
        cburrow_close(descriptor)
    }

    /// Adds a message. False when the receiver is gone, or when it does not keep up and `limit` messages wait.
    @discardableResult
    package func post(_ message: Message, limit: Int = .max) -> Bool {
        let (isTaken, mustWake) = state.withLock { (state) -> (Bool, Bool) in
            guard !state.isClosed, state.messages.count < limit else { return (false, false) }
            state.messages.append(message)
            defer { state.isSleeping = false }
            return (true, state.isSleeping)
        }
        if mustWake { cburrow_eventfd_signal(descriptor) }
        return isTaken
    }

    /// Moves all messages to `batch`, which must be empty. Receiver only.
    package func take(into batch: inout ContiguousArray<Message>) {
        state.withLock { (state) in
            state.isSleeping = false
            swap(&state.messages, &batch)
        }
    }

    /// Says that the receiver is about to wait for the descriptor. False when it must not, because messages wait.
    package func fallAsleep() -> Bool {
        state.withLock { (state) in
            guard state.messages.isEmpty, !state.isClosed else { return false }
            state.isSleeping = true
            return true
        }
    }

    /// Resets the descriptor after it was readable. Receiver only.
    package func clear() {
        cburrow_eventfd_clear(descriptor)
    }

    /// Takes no more messages and wakes the receiver.
    package func close() {
        state.withLock { $0.isClosed = true }
        cburrow_eventfd_signal(descriptor)
    }

    /// How many messages wait.
    package var waitingCount: Int { state.withLock { $0.messages.count } }

    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Closes only when nothing waits; used by a receiver that wants to end. False when a message came in time.
    package func closeIfEmpty() -> Bool {
        state.withLock { (state) in
            guard state.messages.isEmpty else { return false }
            state.isClosed = true
            return true
        }
    }
}
