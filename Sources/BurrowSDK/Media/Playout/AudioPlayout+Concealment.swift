import BurrowBase

/// What is played when there is nothing to play.
extension AudioPlayout {
    /// 10 ms: short enough to go on with a packet soon after it arrived.
    static let chunk = MediaUnits.frames(milliseconds: 10)
    /// The decoder's inventions fade out from the first to the second of these.
    static let inventionFade = MediaUnits.frames(milliseconds: 60)
    static let inventionEnd = MediaUnits.frames(milliseconds: 120)
    /// Comfort noise fades out from the first to the second of these.
    private static let noiseFade = MediaUnits.frames(milliseconds: 1_000)
    private static let noiseEnd = MediaUnits.frames(milliseconds: 3_000)

    /// Appends about `wanted` frames that no packet brought. `credited` frames count as part of a gap between
    /// timestamps.
    func conceal(_ wanted: Int, credited: Bool = true) {
        let wanted = max(1, wanted)
        guard sounding else { return appendSilence(wanted) }
        if isOver { return fallSilent() }
        if concealedRun == 0, !discontinuous { counters.concealmentEvents += 1 }
        // The decoder thinks in steps of 2.5 ms.
        let frames = concealedRun < Self.inventionEnd ? (wanted + 119) / 120 * 120 : wanted
        let position = queue.pending
        let begin = concealedRun
        let end = begin + frames
        let invented = begin < Self.inventionEnd && invent(frames)
        if !invented { queue.appendSilence(frames: frames) }
        if invented { fade(from: Self.share(begin), to: Self.share(end), at: position, frames: frames) }
        noise.add(
            to: queue,
            at: position,
            frames: queue.pending - position,
            from: Self.noiseGain(begin),
            to: Self.noiseGain(end)
        )
        genuine = 0
        count(frames, invented: invented)
        concealedRun = end
        if credited { concealedCredit += frames }
        if phase == .playing, concealedRun >= Self.absence { phase = .waiting }
        if concealedRun >= Self.noiseEnd { sounding = false }
    }

    /// Ends what is heard without a click. What comes after that begins anew: how long nothing was said is not to be waited
    /// for, as the host may not have pulled all the while.
    private func fallSilent() {
        sounding = false
        phase = .waiting
        let position = queue.pending
        guard concealedRun < Self.inventionFade, invent(Self.chunk) else { return appendSilence(Self.chunk) }
        fade(from: 1, to: 0, at: position, frames: Self.chunk)
        counters.framesNoise += Self.chunk
        concealedRun += Self.chunk
        genuine = 0
        mark(.silence)
    }

    private func count(_ frames: Int, invented: Bool) {
        if discontinuous || phase == .waiting || !invented {
            counters.framesNoise += frames
        } else {
            counters.framesConcealed += frames
        }
        mark(discontinuous || phase == .waiting ? .silence : .invention)
    }

    private func appendSilence(_ frames: Int) {
        queue.appendSilence(frames: frames)
        mark(.silence)
        genuine = 0
        if phase == .playing { concealedCredit += frames }
    }

    private func invent(_ frames: Int) -> Bool {
        guard scratch.conceal(frames, by: decoder) == frames else { return false }
        queue.append(scratch.samples, frames: frames)
        return true
    }

    private func fade(from: Float, to: Float, at position: Int, frames: Int) {
        guard from < 1 || to < 1 else { return }
        let slope = (to - from) / Float(frames)
        var index = 0
        while index < frames {
            for channel in 0..<channels { queue[position + index, channel] *= from + slope * Float(index) }
            index += 1
        }
    }

    /// How much of the decoder's invention is heard after `run` frames.
    private static func share(_ run: Int) -> Float {
        let left = Float(inventionEnd - run) / Float(inventionEnd - inventionFade)
        return max(0, min(left, 1))
    }

    private static func noiseGain(_ run: Int) -> Float {
        if run >= noiseFade { return max(0, Float(noiseEnd - run) / Float(noiseEnd - noiseFade)) }
        let share = share(run)
        // Powers add up: the two are not alike.
        return (1 - share * share).squareRoot()
    }
}
