/// What a client keeps from one connection to make the next one shorter: a session ticket, the server's transport
/// parameters for early data, and an address token (RFC 9001 §4.5, RFC 9000 §8.1.3).
package struct ResumptionState: Equatable, Sendable {
    package internal(set) var ticket: [UInt8]
    package internal(set) var transportParameters: [UInt8]
    package internal(set) var addressToken: [UInt8]
    /// The protocol of the connection it comes from; early data is only for the same one.
    package internal(set) var alpn: String
}
