/// Why something an engine was asked for failed. The ABI gives every code its number.
package struct EngineError: Error, Equatable, Sendable {
    package enum Code: CaseIterable, Sendable {
        case invalidArgument, staleHandle, forked, unsupported, bufferTooSmall, busy, wouldDeadlock, closed
        case cancelled, timeout, limit, system, internalError, exists, wrongKind
        case transport, nameNotFound, unreachable, certificateExpired, certificateWrongHost
        case certificateUnknownIssuer, certificateWrongPin, noCommonProtocol, tls, connectionLost
        case protocolViolation, version, unauthorized, notFound, tooFarBehind, goingAway, peer, addressInUse
        case overloaded
        case nostrEvent, nostrRefused, nostrKey, nostrUnreadable, keyRefused, keyAnswer
        case codec, damaged, format
        case keyMissing, keyExhausted, frameRepeated, frameRejected
        case group, notAdmin, notMember, lostRace, notPublished, commitPending, marmotVersion
        case storage, storageInUse, storageKey, storageDamaged, storageVersion, storageFull
        case tokenKey, token, tokenExpired
    }

    package var code: Code
    /// What failed and with what, in lower case, for people.
    package var context: String
    /// The number with which the peer explained itself, or 0.
    package var peerCode: Int64

    package init(_ code: Code, _ context: String, peerCode: Int64 = 0) {
        self.code = code
        self.context = context
        self.peerCode = peerCode
    }
}
