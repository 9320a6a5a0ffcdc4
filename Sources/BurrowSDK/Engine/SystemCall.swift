package import BurrowBase
import CBurrowShims

/// What the operating system says about itself.
package enum SystemCall {
    /// The sentence for an errno, in lower case as all our messages.
    package static func text(_ code: Int32) -> String {
        let sentence = unsafe String(cString: cburrow_errno_text(code))
        return sentence.prefix(1).lowercased() + sentence.dropFirst()
    }

    /// The clock all timestamps use.
    package static func now() -> Instant { Instant(microseconds: cburrow_now_us()) }

    /// Microseconds since 1970.
    package static func unixMicroseconds() -> Int64 { cburrow_unix_us() }
}
