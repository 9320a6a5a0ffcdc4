import CBurrowShims

/// Starts threads of ours: named, deaf to signals, running one function.
enum EngineThread {
    /// What a thread is to do; handed over by pointer.
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts a thread that has to be joined with the returned number.
    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) throws(EngineError) -> UInt64 {
        try launch(name, isDetached: false, run)
    }

    /// Starts a thread that ends by itself.
    static func detach(_ name: String, _ run: @escaping @Sendable () -> Void) throws(EngineError) {
        _ = try launch(name, isDetached: true, run)
    }

    static func join(_ thread: UInt64) {
        cburrow_thread_join(thread)
    }

    /// Lets a thread end by itself.
    static func leave(_ thread: UInt64) {
        cburrow_thread_leave(thread)
    }

    static func isCurrent(_ thread: UInt64) -> Bool {
        cburrow_thread_self() == thread
    }

    private static func launch(
        _ name: String,
        isDetached: Bool,
        _ run: @escaping @Sendable () -> Void
    ) throws(EngineError) -> UInt64 {
        var handle: UInt64 = 0
        let argument = unsafe Unmanaged.passRetained(Body(run))
        let code = unsafe cburrow_thread_start(
            &handle,
            isDetached ? 1 : 0,
            name,
            { (raw) in
                let body = unsafe Unmanaged<Body>.fromOpaque(raw).takeRetainedValue()
                body.run()
            },
            argument.toOpaque()
        )
        guard code == 0 else {
            unsafe argument.release()
            throw EngineError(.system, "cannot start a thread: \(SystemCall.text(code))")
        }
        return handle
    }
}
