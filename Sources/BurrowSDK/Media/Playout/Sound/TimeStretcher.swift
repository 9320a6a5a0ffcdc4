/// Makes waiting sound a little shorter or longer without changing its pitch, and hides seams.
///
/// Voiced sound loses or repeats one pitch period, blended over the whole period. What is neither voiced nor silent is
/// left alone.
struct TimeStretcher {
    /// How alike two periods must be.
    private static let resemblance: Float = 0.8
    /// 5 ms.
    static let fade = 240

    private var search = PitchSearch()

    /// The period, not longer than `limit`, by which what waits at `position` and later can be shortened; nil when the
    /// sound does not lend itself to it.
    mutating func period(of queue: SoundQueue, at position: Int, limit: Int) -> Int? {
        let available = queue.pending - position
        let longest = min(limit, available / 2, available - PitchSearch.window)
        let found = search.lag(in: queue, base: position, .forward, longest: longest)
        guard let found, found.correlation >= Self.resemblance else { return nil }
        return found.lag
    }

    /// Removes `period` frames at `position`, where twice as many wait.
    func shorten(_ queue: SoundQueue, at position: Int, by period: Int) {
        guard period > 0, position >= 0, queue.pending - position >= 2 * period else { return }
        Self.blend(queue, into: position, from: position + period, frames: period)
        queue.remove(period, at: position + period)
    }

    /// Repeats one period of what comes before `position`, of which `before` frames may be used. Returns the frames
    /// added: a period of a voice, or up to `wanted` in silence.
    mutating func lengthen(
        _ queue: SoundQueue,
        at position: Int,
        before: Int,
        wanted: Int,
        silent: Bool
    ) -> Int {
        let after = queue.pending - position
        var period: Int
        if silent {
            period = min(wanted, before, after, MediaUnits.frames(milliseconds: 10))
            guard period >= PitchSearch.shortest else { return 0 }
        } else {
            let longest = min(before, after)
            let found = search.lag(in: queue, base: position, .back, longest: longest)
            guard let found, found.correlation >= Self.resemblance else { return 0 }
            period = found.lag
        }
        guard queue.room >= period else { return 0 }
        queue.insert(period, at: position)
        var index = 0
        let step = 1 / Float(period)
        while index < period {
            let weight = Float(index) * step
            for channel in 0..<queue.channels {
                let old = queue[position + period + index, channel]
                let repeated = queue[position - period + index, channel]
                queue[position + index, channel] = old + (repeated - old) * weight
            }
            index += 1
        }
        return period
    }

    /// Blends a continuation of what comes before `position` into what begins there, over 5 ms, so that no step is
    /// heard where sound begins that does not follow what was before.
    mutating func join(_ queue: SoundQueue, at position: Int) {
        let frames = min(Self.fade, queue.pending - position)
        let base = position - PitchSearch.window
        let available = base + SoundQueue.history
        guard frames > 0, available >= PitchSearch.shortest else { return }
        let found = search.lag(in: queue, base: base, .back, longest: available)
        let lag = found?.lag ?? Self.fade
        var index = 0
        var source = position - lag
        let step = 1 / Float(frames)
        while index < frames {
            // A period shorter than the fade repeats.
            if source == position { source = position - lag }
            let weight = (Float(index) + 0.5) * step
            for channel in 0..<queue.channels {
                let continued = queue[source, channel]
                queue[position + index, channel] =
                    continued + (queue[position + index, channel] - continued) * weight
            }
            index += 1
            source += 1
        }
    }

    /// Whether the step into `position` is hardly larger than those around it.
    static func isSmooth(_ queue: SoundQueue, at position: Int) -> Bool {
        let reach = PitchSearch.shortest
        guard position - reach > -SoundQueue.history, position + reach <= queue.pending else { return false }
        var largest: Float = 0
        var index = position - reach
        while index < position + reach {
            let step = (queue.mono(index) - queue.mono(index - 1)).magnitude
            if index != position, step > largest { largest = step }
            index += 1
        }
        return (queue.mono(position) - queue.mono(position - 1)).magnitude <= largest * 1.25
    }

    /// Fades from what is at `target` to what is at `source`, which replaces it.
    private static func blend(_ queue: SoundQueue, into target: Int, from source: Int, frames: Int) {
        var index = 0
        let step = 1 / Float(frames)
        while index < frames {
            let weight = (Float(index) + 0.5) * step
            for channel in 0..<queue.channels {
                let old = queue[target + index, channel]
                queue[target + index, channel] = old + (queue[source + index, channel] - old) * weight
            }
            index += 1
        }
    }
}
