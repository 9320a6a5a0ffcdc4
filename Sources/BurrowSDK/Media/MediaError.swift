/// What can go wrong with pictures, samples, packets and catalogues, for the host to branch on and for people to read.
package struct MediaError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// The host asked for something that no codec or converter can do.
        case invalidArgument
        /// Well-formed, but of a kind this library does not handle.
        case unsupported
        /// Bytes of a peer that are not what they should be.
        case malformed
        /// More than a limit of this library allows.
        case limit
        /// The codec library failed in a way that is nobody's fault but its own.
        case codec
    }

    package var code: Code
    /// In lower case, without a full stop.
    package var context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}
