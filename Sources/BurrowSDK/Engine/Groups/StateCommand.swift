import BurrowMarmot
package import BurrowNostr

/// What a host asks of identities and groups. Requests are 0 when nobody waits for the completion.
enum StateCommand: Sendable {
    case open(HostIdentity, IdentityOptions, request: UInt64)
    case close(HostIdentity, request: UInt64)
    case makeKeyPackage(HostIdentity, relays: [String], request: UInt64)
    case found(HostIdentity, GroupBoard, GroupDraft, inviting: [PublicKey], request: UInt64)
    case change(HostIdentity, GroupBoard, GroupChange, request: UInt64)
    /// A verified event, and whether relays were asked for it.
    case ingest(Event, isAsked: Bool)
    case published(EventID, accepted: Bool)
    /// What became of something that was done with an identity's key.
    case keyUsed(HostIdentity, KeyUse, Result<KeyTask.Product, EngineError>)
    /// Something about the calls of an identity.
    case call(HostIdentity, CallCommand)
    /// The host has taken a message.
    case delivered(HostIdentity, UInt64)
    /// Ends everything, and hands the request on to the reactor.
    case shutDown(request: UInt64)
}

/// What a host wants of a group.
package enum GroupChange: Sendable {
    case join
    case invite(PublicKey)
    case remove(PublicKey)
    case update(GroupUpdate)
    case leave
    case send(kind: UInt16, content: String, tags: [[String]])
}

/// What is to be different in a group. Without anything this device has new keys.
package struct GroupUpdate: Sendable {
    package var name: String?
    package var description: String?
    package var admins: [PublicKey] = []
    package var formerAdmins: [PublicKey] = []
    package var mediaRelays: [String]?

    package init() {}

    var changesData: Bool {
        name != nil || description != nil || !admins.isEmpty || !formerAdmins.isEmpty
    }
}
