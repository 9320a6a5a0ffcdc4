import FuzzDriver
import Glibc

/// One file in Tests/Fuzz/Targets, and in the list of Tests/Fuzz/Main.swift:
///
///     enum NameTarget: FuzzTarget {
///         static func run() { fuzz { (input) in ... } }
///     }
package protocol FuzzTarget {
    static func run()
}

/// Runs libFuzzer over what a target does with bytes. A trap, a sanitizer report, a slow or a greedy input is a finding;
/// an error that a parser throws is not.
package func fuzz(_ body: @escaping ([UInt8]) -> Void) -> Never {
    unsafe running = body
    var count = CommandLine.argc
    var arguments = unsafe CommandLine.unsafeArgv as UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { (data, size) in
        unsafe running([UInt8](UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
    exit(status)
}

/// libFuzzer's callback takes no context. Set once, before anything runs.
nonisolated(unsafe) private var running: ([UInt8]) -> Void = { _ in }

/// Takes numbers for choices from the front of an input; what is left is the data.
package struct Choices {
    package private(set) var rest: ArraySlice<UInt8>

    package init(_ input: [UInt8]) {
        rest = input[...]
    }

    /// A number from 0 to 255; 0 once the input has ended.
    package mutating func byte() -> Int {
        Int(rest.popFirst() ?? 0)
    }

    package mutating func element<T>(of list: [T]) -> T {
        list[byte() % list.count]
    }

    /// The next bytes, fewer at the end.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return taken
    }
}

/// Ends the run with a finding unless something is so, and says what. An optimised precondition would only trap.
package func require(_ isSo: Bool, _ what: @autoclosure () -> String) {
    guard !isSo else { return }
    let line = Array("finding: \(what())\n".utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    preconditionFailure()
}
