/// Copies of whole runs of samples. The standard library copies between spans element by element, which is most of the
/// cost of a pull; here every run is checked once and then moved as memory.
extension [Float] {
    mutating func copy(_ source: [Float], from first: Int, count: Int, to position: Int) {
        guard count > 0, first >= 0, position >= 0 else { return }
        guard first <= source.count - count, position <= self.count - count else { return }
        unsafe withUnsafeMutableBufferPointer { (target) in
            unsafe source.withUnsafeBufferPointer { (source) in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                unsafe (to + position).update(from: from + first, count: count)
            }
        }
    }

    func copyOut(from first: Int, count: Int, into output: inout MutableSpan<Float>, at position: Int) {
        guard count > 0, first >= 0, position >= 0 else { return }
        guard first <= self.count - count, position <= output.count - count else { return }
        unsafe withUnsafeBufferPointer { (source) in
            unsafe output.withUnsafeMutableBufferPointer { (target) in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                unsafe (to + position).update(from: from + first, count: count)
            }
        }
    }

    /// Source and target may overlap.
    mutating func move(from first: Int, to position: Int, count: Int) {
        guard count > 0, first >= 0, position >= 0 else { return }
        guard first <= self.count - count, position <= self.count - count else { return }
        unsafe withUnsafeMutableBufferPointer { (samples) in
            guard let base = samples.baseAddress else { return }
            unsafe (base + position).update(from: base + first, count: count)
        }
    }

    mutating func zero(from first: Int, count: Int) {
        guard count > 0, first >= 0, first <= self.count - count else { return }
        unsafe withUnsafeMutableBufferPointer { (samples) in
            guard let base = samples.baseAddress else { return }
            unsafe (base + first).update(repeating: 0, count: count)
        }
    }
}
