package import BurrowBase

/// A proposal inside a commit: itself, or the hash of one sent before (RFC 9420 §12.4).
package enum ProposalOrRef: Equatable, Sendable, WireValue {
    case proposal(Proposal)
    case reference([UInt8])

    package init(from reader: inout ByteReader) throws(MLSError) {
        switch try Wire.uint8(&reader) {
        case 1: self = .proposal(try Proposal(from: &reader))
        case 2: self = .reference(try Wire.opaque(&reader))
        case let value: throw MLSError(.codecInvalidValue, "proposal in unknown form \(value)")
        }
    }

    package func encode(to writer: inout ByteWriter) {
        switch self {
        case .proposal(let proposal):
            writer.writeUInt8(1)
            proposal.encode(to: &writer)
        case .reference(let reference):
            writer.writeUInt8(2)
            writer.writeOpaque(reference)
        }
    }
}

/// The step from one epoch to the next (RFC 9420 §12.4).
package struct Commit: Equatable, Sendable, WireValue {
    package let proposals: [ProposalOrRef]
    package let path: UpdatePath?

    package init(proposals: [ProposalOrRef], path: UpdatePath?) {
        self.proposals = proposals
        self.path = path
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        proposals = try Wire.list(&reader, limit: MLSLimits.proposals)
        path = try Wire.optional(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeList(proposals)
        writer.writeOptional(path)
    }
}
