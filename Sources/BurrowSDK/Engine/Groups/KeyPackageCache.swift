import BurrowMLS
import BurrowMarmot
import BurrowNostr

/// Key packages of others that came in, for invitations.
struct KeyPackageCache {
    /// A device of somebody.
    struct Device {
        let newest: KeyPackageEvent
        /// With one of them it signs in groups: that of the newest key package, and those of older ones that were seen.
        let signatureKeys: [[UInt8]]
    }

    private struct Owner {
        /// At most one for each slot.
        var known: [KeyPackageEvent] = []
        /// Signature keys of key packages that have a successor in their slot.
        var former: [(slot: Bytes32, signatureKey: [UInt8])] = []

        mutating func note(former event: KeyPackageEvent) {
            let key = event.signatureKey
            guard let slot = event.slot, !former.contains(where: { $0.signatureKey == key }) else { return }
            former.append((slot, key))
            if former.count > EngineLimits.formerKeyPackagesOfOne { former.removeFirst() }
        }

        var devices: [Device] {
            KeyPackageEvent.choose(known).map { (event) in
                let older = former.filter { $0.slot == event.slot }.map(\.signatureKey)
                return Device(newest: event, signatureKeys: older + [event.signatureKey])
            }
        }
    }

    private var entries: [PublicKey: Owner] = [:]
    /// The first to be forgotten in front.
    private var order: [PublicKey] = []

    /// Takes a key package in the place of older ones of the same device.
    mutating func insert(_ event: Event, now: UnixTime) throws(MarmotError) {
        let fresh = try KeyPackageEvent(event, now: now)
        var owner = entries[fresh.identity] ?? Owner()
        // Older clients ask for the same one under another kind.
        guard !owner.known.contains(where: { $0.reference == fresh.reference && $0.slot != nil }) else {
            return
        }
        owner.known.removeAll { $0.reference == fresh.reference }
        if let old = owner.known.firstIndex(where: { $0.slot == fresh.slot }) {
            if owner.known[old].event.createdAt <= event.createdAt {
                owner.note(former: owner.known.remove(at: old))
                owner.known.append(fresh)
            } else {
                owner.note(former: fresh)
            }
        } else {
            owner.known.append(fresh)
            if owner.known.count > EngineLimits.keyPackagesOfOne { owner.known.removeFirst() }
        }
        if entries.updateValue(owner, forKey: fresh.identity) == nil { order.append(fresh.identity) }
        if order.count > EngineLimits.keyPackageOwners { entries[order.removeFirst()] = nil }
    }

    /// The newest key package of each.
    func newest(of people: [PublicKey]) throws(EngineError) -> [KeyPackageEvent] {
        var found: [KeyPackageEvent] = []
        for person in people { found.append(try newest(of: person) { _ in true }) }
        return found
    }

    /// The newest one of a device that fits.
    func newest(of person: PublicKey, where fits: (Device) -> Bool) throws(EngineError) -> KeyPackageEvent {
        guard let owner = entries[person] else {
            throw EngineError(.notFound, "no key package of \(person.hex.prefix(8)) came in")
        }
        let newest = owner.devices.filter(fits).max { $0.newest.event.createdAt < $1.newest.event.createdAt }
        guard let newest else {
            throw EngineError(
                .exists,
                "all devices of \(person.hex.prefix(8)) that are known are in the group"
            )
        }
        return newest.newest
    }
}

extension KeyPackageEvent {
    fileprivate var signatureKey: [UInt8] { keyPackage.leafNode.signatureKey }
}
