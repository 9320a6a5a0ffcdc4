import BurrowBase
import CBurrowShims
import Synchronization

/// How much a log line matters.
package enum LogLevel: Int32, Comparable, Sendable {
    case off = 0
    case error, warning, info, debug, trace

    package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// Where log lines go: to the host's handler, or into a ring that the host reads. One per process.
@safe package final class LogRing: @unchecked Sendable {
    package struct Line: Equatable, Sendable {
        package var level: LogLevel
        package var text: String

        package init(level: LogLevel, text: String) {
            self.level = level
            self.text = text
        }
    }

    private struct State {
        var lines = FIFO<Line>()
        var level = LogLevel.warning
        var components: [String: LogLevel] = [:]
    }

    package static let shared = LogRing()

    private let state = Guarded(State())
    /// The highest level any component has, so that what nobody wants costs one load.
    private let ceiling = Atomic<Int32>(LogLevel.warning.rawValue)
    private let callback: OpaquePointer?

    package init() {
        unsafe callback = cburrow_callback_make()
    }

    deinit {
        if let callback = unsafe callback { unsafe cburrow_callback_free(callback) }
    }

    /// Whether anything of this level can be wanted at all.
    package func isWanted(_ level: LogLevel) -> Bool {
        level.rawValue <= ceiling.load(ordering: .relaxed)
    }

    /// Writes a line. Composes it only when somebody wants it.
    package func write(_ level: LogLevel, _ component: StaticString, _ text: @autoclosure () -> String) {
        guard isWanted(level) else { return }
        let name = component.description
        let wanted = state.withLock { level <= $0.components[name] ?? $0.level }
        guard wanted else { return }
        let line = text()
        if call(level, name, line) { return }
        state.withLock { (state) in
            if state.lines.count >= EngineLimits.logLines { _ = state.lines.popFirst() }
            state.lines.append(Line(level: level, text: "\(name): \(line)"))
        }
    }

    /// False when there is no handler.
    private func call(_ level: LogLevel, _ component: String, _ text: String) -> Bool {
        guard let callback = unsafe callback else { return false }
        var userData: UnsafeMutableRawPointer?
        guard let function = unsafe cburrow_callback_begin(callback, &userData) else { return false }
        unsafe cburrow_call_log(function, userData, level.rawValue, component, text)
        unsafe cburrow_callback_end(callback)
        return true
    }

    package func setLevel(_ level: LogLevel, component: String?) {
        state.withLock { (state) in
            if let component {
                state.components[component] = level
            } else {
                state.level = level
                state.components = [:]
            }
            let highest = state.components.values.reduce(state.level, max)
            ceiling.store(highest.rawValue, ordering: .relaxed)
        }
    }

    /// Replaces the handler, a function of C as `burrow_log_fn`, then waits until running calls have returned.
    package func setHandler(
        _ handler: UnsafeMutableRawPointer?,
        userData: UnsafeMutableRawPointer?
    ) throws(EngineError) {
        guard cburrow_callback_depth() == 0 else {
            throw EngineError(.wouldDeadlock, "a log handler cannot replace itself")
        }
        guard let callback = unsafe callback else {
            throw EngineError(.system, "no memory for the log handler")
        }
        unsafe cburrow_callback_set(callback, handler, userData)
    }

    /// The oldest line in the ring. It stays there until `discardFirst`.
    package var first: Line? { state.withLock { $0.lines.first } }

    /// Takes the oldest line if it is still this one.
    package func discardFirst(_ line: Line) {
        state.withLock { (state) in
            if state.lines.first == line { _ = state.lines.popFirst() }
        }
    }
}
