import BurrowBase
import CBurrowShims

/// Looks host names up on a thread of its own, because the system's function blocks.
///
/// The thread starts with the first query and ends when none came for a while. A look-up cannot be interrupted; an
/// engine that is destroyed meanwhile leaves the thread alone, which then finds nobody to report to and ends.
final class Resolver {
    struct Query: Sendable {
        var id: UInt64
        var host: String
    }

    /// How long the thread waits for another query.
    private static let patience: Int32 = 5_000
    private static let addressLimit = 32

    private var queries: Mailbox<Query>?

    init() {}

    deinit {
        queries?.close()
    }

    /// Starts a look-up; `report` gets its result on the thread.
    func resolve(
        _ query: Query,
        report: @escaping @Sendable (Query, Result<[SocketAddress.IP], EngineError>) -> Void
    ) throws(EngineError) {
        if let queries, queries.post(query, limit: EngineLimits.waitingQueries) { return }
        if let queries, !queries.isClosed {
            throw EngineError(.limit, "too many host names wait to be looked up")
        }
        let fresh = try Mailbox<Query>()
        fresh.post(query)
        // Only with a thread behind it may it take more.
        try EngineThread.detach("burrow-resolve") { Self.work(fresh, report) }
        queries = fresh
    }

    private static func work(
        _ queries: Mailbox<Query>,
        _ report: @Sendable (Query, Result<[SocketAddress.IP], EngineError>) -> Void
    ) {
        var batch = ContiguousArray<Query>()
        while true {
            batch.removeAll(keepingCapacity: true)
            queries.take(into: &batch)
            for query in batch {
                if queries.isClosed { return }
                report(query, lookUp(query.host))
            }
            guard queries.fallAsleep() else {
                if queries.isClosed { return }
                continue
            }
            if cburrow_wait_readable(queries.descriptor, patience) > 0 {
                queries.clear()
            } else if queries.closeIfEmpty() {
                return
            }
        }
    }

    private static func lookUp(_ host: String) -> Result<[SocketAddress.IP], EngineError> {
        var found = [cburrow_address](repeating: cburrow_address(), count: addressLimit)
        let count = unsafe found.withUnsafeMutableBufferPointer { (buffer) -> Int32 in
            guard let first = buffer.baseAddress else { return 0 }
            return unsafe cburrow_resolve(host, first, Int32(addressLimit))
        }
        guard count > 0 else {
            let reason = count < 0 ? unsafe String(cString: cburrow_resolve_error(count)) : "no address"
            return .failure(EngineError(.nameNotFound, "cannot resolve \(host): \(reason.lowercased())"))
        }
        return .success(found.prefix(Int(count)).map { SocketAddress($0).ip })
    }
}
