import BurrowBase
import BurrowCrypto
import BurrowNostr
import Testing

/// The code of the error that `body` must throw.
func code(_ body: () throws(NostrError) -> some Any) -> NostrError.Code? {
    do throws(NostrError) {
        _ = try body()
        return nil
    } catch {
        return error.code
    }
}

/// Swift Testing has tags too.
typealias Tag = BurrowNostr.Tag

/// Two people whose keys are public.
enum People {
    static let aliceSecret = "0b7f54814e197992f6a7bc3f376eb4ba150ef86ddf6ff6f631c0e78875db2062"
    static let bobSecret = "955e3800fbaddc9aa508cb2a560d386fcca0324f574d05a7048a79c9002de43d"

    static func alice() throws -> LocalKey { try LocalKey.importing(aliceSecret) }
    static func bob() throws -> LocalKey { try LocalKey.importing(bobSecret) }
}

extension LocalKey {
    func event(
        _ kind: EventKind = EventKind(1),
        at time: Int64 = 1_767_225_600,
        tags: [Tag] = [],
        content: String = ""
    ) throws -> Event {
        try sign(
            Rumor(publicKey: publicKey, createdAt: UnixTime(time), kind: kind, tags: tags, content: content)
        )
    }
}
