package import BurrowMarmot
import BurrowNostr
package import BurrowStorage

extension EngineError {
    package init(_ error: StorageError) {
        let code: Code =
            switch error.code {
            case .unreachable, .failed: .storage
            case .inUse: .storageInUse
            case .foreign, .damaged: .storageDamaged
            case .wrongKey: .storageKey
            case .tooNew: .storageVersion
            case .full: .storageFull
            }
        self.init(code, error.context)
    }

    package init(_ error: MarmotError) {
        let code: Code =
            switch error.code {
            case .unsupportedMarmotVersion: .marmotVersion
            case .notAdmin, .inviterNotAdmin: .notAdmin
            case .groupInactive: .notMember
            case .lostRace: .lostRace
            case .notPublished: .notPublished
            case .commitPending: .commitPending
            case .unknownGroup, .unknownMember: .notFound
            case .groupAlreadyKnown: .exists
            case .invalidArgument, .reservedLabel: .invalidArgument
            case .tooLarge: .limit
            case .storage: .storage
            case .nostr: .nostrEvent
            default: .group
            }
        if case .unsupportedMarmotVersion(let version) = error.code {
            self.init(code, "unsupported_marmot_version \(version.rawValue): \(error.context)")
        } else {
            self.init(code, error.context)
        }
    }
}

/// Gives errors of the layers below their place among ours.
func translated<Result>(_ body: () throws(StorageError) -> Result) throws(EngineError) -> Result {
    do throws(StorageError) { return try body() } catch { throw EngineError(error) }
}

func translated<Result>(_ body: () throws(NostrError) -> Result) throws(EngineError) -> Result {
    do throws(NostrError) { return try body() } catch { throw EngineError(error) }
}

func translated<Result>(_ body: () throws(MarmotError) -> Result) throws(EngineError) -> Result {
    do throws(MarmotError) { return try body() } catch { throw EngineError(error) }
}
