internal import BurrowBase

/// Hashes over all commits there ever were (RFC 9420 §8.2).
package enum Transcript {
    package static func confirmedHash(
        interim: [UInt8],
        _ commit: AuthenticatedContent,
        suite: CipherSuite
    ) throws(MLSError) -> [UInt8] {
        try suite.hash(interim + commit.transcriptInput)
    }

    package static func interimHash(
        confirmed: [UInt8],
        confirmationTag: [UInt8],
        suite: CipherSuite
    ) throws(MLSError) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(confirmed)
        writer.writeOpaque(confirmationTag)
        return try suite.hash(writer.bytes)
    }
}
