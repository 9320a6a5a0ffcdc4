import CBurrowShims

/// The thread of an engine on which samples and pictures meet their codecs, and on which catalogues are read and written.
///
/// It uses a room as a host does: through tracks, whose events come to its mailbox instead of the host's queue. So the
/// reactor never waits for a codec, and a codec never for the network.
package final class MediaThread: Sendable {
    private enum Phase {
        case idle
        case running(thread: UInt64)
        case over
    }

    let mailbox: Mailbox<MediaCommand>
    private let phase = Guarded(Phase.idle)

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
                    thread: try EngineThread.start("burrow-codec") { MediaLoop(engine, mailbox).run() }
                )
            }
        }
    }

    func post(_ command: MediaCommand) {
        mailbox.post(command)
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
