import BurrowBase
import CBurrowShims

/// The events of one engine on their way to the host: posted by the loop, drained by one thread of the host at a time.
///
/// The descriptor is readable while events wait. Writing and reading it costs system calls, so it is only kept up when
/// somebody has asked for it or waits.
@safe package final class EventQueue: @unchecked Sendable {
    package enum Wait: Sendable {
        /// Its text is at `text` until the next call.
        case event(HostEvent)
        case nothing
        case closed
    }

    private struct State {
        var events = FIFO<HostEvent>()
        /// Events in the queue that count against the limit.
        var discrete = 0
        /// How many were dropped since the overflow event was queued; `nil` when there is none in the queue.
        var dropped: Int64?
        /// The thread that drains, or 0.
        var drainer: UInt64 = 0
        /// The descriptor was handed out, or a thread waits on it.
        var descriptorUsers = 0
        var isSignalled = false
        /// Closed for good: by destroy at once, by shutdown when the last event was taken.
        var isClosed = false
        var isFinished = false

        var isOver: Bool { isClosed || (isFinished && events.isEmpty) }
    }

    private let state = Guarded(State())
    /// Readable while events wait, once `useDescriptor` was called.
    package let descriptor: Int32
    private let callback: OpaquePointer?
    /// The text of the event taken last; touched only by the draining thread.
    private var sentence: UnsafeMutablePointer<CChar>
    private var textCapacity = 256
    /// The bytes that came with it; as `sentence`.
    private var bytes: UnsafeMutablePointer<UInt8>?
    private var byteCapacity = 0
    package private(set) var byteCount = 0
    /// What is acknowledged with the next draining; touched only by the draining thread.
    private var receipt: MessageReceipt?
    /// A call that is over, which the host may retain until then; as `receipt`.
    private var parting: HostCall?

    package init() throws(EngineError) {
        descriptor = cburrow_eventfd()
        guard descriptor >= 0 else {
            throw EngineError(.system, "cannot make a descriptor: \(SystemCall.text(-descriptor))")
        }
        unsafe callback = cburrow_callback_make()
        unsafe sentence = .allocate(capacity: textCapacity)
        unsafe sentence.pointee = 0
    }

    deinit {
        unsafe sentence.deallocate()
        unsafe bytes?.deallocate()
        if let callback = unsafe callback { unsafe cburrow_callback_free(callback) }
        cburrow_close(descriptor)
    }

    // MARK: Posting

    /// Adds events in order and wakes the host if the queue was empty.
    package func post(_ batch: borrowing ContiguousArray<HostEvent>) {
        guard !batch.isEmpty else { return }
        let wasEmpty = state.withLock { (state) -> Bool in
            guard !state.isClosed else { return false }
            let wasEmpty = state.events.isEmpty
            for index in batch.indices { Self.add(batch[index], to: &state) }
            signal(&state)
            return wasEmpty && !state.events.isEmpty
        }
        if wasEmpty { wakeHost() }
    }

    package func post(_ event: HostEvent) {
        let wasEmpty = state.withLock { (state) -> Bool in
            guard !state.isClosed else { return false }
            let wasEmpty = state.events.isEmpty
            Self.add(event, to: &state)
            signal(&state)
            return wasEmpty && !state.events.isEmpty
        }
        if wasEmpty { wakeHost() }
    }

    private static func add(_ event: HostEvent, to state: inout State) {
        if event.isDiscrete {
            if state.discrete >= EngineLimits.waitingEvents {
                if let dropped = state.dropped {
                    state.dropped = dropped + 1
                } else {
                    state.dropped = 1
                    state.events.append(HostEvent(.overflow, subject: 0, time: event.time))
                }
                return
            }
            state.discrete += 1
        }
        state.events.append(event)
    }

    /// No event follows those already posted; draining ends with them.
    package func finish() {
        state.withLock { (state) in
            state.isFinished = true
            signal(&state)
        }
        wakeHost()
    }

    /// Ends draining at once and wakes whoever waits.
    package func close() {
        state.withLock { (state) in
            state.isClosed = true
            state.events.removeAll()
            signal(&state)
        }
    }

    private func signal(_ state: inout State) {
        let isReadable = !state.events.isEmpty || state.isClosed || state.isFinished
        if isReadable && !state.isSignalled && state.descriptorUsers > 0 {
            state.isSignalled = true
            cburrow_eventfd_signal(descriptor)
        } else if !isReadable && state.isSignalled {
            state.isSignalled = false
            cburrow_eventfd_clear(descriptor)
        }
    }

    private func wakeHost() {
        guard let callback = unsafe callback else { return }
        var userData: UnsafeMutableRawPointer?
        guard let function = unsafe cburrow_callback_begin(callback, &userData) else { return }
        unsafe cburrow_call_wakeup(function, userData)
        unsafe cburrow_callback_end(callback)
    }

    // MARK: Waiting

    /// Keeps the descriptor up from now on.
    package func useDescriptor() -> Int32 {
        state.withLock { (state) in
            state.descriptorUsers += 1
            signal(&state)
        }
        return descriptor
    }

    /// Replaces the function, a `burrow_wakeup_fn`, that is called when the queue stops being empty, and waits for running calls.
    package func setWakeup(
        _ wakeup: UnsafeMutableRawPointer?,
        userData: UnsafeMutableRawPointer?
    ) throws(EngineError) {
        guard cburrow_callback_depth() == 0 else {
            throw EngineError(.wouldDeadlock, "a wakeup cannot replace itself")
        }
        guard let callback = unsafe callback else { throw EngineError(.system, "no memory for the wakeup") }
        unsafe cburrow_callback_set(callback, wakeup, userData)
        if unsafe wakeup != nil, state.withLock({ !$0.events.isEmpty }) { wakeHost() }
    }

    /// Takes the right to drain. Everything the last drain handed out is dead afterwards.
    package func beginDraining() -> Bool {
        state.withLock { (state) in
            guard state.drainer == 0 else { return false }
            state.drainer = cburrow_thread_self()
            return true
        }
    }

    package func endDraining() {
        state.withLock { $0.drainer = 0 }
    }

    /// Lets go of what the event taken last held; it may hold the engine.
    func forgetLast() {
        guard beginDraining() else { return }
        (receipt, parting) = (nil, nil)
        endDraining()
    }

    /// How many events wait to be drained.
    package var waitingCount: Int { state.withLock { $0.events.count } }

    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Waits until no other thread is between `beginDraining` and `endDraining`. Gives up after a while, because the
    /// other thread may be in a function of the host that waits for this one.
    func waitForOtherDrainers() {
        for _ in 0..<2000 {
            let drainer = state.withLock { $0.drainer }
            if drainer == 0 || drainer == cburrow_thread_self() { return }
            cburrow_sleep_us(1000)
        }
    }

    /// Takes the next event, waiting up to `timeout` milliseconds for it, negative without end. Draining thread only.
    package func next(timeout: Int32) -> Wait {
        receipt?.acknowledge()
        receipt = nil
        parting?.letGo()
        parting = nil
        if let taken = take() { return taken }
        guard timeout != 0 else { return .nothing }
        state.withLock { (state) in
            state.descriptorUsers += 1
            signal(&state)
        }
        defer { state.withLock { $0.descriptorUsers -= 1 } }
        let deadline = SystemCall.now() + .milliseconds(Int64(max(timeout, 0)))
        while true {
            let left = (deadline - SystemCall.now()).microseconds
            let milliseconds = timeout < 0 ? -1 : Int32(clamping: (max(left, 0) + 999) / 1000)
            let result = cburrow_wait_readable(descriptor, milliseconds)
            if let taken = take() { return taken }
            if result < 0 || (timeout >= 0 && left <= 0) { return .nothing }
        }
    }

    private func take() -> Wait? {
        while true {
            guard var event = pop() else { return state.withLock { $0.isOver } ? .closed : nil }
            if event.subject != 0 && !HandleTable.shared.isCurrent(event.subject) {
                // The host has let go of what this is about; only completions still count.
                guard case .done = event.kind else { continue }
                event.subject = 0
            }
            // Frames that come from here on get an event of their own.
            if case .trackData(let track) = event.kind { track.dataEventTaken() }
            if case .groupMessage(let taken) = event.kind { receipt = taken }
            if case .callState(let call, let phase, _, _) = event.kind, phase.isOver { parting = call }
            keep(event.text)
            keep(event.data)
            return .event(event)
        }
    }

    private func pop() -> HostEvent? {
        state.withLock { (state) in
            if state.isClosed { return nil }
            var event = state.events.popFirst()
            if case .overflow = event?.kind {
                event?.value = state.dropped ?? 0
                state.dropped = nil
            } else if event?.isDiscrete == true {
                state.discrete -= 1
            }
            signal(&state)
            return event
        }
    }

    /// The text of the event taken last. Draining thread only.
    package var text: UnsafePointer<CChar> { unsafe UnsafePointer(sentence) }

    /// The bytes of the event taken last; none without any. Draining thread only.
    package var data: UnsafePointer<UInt8>? { byteCount == 0 ? nil : unsafe UnsafePointer(bytes) }

    private func keep(_ data: [UInt8]) {
        byteCount = data.count
        guard !data.isEmpty else { return }
        if data.count > byteCapacity {
            unsafe bytes?.deallocate()
            byteCapacity = data.count
            unsafe bytes = .allocate(capacity: byteCapacity)
        }
        guard let bytes = unsafe bytes else { return }
        for index in data.indices { unsafe bytes[index] = data[index] }
    }

    private func keep(_ words: String) {
        var words = words
        words.withUTF8 { (bytes) in
            if bytes.count >= textCapacity {
                unsafe sentence.deallocate()
                textCapacity = bytes.count + 1
                unsafe sentence = .allocate(capacity: textCapacity)
            }
            for index in bytes.indices { unsafe sentence[index] = CChar(bitPattern: bytes[index]) }
            unsafe sentence[bytes.count] = 0
        }
    }
}
