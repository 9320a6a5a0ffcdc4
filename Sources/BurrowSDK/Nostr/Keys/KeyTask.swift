package import BurrowBase

/// Something that is done with a private key, in one answer of its holder or two.
package enum KeyTask: Sendable {
    case signing(Rumor)
    case wrapping(Wrapping)
    case opening(Unwrapping)

    package enum Product: Equatable, Sendable {
        /// Signed or wrapped.
        case event(Event)
        /// Out of a wrap.
        case rumor(Rumor)
    }

    package enum Step: Equatable, Sendable {
        case ask(KeyRequest)
        case done(Product)
    }

    package func start() -> Step {
        switch self {
        case .signing(let rumor): .ask(.sign(rumor))
        case .wrapping(let wrapping): Self.step(wrapping.start())
        case .opening(let unwrapping): Self.step(unwrapping.start())
        }
    }

    /// Takes the answer to the last question. After an error it is over.
    package mutating func proceed(
        _ answer: KeyAnswer,
        now: UnixTime,
        random: inout some RandomSource
    ) throws(NostrError) -> Step {
        switch self {
        case .signing:
            switch answer {
            case .signed(let event): return .done(.event(event))
            case .failed(let error): throw error
            case .encrypted, .decrypted:
                throw NostrError(.wrongKeyAnswer, "holder of the key answered another question")
            }
        case .wrapping(var wrapping):
            let step = try wrapping.proceed(answer, now: now, random: &random)
            self = .wrapping(wrapping)
            return Self.step(step)
        case .opening(var unwrapping):
            let step = try unwrapping.proceed(answer)
            self = .opening(unwrapping)
            return Self.step(step)
        }
    }

    private static func step(_ step: Wrapping.Step) -> Step {
        switch step {
        case .ask(let request): .ask(request)
        case .done(let event): .done(.event(event))
        }
    }

    private static func step(_ step: Unwrapping.Step) -> Step {
        switch step {
        case .ask(let request): .ask(request)
        case .done(let rumor): .done(.rumor(rumor))
        }
    }
}

extension LocalKey {
    /// Does all of it at once.
    package func perform(
        _ task: KeyTask,
        now: UnixTime,
        random: inout some RandomSource
    ) throws(NostrError) -> KeyTask.Product {
        switch task {
        case .signing(let rumor): .event(try sign(rumor))
        case .wrapping(let wrapping): .event(try finish(wrapping, now: now, random: &random))
        case .opening(let unwrapping): .rumor(try finish(unwrapping))
        }
    }
}
