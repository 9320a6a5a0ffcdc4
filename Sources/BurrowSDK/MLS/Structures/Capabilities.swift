package import BurrowBase

/// What a member's software can do (RFC 9420 §7.2). Values nobody knows (GREASE, §13.5) are carried and never meant.
package struct Capabilities: Equatable, Sendable {
    package var versions: [UInt16]
    package var cipherSuites: [UInt16]
    package var extensions: [UInt16]
    package var proposals: [UInt16]
    package var credentials: [UInt16]

    package init(
        versions: [UInt16] = [ProtocolVersion.mls10],
        cipherSuites: [UInt16],
        extensions: [UInt16] = [],
        proposals: [UInt16] = [],
        credentials: [UInt16] = [Credential.basicType]
    ) {
        self.versions = versions
        self.cipherSuites = cipherSuites
        self.extensions = extensions
        self.proposals = proposals
        self.credentials = credentials
    }

    package func supports(extension type: UInt16) -> Bool {
        Extension.isDefault(type) || extensions.contains(type)
    }

    package func supports(proposal type: UInt16) -> Bool {
        Proposal.isDefault(type) || proposals.contains(type)
    }

    package func supports(credential type: UInt16) -> Bool {
        credentials.contains(type)
    }

    /// Throws `missingRequiredCapability` unless everything required is there.
    func require(_ required: RequiredCapabilities) throws(MLSError) {
        for type in required.extensions where !supports(extension: type) {
            throw MLSError(.missingRequiredCapability, "member does not support extension \(type)")
        }
        for type in required.proposals where !supports(proposal: type) {
            throw MLSError(.missingRequiredCapability, "member does not support proposal \(type)")
        }
        for type in required.credentials where !supports(credential: type) {
            throw MLSError(.missingRequiredCapability, "member does not support credential \(type)")
        }
    }

    /// One of the values that stand for nothing (RFC 9420 §13.5).
    package static func grease(_ choice: UInt8) -> UInt16 {
        let nibble = UInt16(choice % 15) << 4
        return (nibble | 0x0a) << 8 | nibble | 0x0a
    }
}

extension Capabilities: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        versions = try Wire.uint16List(&reader, limit: MLSLimits.capabilities)
        cipherSuites = try Wire.uint16List(&reader, limit: MLSLimits.capabilities)
        extensions = try Wire.uint16List(&reader, limit: MLSLimits.capabilities)
        proposals = try Wire.uint16List(&reader, limit: MLSLimits.capabilities)
        credentials = try Wire.uint16List(&reader, limit: MLSLimits.capabilities)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16List(versions)
        writer.writeUInt16List(cipherSuites)
        writer.writeUInt16List(extensions)
        writer.writeUInt16List(proposals)
        writer.writeUInt16List(credentials)
    }
}
