import BurrowBase
import BurrowCalls
import BurrowNostr

/// Signals on their way out.
extension CallDesk {
    func send(_ signal: OutgoingSignal) {
        switch signal.recipient {
        case .group(let id):
            do throws(EngineError) {
                if let event = try keeper.send(signal.rumor, to: id) { underway[event] = signal.number }
            } catch {
                LogRing.shared.write(.warning, "calls", "a signal was not sent: \(error.context)")
                machine.signalFinished(signal.number, accepted: false, now: now)
            }
        case .people(let people):
            for (index, person) in people.enumerated() {
                // The copies for our own other devices are not waited for.
                let number = index == 0 ? signal.number : 0
                wrap(signal.rumor, for: person, lifetime: signal.lifetime, number)
            }
        }
    }

    private func wrap(_ rumor: Rumor, for person: PublicKey, lifetime: Int64, _ number: UInt64) {
        do throws(EngineError) {
            let wrapping: Wrapping
            do throws(NostrError) {
                wrapping = try Wrapping(rumor, for: person, lifetime: lifetime)
            } catch {
                throw EngineError(error)
            }
            guard case .event(let event) = try keeper.host.begin(.wrapping(wrapping), for: .signal(number))
            else { return }
            wrapped(number, event)
        } catch {
            LogRing.shared.write(.warning, "calls", "a signal was not sent: \(error.context)")
            if number != 0 { machine.signalFinished(number, accepted: false, now: now) }
        }
    }

    private func wrapped(_ number: UInt64, _ event: Event) {
        if number != 0 { underway[event.id] = number }
        keeper.publish(Mail.Outgoing(passing: event, relays: []))
    }

    /// The holder of the key has wrapped a signal, or will not.
    func keyUsed(_ number: UInt64, _ result: Result<KeyTask.Product, EngineError>) {
        if case .success(.event(let event)) = result {
            wrapped(number, event)
        } else if number != 0 {
            machine.signalFinished(number, accepted: false, now: now)
        }
    }

    /// Relays have an event, or none took it.
    func settled(_ event: EventID, accepted: Bool) {
        guard let number = underway.removeValue(forKey: event) else { return }
        machine.signalFinished(number, accepted: accepted, now: now)
    }

    /// Signals that were lost because their epoch was undone go out again while they mean something.
    func sendAgain(_ rumors: [Rumor], to group: [UInt8]) {
        let oldest = UnixTime(now, offset: keeper.loop.wallClockOffset) - machine.settings.offerLifetime
        for rumor in rumors where rumor.createdAt >= oldest { _ = try? keeper.send(rumor, to: group) }
    }
}
