import CBurrowShims

/// Runs a body on several threads at once and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Job {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var threads: [UInt64] = []
    for number in 0..<count {
        var handle: UInt64 = 0
        let job = unsafe Unmanaged.passRetained(Job { body(number) })
        let code = unsafe cburrow_thread_start(
            &handle,
            0,
            "test",
            { (raw) in unsafe Unmanaged<Job>.fromOpaque(raw).takeRetainedValue().run() },
            job.toOpaque()
        )
        if code == 0 { threads.append(handle) } else { unsafe job.release() }
    }
    for thread in threads { cburrow_thread_join(thread) }
}
