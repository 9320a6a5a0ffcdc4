import BurrowBase
import BurrowMoQ
package import BurrowNostr
import CBurrowShims

/// The part of an engine that hosts hold: it numbers things, hands commands to the loop, and owns the loop's thread.
package final class Engine: HandleObject {
    private enum Phase {
        case running
        /// Shutting down or shut down; the loop still runs.
        case shutDown
        case destroyed
    }

    private struct State {
        var phase = Phase.running
        var thread: UInt64?
        var lastRequest: UInt64 = 0
        var lastNumber: UInt64 = 0
        /// Requests whose completion is not in the event queue yet.
        var openRequests = 0
    }

    package static var kind: HandleKind { .engine }

    private static let lastEngine = Guarded<UInt64>(0)

    /// The number by which the handle table knows what belongs to this engine.
    package let number: UInt64
    package let events: EventQueue
    let mailbox: Mailbox<Command>
    /// Encodes and decodes; starts with the first audio or video track.
    let media: MediaThread
    /// Where the Nostr relays of the host's list stand.
    let nostr = Guarded(NostrSnapshot())
    /// The proofs of HTTP requests that were accepted.
    let proofs = Guarded(HTTPProofChecker())
    /// Nothing connects to Nostr relays: the host has its own.
    package let hasHostRelays: Bool
    /// What the host decided about calls.
    let callRules: CallRules
    /// What Nostr relays and services are reached through.
    let proxy: ProxyURL?
    /// Keeps identities and groups; starts with the first identity that may have groups.
    package let state: StateThread
    private let life = Guarded(State())

    private init(hasHostRelays: Bool, calls: CallRules, proxy: ProxyURL?) throws(EngineError) {
        self.hasHostRelays = hasHostRelays
        callRules = calls
        self.proxy = proxy
        number = Self.lastEngine.withLock { (last) in
            last += 1
            return last
        }
        events = try EventQueue()
        mailbox = try Mailbox()
        media = try MediaThread()
        state = try StateThread()
    }

    // MARK: Life

    /// Makes an engine and waits until its loop runs.
    package static func start(
        buffers: SocketBuffers,
        hasHostRelays: Bool = false,
        calls: CallRules = CallRules(),
        proxy: ProxyURL? = nil
    ) throws(EngineError) -> Engine {
        cburrow_install_fork_mark()
        let engine = try Engine(hasHostRelays: hasHostRelays, calls: calls, proxy: proxy)
        let report = try Mailbox<EngineError?>()
        let thread = try EngineThread.start("burrow-loop") {
            do throws(EngineError) {
                let loop = try EngineLoop(engine, buffers)
                report.post(nil)
                loop.run()
            } catch {
                report.post(error)
            }
        }
        if report.fallAsleep() { while cburrow_wait_readable(report.descriptor, -1) == 0 {} }
        var answers = ContiguousArray<EngineError?>()
        report.take(into: &answers)
        if let error = answers.compactMap(\.self).first {
            EngineThread.join(thread)
            throw error
        }
        engine.life.withLock { $0.thread = thread }
        return engine
    }

    /// Closes everything in good order; the completion is the last event.
    package func shutDown() throws(EngineError) -> UInt64 {
        let request = try newRequest()
        life.withLock { $0.phase = .shutDown }
        // What identities still have to do comes first.
        if !state.post(.shutDown(request: request)) { mailbox.post(.shutDown(request: request)) }
        return request
    }

    /// Ends the loop's thread and everything that belongs to the engine.
    package func destroy() throws(EngineError) {
        let thread = life.withLock { $0.thread }
        guard cburrow_callback_depth() == 0, !(thread.map(EngineThread.isCurrent) ?? false) else {
            throw EngineError(
                .wouldDeadlock,
                "an engine cannot be destroyed from its wakeup or a log handler"
            )
        }
        guard let mine = end() else { throw EngineError(.closed, "the engine is being destroyed already") }
        EngineThread.join(mine)
        if let codec = media.end() { EngineThread.join(codec) }
        if let keeper = state.end() { EngineThread.join(keeper) }
        try? unsafe events.setWakeup(nil, userData: nil)
        events.waitForOtherDrainers()
        events.forgetLast()
    }

    package func lastReferenceGone() {
        // Nobody may have to wait in a release, so the thread is left to end by itself.
        if let thread = end() { EngineThread.leave(thread) }
        if let codec = media.end() { EngineThread.leave(codec) }
        if let keeper = state.end() { EngineThread.leave(keeper) }
    }

    /// Tells the loop to end and makes all handles stale. `nil` when that was done before.
    private func end() -> UInt64? {
        let thread = life.withLock { (state) -> UInt64? in
            guard state.phase != .destroyed else { return nil }
            state.phase = .destroyed
            defer { state.thread = nil }
            return state.thread
        }
        guard let thread else { return nil }
        events.close()
        mailbox.close()
        HandleTable.shared.invalidate(owner: number)
        return thread
    }

    /// Gives the engine its handle.
    package func publish() throws(EngineError) -> UInt {
        let handle = HandleTable.shared.insert(self, owner: number)
        guard handle != 0 else {
            try destroy()
            throw EngineError(.limit, "too many handles")
        }
        return handle
    }

    // MARK: Draining

    /// Runs `body` with the right to drain, which one thread has at a time.
    package func drain<Result>(_ body: (EventQueue) throws(EngineError) -> Result) throws(EngineError)
        -> Result
    {
        guard events.beginDraining() else {
            throw EngineError(.busy, "another thread is draining this engine")
        }
        defer { events.endDraining() }
        return try body(events)
    }

    // MARK: Commands

    /// Hands a command to the loop, unless that has ended.
    func submit(_ command: Command) {
        mailbox.post(command)
    }

    func checkRunning() throws(EngineError) {
        guard life.withLock({ $0.phase == .running }) else {
            throw EngineError(.closed, "the engine is shut down")
        }
    }

    /// A number for a request, which from now on is owed a completion.
    func newRequest() throws(EngineError) -> UInt64 {
        try life.withLock { (state) throws(EngineError) -> UInt64 in
            guard state.phase == .running else { throw EngineError(.closed, "the engine is shut down") }
            guard state.openRequests < EngineLimits.openRequests else {
                throw EngineError(.limit, "too many requests are open")
            }
            state.openRequests += 1
            state.lastRequest += 1
            return state.lastRequest
        }
    }

    func requestCompleted() {
        life.withLock { $0.openRequests -= 1 }
    }

    func newNumber() -> UInt64 {
        life.withLock { (state) in
            state.lastNumber += 1
            return state.lastNumber
        }
    }
}
