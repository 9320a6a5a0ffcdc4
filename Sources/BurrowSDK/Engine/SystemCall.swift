package import BurrowBase
import CBurrowShims

/// What the operating system says about itself.
package enum SystemCall {
    /// The sentence for an errno, in lower case as all our messages.
    package static func text(_ code: Int32) -> String {
        let sentence = unsafe String(cString: cburrow_errno_text(code))
        return sentence.prefix(1).lowercased() + sentence.dropFirst()
    }

    /// The libraries below us, for people.
    package static var libraries: String {
        var text = [CChar](repeating: 0, count: 128)
        return unsafe text.withUnsafeMutableBufferPointer { (buffer) -> String in
            guard let start = buffer.baseAddress else { return "" }
            unsafe cburrow_library_versions(start, buffer.count)
            return unsafe String(cString: start)
        }
    }

    /// Whether files can be made in a folder.
    package static func isWritableFolder(_ path: String) -> Bool {
        unsafe cburrow_is_writable_folder(path) == 1
    }

    /// The clock all timestamps use.
    package static func now() -> Instant { Instant(microseconds: cburrow_now_us()) }

    /// Microseconds since 1970.
    package static func unixMicroseconds() -> Int64 { cburrow_unix_us() }
}
