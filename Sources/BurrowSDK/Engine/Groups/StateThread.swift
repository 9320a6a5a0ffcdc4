/// The thread of an engine that keeps identities and groups, and their files. Waiting for a disk holds up nothing else.
package final class StateThread: Sendable {
    private enum Phase {
        case idle
        case running(thread: UInt64)
        case over
    }

    private let mailbox: Mailbox<StateCommand>
    private let phase = Guarded(Phase.idle)
    private let waitingForKeys = Guarded(0)

    init() throws(EngineError) {
        mailbox = try Mailbox()
    }

    /// Starts the thread unless it runs.
    func start(for engine: Engine) throws(EngineError) {
        try phase.withLock { (phase) throws(EngineError) in
            switch phase {
            case .running: return
            case .over: throw EngineError(.closed, "the engine is shut down")
            case .idle:
                let mailbox = mailbox
                phase = .running(
                    thread: try EngineThread.start("burrow-state") { StateLoop(engine, mailbox).run() }
                )
            }
        }
    }

    /// False when there is no thread.
    @discardableResult
    func post(_ command: StateCommand) -> Bool {
        let isRunning = phase.withLock { (phase) in
            if case .running = phase { true } else { false }
        }
        return isRunning && mailbox.post(command)
    }

    /// How much it has to do.
    var waitingCount: Int { mailbox.waitingCount + backlog }

    /// What waits there for keys that are elsewhere.
    var backlog: Int {
        get { waitingForKeys.withLock { $0 } }
        set { waitingForKeys.withLock { $0 = newValue } }
    }

    /// Makes the thread end. Returns it, when it has to be joined.
    func end() -> UInt64? {
        mailbox.close()
        return phase.withLock { (phase) in
            defer { phase = .over }
            if case .running(let thread) = phase { return thread }
            return nil
        }
    }
}
