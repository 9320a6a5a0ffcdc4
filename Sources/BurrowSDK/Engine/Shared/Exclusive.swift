import Synchronization

/// Something that one thread at a time may use, for as long as it likes; a second one is turned away instead of waiting.
@safe final class Exclusive<Value>: @unchecked Sendable {
    private let isTaken = Atomic(false)
    private let value: Value

    init(_ value: Value) {
        self.value = value
    }

    /// The value, to be given back by the same thread; `nil` while another has it.
    func take() -> Value? {
        isTaken.exchange(true, ordering: .acquiring) ? nil : value
    }

    func giveBack() {
        isTaken.store(false, ordering: .releasing)
    }
}
