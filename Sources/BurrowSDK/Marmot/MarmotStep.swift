package import BurrowCrypto
package import BurrowNostr

/// What has to be done after a call, in this order: store, send, tell.
package struct MarmotStep {
    /// All in one transaction, and before anything is sent.
    package var writes: [MarmotWrite] = []
    package var sends: [MarmotSend] = []
    package var notices: [MarmotNotice] = []

    package init() {}

    package var isEmpty: Bool { writes.isEmpty && sends.isEmpty && notices.isEmpty }

    mutating func add(_ other: MarmotStep) {
        writes += other.writes
        sends += other.sends
        notices += other.notices
    }
}

/// One change of what is stored. Values hold secrets: whoever stores them seals them.
package enum MarmotWrite: Equatable {
    case put(RecordKey, RecordValue)
    case drop(RecordKey)
    /// All parts of a group whose names begin so: all keys that begin with `RecordKey.partPrefix`.
    case dropParts(group: [UInt8], names: [UInt8])
}

/// Something to hand to the network.
package enum MarmotSend: Equatable, Sendable {
    /// A finished event for the group's relays. Its fate is to be reported.
    case groupEvent(Event, group: [UInt8], relays: [String])
    /// To be signed with the identity's key and published.
    case sign(Rumor, relays: [String])
    /// To be sealed with the identity's key and wrapped for somebody (NIP-59), for the inbox relays of theirs, or these.
    case wrap(Rumor, to: PublicKey, relays: [String])
}

/// Something the host wants to know.
package enum MarmotNotice: Equatable, Sendable {
    case message(GroupMessage)
    /// Keys of calls are to be exported now. `by` is whose commit it was.
    case epochChanged(group: [UInt8], epoch: UInt64, by: PublicKey)
    case membersChanged(group: [UInt8], added: [PublicKey], removed: [PublicKey])
    case dataChanged(group: [UInt8])
    case mediaRelaysChanged(group: [UInt8], relays: [String])
    case invitation(Invitation)
    case joined(group: [UInt8])
    /// We are no member any more; `by` is `nil` when we left.
    case removed(group: [UInt8], by: PublicKey?)
    case operationDone(group: [UInt8], operation: UInt64)
    case operationFailed(group: [UInt8], operation: UInt64, MarmotError)
    /// A commit that came late won over one that was taken: the group is back in this epoch and goes on from there. What
    /// we sent since has reached nobody who followed it, and may be sent again.
    case rolledBack(group: [UInt8], epoch: UInt64, unsent: [Rumor])
    /// Somebody used our key package: another one should take its slot.
    case keyPackageUsed(slot: Bytes32)
    /// An event or invitation was refused, and why.
    case refused(EventID, MarmotError)
}

/// An application message of a group.
package struct GroupMessage: Equatable, Sendable {
    package let group: [UInt8]
    package let epoch: UInt64
    package let sender: PublicKey
    /// Which of the sender's devices it was.
    package let leaf: UInt32
    package let rumor: Rumor
    /// The group event it came in.
    package let event: EventID
}
