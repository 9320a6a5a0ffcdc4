import BurrowQUIC

/// Trust that rooms share. Reading the system's authorities takes tens of milliseconds, during which nothing else of the
/// node moves, so it happens once and not for every room.
struct TrustCache {
    /// Rooms of one host trust the same few things; more are not kept.
    private static let limit = 16

    private var contexts: [TLSContext.ClientTrust: TLSContext] = [:]

    mutating func context(for trust: TLSContext.ClientTrust) throws(MoQError) -> TLSContext {
        if let known = contexts[trust] { return known }
        do throws(QUICError) {
            let context = try TLSContext.client(trust: trust)
            if contexts.count >= Self.limit { contexts.removeAll() }
            contexts[trust] = context
            return context
        } catch {
            throw MoQError(error)
        }
    }
}
