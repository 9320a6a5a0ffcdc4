import CBurrowShims
import Synchronization

/// A value that threads share, one at a time.
///
/// It is the standard library's `Mutex`. In a build for the thread sanitizer, which cannot see into that library, it also
/// marks where the lock is taken and given back.
@safe package struct Guarded<Value: Sendable>: ~Copyable, @unchecked Sendable {
    private let mutex: Mutex<Value>

    #if BURROW_THREAD_SANITIZER
        /// An address that stands for the lock. The value's own would not do: taking it already is an access.
        private let mark = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)

        deinit {
            unsafe mark.deallocate()
        }
    #endif

    package init(_ value: Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` alone with the value. It must not wait, call out of the module or take a second lock.
    package borrowing func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        #if BURROW_THREAD_SANITIZER
            let mark = unsafe self.mark
        #endif
        // What comes out is `Sendable` or belongs to the caller alone.
        let outcome = mutex.withLock { (value) -> Outcome<Result, Failure> in
            #if BURROW_THREAD_SANITIZER
                unsafe cburrow_lock_taken(mark)
                defer { unsafe cburrow_lock_given(mark) }
            #endif
            return Outcome(&value, body)
        }
        return try outcome.result.get()
    }

    /// Carries a result out of the lock.
    private struct Outcome<Result, Failure: Error>: @unchecked Sendable {
        let result: Swift.Result<Result, Failure>

        init(_ value: inout Value, _ body: (inout Value) throws(Failure) -> Result) {
            do throws(Failure) {
                result = .success(try body(&value))
            } catch {
                result = .failure(error)
            }
        }
    }
}
