package import BurrowBase

/// What every member of a group must support (RFC 9420 §11.1).
package struct RequiredCapabilities: Equatable, Sendable {
    package var extensions: [UInt16]
    package var proposals: [UInt16]
    package var credentials: [UInt16]

    package init(extensions: [UInt16] = [], proposals: [UInt16] = [], credentials: [UInt16] = []) {
        self.extensions = extensions
        self.proposals = proposals
        self.credentials = credentials
    }

    package var asExtension: Extension { Extension(type: Extension.requiredCapabilities, data: encoded) }
}

extension RequiredCapabilities: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        extensions = try Wire.uint16List(&reader, limit: MLSLimits.capabilities)
        proposals = try Wire.uint16List(&reader, limit: MLSLimits.capabilities)
        credentials = try Wire.uint16List(&reader, limit: MLSLimits.capabilities)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16List(extensions)
        writer.writeUInt16List(proposals)
        writer.writeUInt16List(credentials)
    }
}

extension [Extension] {
    package func requiredCapabilities() throws(MLSError) -> RequiredCapabilities? {
        guard let data = data(of: Extension.requiredCapabilities) else { return nil }
        return try RequiredCapabilities(decoding: data)
    }
}

/// Somebody outside of the group who may propose changes (RFC 9420 §12.1.8.1).
package struct ExternalSender: Equatable, Sendable {
    package let signatureKey: [UInt8]
    package let credential: Credential

    package init(signatureKey: [UInt8], credential: Credential) {
        self.signatureKey = signatureKey
        self.credential = credential
    }
}

extension ExternalSender: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        signatureKey = try Wire.opaque(&reader)
        credential = try Credential(from: &reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeOpaque(signatureKey)
        credential.encode(to: &writer)
    }
}

/// The list of an `external_senders` extension.
package struct ExternalSenders: Equatable, Sendable, WireValue {
    package let senders: [ExternalSender]

    package init(_ senders: [ExternalSender]) {
        self.senders = senders
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        senders = try Wire.list(&reader, limit: MLSLimits.capabilities)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeList(senders)
    }

    package var asExtension: Extension { Extension(type: Extension.externalSenders, data: encoded) }
}

extension [Extension] {
    package func externalSenders() throws(MLSError) -> [ExternalSender] {
        guard let data = data(of: Extension.externalSenders) else { return [] }
        return try ExternalSenders(decoding: data).senders
    }
}
