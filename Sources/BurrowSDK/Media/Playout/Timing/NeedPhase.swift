/// How far into a pull packets are needed, at worst.
///
/// A pull wants all its samples at once, so what is heard 8 ms into it must arrive 8 ms before it is heard. When pulls
/// and packets have a common measure, packets keep falling on the same places of pulls; else on all of them, sooner or
/// later. So they do when pulls are now longer and now shorter, and then the longest decides.
struct NeedPhase {
    private var pull = MediaUnits.frames(milliseconds: 10)
    private var packet = MediaUnits.frames(milliseconds: 20)
    private var measure = MediaUnits.frames(milliseconds: 10)
    private var position = 0
    /// The queue is emptied at another pace than pulls say, so places wander.
    var wanders = false
    /// The longest pull of late, and how much was pulled since there was one like it.
    private var longest = 0
    private var sinceLongest = 0
    /// How much was pulled since pulls were last of another length than before.
    private var sinceChange = steady

    /// Pulls that were alike for so long will stay so.
    private static let steady = MediaUnits.frames(milliseconds: 2_000)
    /// Resampling makes pulls longer and shorter by this much.
    private static let alike = MediaUnits.frames(milliseconds: 1)

    /// The latest place a packet is needed at, in frames, if the queue were `longer` frames longer.
    func worst(longer: Int = 0) -> Int {
        if sinceChange < Self.steady { return max(pull, longest) }
        if wanders { return pull }
        let place = (position + longer) % measure
        return pull - measure + (place < 0 ? place + measure : place)
    }

    /// How many frames the queue could be shorter without packets being needed any earlier.
    var idle: Int {
        sinceChange < Self.steady || wanders ? 0 : position % measure
    }

    /// A packet of `packet` frames was needed for what is heard at `position` of a pull of `pull` frames.
    mutating func needed(at position: Int, of pull: Int, packet: Int) {
        self.position = max(0, position)
        note(pull)
        guard pull != self.pull || packet != self.packet, pull > 0, packet > 0 else { return }
        self.pull = pull
        self.packet = packet
        var (a, b) = (pull, packet)
        while b > 0 { (a, b) = (b, a % b) }
        measure = a
    }

    private mutating func note(_ next: Int) {
        let isAlike = abs(next - pull) <= Self.alike
        sinceChange = isAlike ? min(sinceChange + next, Self.steady) : 0
        sinceLongest += next
        if next >= longest - Self.alike || sinceLongest > Self.steady {
            longest = next
            sinceLongest = 0
        }
    }
}
