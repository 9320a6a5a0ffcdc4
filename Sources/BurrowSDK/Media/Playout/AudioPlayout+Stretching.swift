import BurrowBase

/// How the delay follows the target.
extension AudioPlayout {
    /// The longest piece of a pause that is left out or repeated at once.
    private static let longestPause = MediaUnits.frames(milliseconds: 10)

    /// Stretches what was just decoded, `new` frames, if the delay is not what it should be.
    func adjust(new: Int, silent: Bool, heard: Instant) {
        guard let delay = currentDelay else { return }
        let target = effectiveTarget(heard)
        let slack = slack(delay, longer: 0)
        switch rate.wish(slack: slack, target: target, idle: needs.idle, frames: new) {
        case .nothing:
            return
        case .shorten(let limit):
            let least = target - RateControl.tooLittle
            shorten(limit: limit, silent: silent) { self.slack(delay, longer: -$0) >= least }
        case .lengthen(let wanted):
            let added = stretcher.lengthen(
                queue,
                at: queue.pending - new,
                before: min(genuine - new, SoundQueue.history),
                wanted: wanted,
                silent: silent
            )
            counters.framesInserted += added
            changed(by: added, silent: silent)
        }
    }

    /// How late packets may be, if the queue were `longer` frames longer.
    private func slack(_ delay: Int64, longer: Int) -> Int64 {
        delay + MediaUnits.microseconds(longer - needs.worst(longer: longer)) - pace.earliness
    }

    private func shorten(limit: Int, silent: Bool, leavesEnough: (Int) -> Bool) {
        let position = max(0, queue.pending - genuine)
        var period = 0
        if silent {
            let longest = min(limit, (queue.pending - position) / 2, Self.longestPause)
            var candidate = longest
            while candidate >= PitchSearch.shortest, period == 0 {
                if leavesEnough(candidate) { period = candidate }
                candidate -= 24
            }
        } else if !leavesEnough(PitchSearch.shortest), !leavesEnough(limit) {
            return rate.declined()
        } else if let found = stretcher.period(of: queue, at: position, limit: limit), leavesEnough(found) {
            period = found
        }
        guard period > 0 else { return rate.declined() }
        stretcher.shorten(queue, at: position, by: period)
        counters.framesRemoved += period
        changed(by: period, silent: silent)
    }

    private func changed(by frames: Int, silent: Bool) {
        guard frames > 0 else { return rate.declined() }
        counters.stretches += 1
        rate.changed(by: frames, silent: silent)
    }
}
