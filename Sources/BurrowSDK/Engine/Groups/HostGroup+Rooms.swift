import BurrowBase
import BurrowMarmot
package import BurrowMoQ
import BurrowNostr

/// Where the calls of a group are.
extension HostGroup {
    /// Fills in what the host leaves to us: the prefix of the group's calls, and our own path below it. An own path has to
    /// be one that others take for ours.
    package func place(
        _ configuration: inout RoomConfiguration,
        namesPrefix: Bool,
        namesPath: Bool
    ) throws(EngineError) {
        let state = board.snapshot.withLock { $0 }
        guard state.phase == .active, let key = identity.publicKey else {
            throw EngineError(.notMember, "we are no member of the group")
        }
        do throws(DecodeError) {
            if namesPrefix {
                configuration.prefix = try BroadcastPath(RoomRoster.prefix(nostrID: state.nostrID))
            }
            if namesPath {
                let text = RoomRoster.path(
                    below: configuration.prefix.description,
                    key,
                    leaf: state.ownLeaf,
                    devices: state.members.first { $0.identity == key }?.leaves.count ?? 1
                )
                configuration.path = try BroadcastPath(text)
            }
        } catch {
            throw EngineError(.invalidArgument, "path is longer than a path may be")
        }
        guard let path = configuration.path?.description else { return }
        let roster = RoomRoster(members: [key])
        guard roster.member(at: path) == key else {
            throw EngineError(.invalidArgument, "path does not name us, so nobody would listen to it")
        }
    }
}
