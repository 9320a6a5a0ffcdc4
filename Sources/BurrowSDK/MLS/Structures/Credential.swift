package import BurrowBase

/// Who a member claims to be (RFC 9420 §5.3). Whether that is true is for the application to say.
package enum Credential: Equatable, Sendable {
    /// An identity in a form of the application.
    case basic([UInt8])
    /// A chain of certificates in DER, the member's own first.
    case x509([[UInt8]])

    package static let basicType: UInt16 = 1
    package static let x509Type: UInt16 = 2

    package var type: UInt16 {
        switch self {
        case .basic: Self.basicType
        case .x509: Self.x509Type
        }
    }
}

extension Credential: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        switch try Wire.uint16(&reader) {
        case Self.basicType: self = .basic(try Wire.opaque(&reader))
        case Self.x509Type:
            let length = try Wire.length(&reader)
            let end = reader.offset + length
            var chain: [[UInt8]] = []
            while reader.offset < end {
                guard chain.count < MLSLimits.certificates else {
                    throw MLSError(.codecLimit, "more than \(MLSLimits.certificates) certificates")
                }
                chain.append(try Wire.opaque(&reader))
            }
            guard reader.offset == end else {
                throw MLSError(.codecInvalidLength, "certificate exceeds its vector")
            }
            self = .x509(chain)
        case let type: throw MLSError(.codecInvalidValue, "credential of unknown type \(type)")
        }
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16(type)
        switch self {
        case .basic(let identity): writer.writeOpaque(identity)
        case .x509(let chain):
            writer.writeMessage { (inner) in
                for certificate in chain { inner.writeOpaque(certificate) }
            }
        }
    }
}
