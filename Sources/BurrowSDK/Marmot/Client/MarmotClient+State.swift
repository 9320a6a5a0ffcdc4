package import BurrowBase
package import BurrowCrypto
package import BurrowNostr

/// A client as it was when its process ended.
extension MarmotClient {
    /// Reads everything that was stored. One damaged group does not keep the others from being read: it is named in
    /// `unreadable`.
    package init(
        publicKey: PublicKey,
        options: MarmotOptions = MarmotOptions(),
        arena: SecretArena = SecretArena(),
        records: [(key: RecordKey, value: RecordValue)],
        unreadable: inout [RecordKey]
    ) {
        self.init(publicKey: publicKey, options: options, arena: arena)
        var states: [[UInt8]: RecordValue] = [:]
        var parts: [[UInt8]: [Record]] = [:]
        var snapshots: [[UInt8]: [RecordValue]] = [:]
        for (key, value) in records {
            switch key {
            case .client: break
            case .group(let id): states[id] = value
            case .part(let id, let name): parts[id, default: []].append(Record(key: name, stored: value))
            case .snapshot(let id, _): snapshots[id, default: []].append(value)
            case .keyPackage:
                if let own = try? OwnKeyPackage(state: value.bytes, suite: suite) {
                    keyPackages.append(own)
                } else {
                    unreadable.append(key)
                }
            case .invitation(let id):
                if let open = try? OpenInvitation(state: value.bytes, policy: options.policy, arena: arena) {
                    openInvitations.append(open)
                    _ = seenInvitations.insert(id)
                } else {
                    unreadable.append(key)
                }
            }
        }
        keyPackages.sort { ($0.createdAt, $0.slot) < ($1.createdAt, $1.slot) }
        openInvitations.sort {
            ($0.preview.madeAt, $0.preview.id) < ($1.preview.madeAt, $1.preview.id)
        }
        for (id, state) in states.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            do {
                groups[id] = try MarmotGroup(
                    state: state.bytes,
                    parts: parts[id] ?? [],
                    snapshots: (snapshots[id] ?? []).map(\.bytes),
                    identity: publicKey,
                    options: options,
                    arena: arena
                )
            } catch {
                unreadable.append(.group(id))
            }
        }
    }

    /// After reading: publishes what was on its way, and sets the timers.
    package mutating func resume(now: Instant) -> MarmotStep {
        var step = MarmotStep()
        for id in groupIDs {
            if let more = groups[id]?.resume(now: now) { step.add(more) }
        }
        return step
    }
}
