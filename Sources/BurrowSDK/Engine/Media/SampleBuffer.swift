/// Memory for samples that are on their way through one object, allocated once.
@safe final class SampleBuffer {
    let count: Int
    private let base: UnsafeMutablePointer<Float>

    init(count: Int) {
        self.count = max(count, 1)
        unsafe base = .allocate(capacity: self.count)
        unsafe base.initialize(repeating: 0, count: self.count)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// Lends the first `wanted` samples for writing.
    func write<Result, Failure: Error>(
        _ wanted: Int,
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var span = unsafe MutableSpan(_unsafeStart: base, count: min(max(wanted, 0), count))
        return try body(&span)
    }

    /// Lends the first `wanted` samples for reading.
    func read<Result, Failure: Error>(
        _ wanted: Int,
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe Span(_unsafeStart: base, count: min(max(wanted, 0), count)))
    }
}
