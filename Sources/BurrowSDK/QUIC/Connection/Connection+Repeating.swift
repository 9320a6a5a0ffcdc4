internal import BurrowBase
internal import CBurrowQUIC

/// Sending small packets more than once on lines that lose some.
extension Connection {
    /// Looks now and then whether the line loses packets.
    func watchLoss(_ handle: OpaquePointer) {
        guard settings.repeatsOnLoss, isEstablished, hub.now >= lossWatch.nextUpdate, !scheduler.isEmpty
        else { return }
        unsafe lossWatch.update(
            LossWatch.Sample(
                sentPackets: tally.sentPackets,
                lostPackets: lostPackets(handle)
            ),
            now: hub.now
        )
        if lossWatch.isOn, repeats == nil { repeats = RepeatQueue() }
    }

    /// Of streams that are over and of those that are not.
    func lostPackets(_ handle: OpaquePointer) -> UInt64 {
        var lost = tally.lostPackets
        for case let stream? in slots where stream.hasBegun && !stream.isClosed {
            lost += UInt64(clamping: unsafe cburrow_quic_stream_losses(handle, stream.id))
        }
        return lost
    }

    /// Whether a stream wants to go through at once and on its own: all of it is small, and nothing of it was sent.
    func isUrgent(_ stream: Stream) -> Bool {
        guard stream.isLocal, !stream.isBidirectional, !stream.hasBegun, stream.endsHere else { return false }
        return stream.waitingBytes < RepeatQueue.largest / 2
    }

    /// Writes the copies that are due. False when the batch is full.
    func flushRepeats(into batch: inout DatagramBatch) -> Bool {
        guard let repeats else { return true }
        while repeats.due <= hub.now {
            guard !batch.isFull else { return false }
            guard let entry = unsafe repeats.next(to: batch.tail, now: hub.now) else { return true }
            batch.commit(entry.size, path: entry.path, ecn: entry.ecn, joining: false)
            tally.repeatedPackets += 1
            tally.repeatedBytes += UInt64(clamping: entry.size)
        }
        return true
    }
}
