import BurrowBase
import BurrowCalls
import BurrowNostr
import FuzzHarness

/// Signals of others, the content of each kind: what is accepted is written and read again unchanged, and a phone that gets
/// it stays in order.
enum CallSignalTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let kind = input.first, let sender = key(1), let own = key(2), let room = Bytes32(bytes(3)),
                let device = DeviceID("0123456789abcdef")
            else { return }
            let content = String(decoding: input.dropFirst(), as: UTF8.self)
            let rumor = try? Rumor(
                publicKey: sender,
                createdAt: UnixTime(1000),
                kind: EventKind(25050 + UInt16(kind % 5)),
                tags: kind & 0x80 == 0 ? [["call-id", "id"]] : [],
                content: content
            )
            guard let rumor else { return }
            if let signal = try? CallSignal.read(rumor) { check(signal, sender) }
            let message = try? Rumor(
                publicKey: sender,
                createdAt: UnixTime(1000),
                kind: EventKind(1),
                content: content
            )
            if let message { _ = CallSignal.nested(in: message) }

            var machine = CallMachine(
                publicKey: own,
                device: device,
                settings: CallSettings(),
                wallClockOffset: 1_000_000_000
            )
            let now = Instant(microseconds: 0)
            let view = GroupView(
                id: [1],
                room: room,
                members: [sender, own],
                admins: [],
                epoch: 1,
                hasSiblings: false
            )
            machine.setGroup(view, now: now)
            machine.receive(rumor, from: .wrap, now: now)
            var rings = false
            while let action = machine.nextAction() {
                if case .connect = action { require(false, "connects before anybody agreed") }
                if case .tell(let event) = action, case .state = event.change { rings = true }
            }
            require(rings == (machine.calls.first != nil), "a call without an event")
            machine.timerFired(now: now + .seconds(100))
            require(machine.calls.allSatisfy { $0.state.isOver }, "a call rings for ever")
        }
    }

    private static func bytes(_ value: UInt8) -> [UInt8] { [UInt8](repeating: value, count: 32) }

    private static func key(_ value: UInt8) -> PublicKey? { Bytes32(bytes(value)).map { PublicKey($0) } }

    private static func check(_ signal: CallSignal, _ sender: PublicKey) {
        // Written by people, it has a form of its own; what it means stays.
        guard let rumor = try? signal.rumor(from: sender, to: .group, at: UnixTime(1000)) else {
            return require(false, "a signal cannot be written")
        }
        require((try? CallSignal.read(rumor)) == signal, "a signal changes on its way")
    }
}
