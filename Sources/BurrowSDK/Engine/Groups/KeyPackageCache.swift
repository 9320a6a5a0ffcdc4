import BurrowMarmot
import BurrowNostr

/// Key packages of others that came in, for invitations.
struct KeyPackageCache {
    private var entries: [PublicKey: [KeyPackageEvent]] = [:]
    /// The first to be forgotten in front.
    private var order: [PublicKey] = []

    /// Takes a key package in the place of older ones of the same device.
    mutating func insert(_ event: Event, now: UnixTime) throws(MarmotError) {
        let fresh = try KeyPackageEvent(event, now: now)
        var known = entries[fresh.identity] ?? []
        // Older clients ask for the same one under another kind.
        guard !known.contains(where: { $0.reference == fresh.reference && $0.slot != nil }) else { return }
        known.removeAll { $0.reference == fresh.reference }
        if let old = known.firstIndex(where: { $0.slot == fresh.slot }) {
            guard known[old].event.createdAt <= event.createdAt else { return }
            known.remove(at: old)
        }
        known.append(fresh)
        if known.count > EngineLimits.keyPackagesOfOne { known.removeFirst() }
        if entries.updateValue(known, forKey: fresh.identity) == nil { order.append(fresh.identity) }
        if order.count > EngineLimits.keyPackageOwners { entries[order.removeFirst()] = nil }
    }

    /// The newest key package of each.
    func newest(of people: [PublicKey]) throws(EngineError) -> [KeyPackageEvent] {
        var found: [KeyPackageEvent] = []
        for person in people { found.append(try newest(of: person) { _ in true }) }
        return found
    }

    /// The newest one that fits.
    func newest(of person: PublicKey, where fits: (KeyPackageEvent) -> Bool) throws(EngineError)
        -> KeyPackageEvent
    {
        guard let known = entries[person] else {
            throw EngineError(.notFound, "no key package of \(person.hex.prefix(8)) came in")
        }
        let newest = known.filter(fits).max { $0.event.createdAt < $1.event.createdAt }
        guard let newest else {
            throw EngineError(
                .exists,
                "all devices of \(person.hex.prefix(8)) that are known are in the group"
            )
        }
        return newest
    }
}
