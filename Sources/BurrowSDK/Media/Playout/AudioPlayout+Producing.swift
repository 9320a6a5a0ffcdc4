import BurrowBase

/// Which samples come next.
extension AudioPlayout {
    /// Appends something to the queue, for a pull of `part` frames that is heard from `begin` on.
    func produce(_ part: Int, from begin: Instant) {
        let ahead = queue.pending
        let heard = begin + .microseconds(MediaUnits.microseconds(ahead + corrector.withheld))
        let missing = part - ahead
        dropOutdated()
        guard let next = packets.first else {
            return conceal(min(missing, Self.chunk))
        }
        if phase == .waiting || discontinuous || concealedRun >= Self.inventionEnd {
            // Nobody hears a change of delay now, so the packet is due when the target says so.
            let due = next.timestamp.addingSaturating(jitter.fastest ?? 0)
                .addingSaturating(effectiveTarget(begin) + MediaUnits.microseconds(needs.worst()))
            let early = due.subtractingSaturating(heard.microseconds)
            guard early < Self.negligible else {
                return conceal(min(missing, Self.chunk, MediaUnits.frames(early)))
            }
            need(next, at: ahead, of: part)
            return play(heard: heard)
        }
        need(next, at: ahead, of: part)
        let step = next.timestamp.subtractingSaturating(expected)
        let gap = step.subtractingSaturating(MediaUnits.microseconds(concealedCredit))
        guard step > tolerance, gap >= Self.negligible else {
            play(heard: heard)
            return playAhead(of: part, from: begin)
        }
        let packet = MediaUnits.microseconds(lastPacketFrames)
        if next.carriesRedundancy {
            if gap <= packet + Self.negligible { return recover(MediaUnits.frames(gap), from: next) }
            return conceal(min(Self.chunk, MediaUnits.frames(gap - packet)))
        }
        conceal(min(Self.chunk, MediaUnits.frames(gap)))
    }

    private func need(_ entry: PacketBuffer.Entry, at position: Int, of part: Int) {
        needs.wanders = corrector.isActive
        needs.needed(
            at: position + corrector.withheld,
            of: part + corrector.withheld,
            packet: entry.frames
        )
    }

    /// While there is too much, decodes a packet early: two periods of a deep voice do not fit into 20 ms.
    private func playAhead(of part: Int, from begin: Instant) {
        while rate.isShortening, !discontinuous, queue.pending < part + 2 * PitchSearch.longest,
            let next = packets.first,
            next.timestamp.subtractingSaturating(expected).magnitude <= UInt64(tolerance),
            queue.room >= next.frames
        {
            let ahead = MediaUnits.microseconds(queue.pending + corrector.withheld)
            play(heard: begin + .microseconds(ahead))
        }
    }

    /// Decodes the first waiting packet; it is heard at `heard`.
    private func play(heard: Instant) {
        skipAhead(heard: heard)
        guard let entry = packets.popFirst() else { return }
        let waited = MediaUnits.microseconds(concealedCredit)
        let step = entry.timestamp.subtractingSaturating(expected)
        let late =
            phase == .playing && !discontinuous && waited > 0
            && waited.subtractingSaturating(step) > Self.negligible
        if late {
            counters.packetsLate += 1
            jitter.underrun(lateness: entry.delay, now: heard)
        }
        let seam = concealedRun > 0 || phase == .waiting
        phase = .playing
        let played = heard.microseconds.subtractingSaturating(entry.timestamp)
        offset = played
        clock.follow(.init(offset: played, at: heard))
        expected = entry.timestamp.addingSaturating(MediaUnits.microseconds(entry.frames))
        recent.insert(entry.timestamp)
        lastPacketFrames = entry.frames
        if decoderIsStale {
            decoder.reset()
            decoderIsStale = false
        }
        guard append(entry) else {
            counters.packetsCorrupt += 1
            return conceal(entry.frames, credited: false)
        }
        let position = queue.pending - entry.frames
        // A decoder that filled just the gap goes on from what it invented, and does that better than a blend.
        let continues =
            waited > 0 && waited.subtractingSaturating(step).magnitude < UInt64(Self.negligible)
            && concealedRun <= Self.inventionFade && TimeStretcher.isSmooth(queue, at: position)
        if seam, !continues { stretcher.join(queue, at: max(0, position)) }
        discontinuous = entry.payload.count <= 2
        concealedRun = 0
        concealedCredit = 0
        genuine = seam ? entry.frames : min(genuine + entry.frames, 1 << 20)
        mark(.speech)
        sounding = true
        let mean = noise.observe(queue, at: position, frames: entry.frames)
        // Whoever sends nothing but zeros and then nothing at all has muted themselves.
        if mean < ComfortNoise.nothing { discontinuous = true }
        adjust(new: entry.frames, silent: noise.isBackground(mean), heard: heard)
    }

    private func append(_ entry: PacketBuffer.Entry) -> Bool {
        guard scratch.decode(entry.payload, by: decoder) == entry.frames else { return false }
        queue.append(scratch.samples, frames: entry.frames)
        counters.framesDecoded += entry.frames
        return true
    }

    /// Takes the last `frames` frames of the lost packet before `next` from the redundancy of `next`.
    private func recover(_ wanted: Int, from next: PacketBuffer.Entry) {
        let packet = lastPacketFrames
        let frames = min(wanted, packet)
        guard let made = scratch.recover(packet, from: next.payload, by: decoder), made >= frames else {
            return conceal(frames)
        }
        let seam = concealedRun > 0
        // If it comes after all, it was not missed.
        if !seam { recent.insert(next.timestamp.subtractingSaturating(MediaUnits.microseconds(packet))) }
        queue.append(scratch.samples, from: made - frames, frames: frames)
        if seam { stretcher.join(queue, at: queue.pending - frames) }
        counters.framesRecovered += frames
        expected = next.timestamp
        concealedRun = 0
        concealedCredit = 0
        genuine = seam ? frames : genuine + frames
        mark(.speech)
    }

    /// Packets that can no longer be played: the decoder is past them.
    private func dropOutdated() {
        guard phase == .playing else { return }
        while let first = packets.first, first.timestamp < expected.subtractingSaturating(tolerance) {
            _ = packets.popFirst()
            counters.packetsDiscarded += 1
        }
    }

    /// When far too much waits, goes on with what the target says, leaving out what is before that.
    private func skipAhead(heard: Instant) {
        guard let first = packets.first, let fastest = jitter.fastest else { return }
        let delay = heard.microseconds.subtractingSaturating(first.timestamp).subtractingSaturating(fastest)
        let limit = max(4 * jitter.steady, options.ceiling.microseconds)
        guard delay > limit else { return }
        let wanted = heard.microseconds.subtractingSaturating(fastest)
            .subtractingSaturating(effectiveTarget(heard))
        var skipped = false
        while let second = packets[1], second.timestamp <= wanted, let dropped = packets.popFirst() {
            counters.framesSkipped += dropped.frames
            skipped = true
        }
        // Makes a seam of what follows.
        if skipped { concealedRun = max(concealedRun, 1) }
    }
}
