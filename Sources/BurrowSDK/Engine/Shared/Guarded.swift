import CBurrowShims
import Synchronization

/// A value that threads share, one at a time.
///
/// It is the standard library's `Mutex` plus two marks for the thread sanitizer, which cannot see into that library. The
/// marks are nothing in other builds.
@safe package struct Guarded<Value: Sendable>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>

    package init(_ value: Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` alone with the value. It must not wait, call out of the module or take a second lock.
    package borrowing func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // Results are values that are `Sendable` or belong to the caller alone.
        let outcome = mutex.withLock { (value) -> Outcome<Result, Failure> in
            unsafe withUnsafePointer(to: &value) { unsafe cburrow_lock_taken($0) }
            defer { unsafe withUnsafePointer(to: &value) { unsafe cburrow_lock_given($0) } }
            do throws(Failure) {
                return Outcome(result: .success(try body(&value)))
            } catch {
                return Outcome(result: .failure(error))
            }
        }
        return try outcome.result.get()
    }

    /// Carries a result out of the lock.
    private struct Outcome<Result, Failure: Error>: @unchecked Sendable {
        let result: Swift.Result<Result, Failure>
    }
}
