internal import BurrowBase
internal import CBurrowQUIC

extension Connection {
    /// Above media, below control streams.
    private static let datagramLevel: UInt16 = 256
    /// So little that pacing it would only cost timers.
    private static let unpacedPackets = 8

    /// How long the acknowledgement of a single packet waits for company: less than the 25 ms that peers allow for
    /// (RFC 9000 §18.2), more than the distance of two audio packets.
    private static let acknowledgementDelay: UInt64 = 22_000_000
    /// A young connection answers at once, so that the congestion controllers learn the path quickly.
    private static let eagerTime: UInt64 = 500_000_000

    private static let longestStallPause: UInt64 = 2_000_000_000

    private enum Step {
        /// A packet is complete.
        case packet(Int)
        /// Something went into the packet, and more may.
        case more
        /// Nothing can go now.
        case nothing
        case failed(Int32)
    }

    /// Writes what may go now. False when the batch is full and there may be more.
    func flush(into batch: inout DatagramBatch) -> Bool {
        switch phase {
        case .open:
            break
        case .closeRequested(let code, let reason):
            return flushClose(into: &batch, code: code, reason: reason)
        case .closing, .draining, .gone:
            return true
        }
        guard let handle = unsafe handle else { return true }
        guard flushRepeats(into: &batch) else { return false }
        guard acknowledgementTime == nil else { return true }
        unanswered = 0
        mustWrite = false
        var joining = false
        unsafe watchQueue(handle)
        unsafe watchLoss(handle)
        unsafe watchSilence(handle)
        // On a narrow line a packet takes as long as a burst elsewhere, and the next urgent one must not wait for ten.
        let isNarrow = queueGuard.limit != .max
        if burst <= 0 {
            burst = unsafe (isNarrow ? 2 : 10) * cburrow_quic_mtu(handle)
            burstPackets = 0
        }
        var raised = isNarrow
        while true {
            guard !batch.isFull else { return false }
            if burst <= 0, !raised {
                raised = true
                burst += unsafe cburrow_quic_send_budget(handle) - 10 * cburrow_quic_mtu(handle)
            }
            guard burst > 0 else { break }
            let size = unsafe writePacket(into: &batch, handle, joining: joining)
            if size < 0 {
                fail(Int32(clamping: size))
                guard case .closeRequested(let code, let reason) = phase else { return true }
                return flushClose(into: &batch, code: code, reason: reason)
            }
            guard size > 0 else { break }
            joining = true
            burst -= size
            burstPackets += 1
        }
        unsafe settlePacing(handle)
        unsafe probeStall(handle)
        return true
    }

    private func watchQueue(_ handle: OpaquePointer) {
        guard hub.now >= queueGuard.nextUpdate, isEstablished, !scheduler.isEmpty || !datagrams.isEmpty
        else { return }
        var raw = cburrow_quic_statistics()
        unsafe cburrow_quic_get_statistics(handle, &raw)
        let sample = QueueGuard.Sample(
            latestRTT: raw.latest_rtt,
            smoothedRTT: raw.smoothed_rtt,
            minimumRTT: raw.min_rtt,
            bytesInFlight: raw.bytes_in_flight,
            mtu: UInt64(raw.mtu)
        )
        queueGuard.update(sample, now: hub.now)
        lossWatch.note(smoothedRTT: raw.smoothed_rtt, minimumRTT: raw.min_rtt)
    }

    private func watchSilence(_ handle: OpaquePointer) {
        guard hub.now >= silenceWatch.nextUpdate, isEstablished, !scheduler.isEmpty else { return }
        silenceWatch.update(
            bytesInFlight: unsafe cburrow_quic_bytes_in_flight(handle),
            sentBytes: tally.sentBytes,
            probeTimeout: unsafe cburrow_quic_pto(handle),
            now: hub.now
        )
    }

    /// Whether a stream waits until something is answered again.
    private func isSilenced(_ stream: Stream) -> Bool {
        silenceWatch.isSilent && (scheduler.topLevel ?? 0) < Self.datagramLevel && !isUrgent(stream)
    }

    /// Whether enough media is under way. Control streams do not wait.
    private func isHeldBack(_ handle: OpaquePointer) -> Bool {
        guard queueGuard.limit != .max, (scheduler.topLevel ?? 0) <= Self.datagramLevel else { return false }
        return unsafe cburrow_quic_bytes_in_flight(handle) >= queueGuard.limit
    }

    /// Asks the peer for a sign of life while datagrams wait for what is under way. Lost datagrams arm no
    /// probe timer in ngtcp2, so after a break of the line nothing else would find out that they are lost before the
    /// next keep-alive. Asks after a probe timeout, and then after twice as long each time.
    private func probeStall(_ handle: OpaquePointer) {
        if datagrams.isEmpty, stall == nil { return }
        guard let first = datagrams.first,
            unsafe isHeldBack(handle) || cburrow_quic_may_write_datagram(handle, first.count) == 0
        else {
            guard stall != nil else { return }
            stall = nil
            return unsafe cburrow_quic_set_keep_alive(handle, settings.rawKeepAlive)
        }
        var pause = unsafe cburrow_quic_pto(handle)
        if let stall {
            guard tally.sentPackets > stall.sentPackets else { return }
            pause = min(stall.pause * 2, Self.longestStallPause)
        }
        stall = (pause, tally.sentPackets)
        unsafe cburrow_quic_set_keep_alive(handle, pause)
    }

    /// When nothing but the acknowledgement of one packet is to be written, the time to write it; nil when something
    /// else or nothing waits.
    ///
    /// Acknowledging every second packet halves what a sender of audio must read (RFC 9000 §13.2.2). While packets
    /// of ours are under way everything is written at once, because the one that came may show that some are lost.
    var acknowledgementTime: UInt64? {
        guard phase == .open, unanswered == 1, !mustWrite, isEstablished, scheduler.isEmpty,
            datagrams.isEmpty,
            hub.now < firstUnanswered + Self.acknowledgementDelay, let handle = unsafe handle,
            hub.now - min(establishedAt, hub.now) > Self.eagerTime,
            unsafe cburrow_quic_bytes_in_flight(handle) == 0
        else { return nil }
        return firstUnanswered + Self.acknowledgementDelay
    }

    private func settlePacing(_ handle: OpaquePointer) {
        defer {
            burst = 0
            burstPackets = 0
        }
        guard burstPackets > 0 else { return }
        if burstPackets <= Self.unpacedPackets, scheduler.isEmpty, datagrams.isEmpty {
            let result = unsafe cburrow_quic_skip_pacing(handle, hub.now)
            if result != CBURROW_QUIC_OK { fail(result) }
        } else {
            unsafe cburrow_quic_pace(handle, hub.now)
        }
    }

    /// Writes one packet; its size, zero when nothing can go, or a result.
    private func writePacket(
        into batch: inout DatagramBatch,
        _ handle: OpaquePointer,
        joining: Bool
    ) -> Int {
        var written = cburrow_quic_written()
        let room = min(batch.room, DatagramBatch.packetReserve)
        let target = unsafe batch.tail.assumingMemoryBound(to: UInt8.self)
        let isHeldBack = unsafe isHeldBack(handle)
        let mayRepeat = lossWatch.isOn && queueGuard.limit == .max
        /// The last stream in the packet that will be sent again with it.
        var urgent: Int64?
        while true {
            let step: Step
            let hasCredit = unsafe !isHeldBack && !scheduler.isEmpty && cburrow_quic_credit_left(handle) > 0
            if !isHeldBack, let datagram = datagrams.first,
                !hasCredit || (scheduler.topLevel ?? 0) < Self.datagramLevel,
                unsafe cburrow_quic_may_write_datagram(handle, datagram.count) != 0
            {
                step = unsafe writeDatagram(handle, target, room, &written)
            } else if hasCredit, let slot = scheduler.next(), let stream = slots[slot] {
                let isUrgent = mayRepeat && isUrgent(stream)
                // What is to be repeated stays small.
                if urgent != nil && !isUrgent || isSilenced(stream) {
                    step = unsafe writeRest(handle, target, room, &written)
                } else {
                    let id = stream.id
                    step = unsafe writeStream(stream, handle, target, room, &written)
                    if isUrgent, stream.hasBegun { urgent = id }
                }
            } else {
                step = unsafe writeRest(handle, target, room, &written)
            }
            switch step {
            case .more: continue
            case .nothing: return 0
            case .failed(let result): return Int(result)
            case .packet(let size):
                if written.path_changed != 0 { writtenPath = DatagramPath(written.path) }
                let ecn = ECN(rawValue: written.ecn) ?? .notECT
                batch.commit(size, path: writtenPath, ecn: ecn, joining: joining)
                tally.sentPackets += 1
                tally.sentBytes += UInt64(size)
                if let urgent {
                    let packet = unsafe UnsafeRawBufferPointer(start: target, count: size)
                    unsafe repeats?.add(
                        packet,
                        stream: urgent,
                        path: writtenPath,
                        ecn: ecn,
                        times: lossWatch.copies,
                        pause: lossWatch.pause,
                        now: hub.now
                    )
                }
                return size
            }
        }
    }

    /// Acknowledgements, control frames, probes and lost data, and the end of a packet that was begun.
    private func writeRest(
        _ handle: OpaquePointer,
        _ target: UnsafeMutablePointer<UInt8>,
        _ room: Int,
        _ written: inout cburrow_quic_written
    ) -> Step {
        var accepted = -1
        let size = unsafe cburrow_quic_write_stream(
            handle,
            target,
            room,
            -1,
            0,
            0,
            nil,
            0,
            &accepted,
            hub.now,
            &written
        )
        if size > 0 { return .packet(size) }
        return size == 0 ? .nothing : .failed(Int32(clamping: size))
    }

    private func writeStream(
        _ stream: Stream,
        _ handle: OpaquePointer,
        _ target: UnsafeMutablePointer<UInt8>,
        _ room: Int,
        _ written: inout cburrow_quic_written
    ) -> Step {
        let gathered = gather(stream, upTo: room)
        guard gathered.count > 0 || gathered.isLast else {
            scheduler.remove(stream.slot)
            return .more
        }
        var accepted = -1
        let size = unsafe cburrow_quic_write_stream(
            handle,
            target,
            room,
            stream.id,
            gathered.isLast ? 1 : 0,
            1,
            hub.vectors.baseAddress,
            gathered.vectors,
            &accepted,
            hub.now,
            &written
        )
        if accepted >= 0 { took(accepted, of: gathered, from: stream) }
        switch Int(size) {
        case 1...: return .packet(size)
        case 0: return .nothing
        case Int(CBURROW_QUIC_WRITE_MORE): return .more
        case Int(CBURROW_QUIC_STREAM_BLOCKED):
            stream.isParked = true
            scheduler.remove(stream.slot)
            return .more
        case Int(CBURROW_QUIC_STREAM_SHUT):
            stream.sendIsOver = true
            scheduler.remove(stream.slot)
            if stream.isBidirectional { emit(.peerStopped(stream, 0)) }
            return .more
        case Int(CBURROW_QUIC_STREAM_GONE):
            stream.sendIsOver = true
            scheduler.remove(stream.slot)
            return .more
        default: return .failed(Int32(clamping: size))
        }
    }

    private struct Gathered {
        var vectors = 0
        var count = 0
        /// The stream ends after these bytes.
        var isLast = false
    }

    /// Points the scatter list at the next bytes of a stream, about a packet full.
    private func gather(_ stream: Stream, upTo room: Int) -> Gathered {
        var result = Gathered()
        if let prefix = stream.prefix {
            var cursor = stream.prefixCursor
            while result.vectors < Hub.vectorCount, result.count < room,
                let slice = prefix.next(at: &cursor, bare: false)
            {
                add(slice, to: &result)
                cursor.offset += slice.count
            }
            guard prefix.isCaughtUp(cursor, bare: false) else { return result }
        }
        if let shared = stream.shared {
            var cursor = stream.sharedCursor
            // A newer group that waits for the end of a frame does not wait for the next one.
            let endsWithFrame = scheduler.isBeforeItsTurn(stream.slot)
            while result.vectors < Hub.vectorCount, result.count < room,
                let slice = shared.next(at: &cursor, bare: stream.isBare)
            {
                if endsWithFrame, !shared.continues(at: cursor, bare: stream.isBare) { return result }
                add(slice, to: &result)
                cursor.offset += slice.count
            }
            guard shared.isCaughtUp(cursor, bare: stream.isBare) else { return result }
        }
        result.isLast = stream.endsHere
        return result
    }

    private func add(_ slice: Slice, to gathered: inout Gathered) {
        let start = unsafe UnsafeMutableRawPointer(mutating: slice.start).assumingMemoryBound(to: UInt8.self)
        unsafe hub.vectors[gathered.vectors] = cburrow_quic_vec(base: start, count: slice.count)
        gathered.vectors += 1
        gathered.count += slice.count
    }

    private func took(_ accepted: Int, of gathered: Gathered, from stream: Stream) {
        stream.advance(accepted)
        stream.hasBegun = true
        // Half a frame is of use to nobody, so a newer group waits for the end of the one that was begun.
        let isInFrame = stream.shared?.continues(at: stream.sharedCursor, bare: stream.isBare) ?? false
        scheduler.sent(stream.slot, bytes: accepted, goesOn: isInFrame)
        if gathered.isLast, accepted == gathered.count { stream.sendIsOver = true }
        if !stream.hasWork { scheduler.remove(stream.slot) }
    }

    private func writeDatagram(
        _ handle: OpaquePointer,
        _ target: UnsafeMutablePointer<UInt8>,
        _ room: Int,
        _ written: inout cburrow_quic_written
    ) -> Step {
        guard let datagram = datagrams.first else { return .more }
        let limit = unsafe cburrow_quic_datagram_limit(handle)
        guard datagram.count <= limit else {
            // The path became narrower since it was queued.
            _ = datagrams.popFirst()
            return .more
        }
        var gathered = Gathered()
        // ngtcp2 aborts over a piece without bytes, and an empty payload is for the peer to choose.
        if datagram.head.count > 0 { add(datagram.head, to: &gathered) }
        if let body = datagram.body, body.count > 0 { add(body, to: &gathered) }
        for slice in datagram.rest.prefix(Hub.vectorCount - 2) where slice.count > 0 {
            add(slice, to: &gathered)
        }
        var accepted: Int32 = 0
        let size = unsafe cburrow_quic_write_datagram(
            handle,
            target,
            room,
            hub.vectors.baseAddress,
            gathered.vectors,
            &accepted,
            hub.now,
            &written
        )
        if accepted != 0 { _ = datagrams.popFirst() }
        if size > 0 { return .packet(size) }
        if size == 0 { return .nothing }
        return size == Int(CBURROW_QUIC_WRITE_MORE) ? .more : .failed(Int32(clamping: size))
    }

    /// Writes CONNECTION_CLOSE and keeps it for a peer that goes on.
    private func flushClose(into batch: inout DatagramBatch, code: UInt64?, reason: [UInt8]) -> Bool {
        guard !batch.isFull else { return false }
        guard let handle = unsafe handle else { return true }
        var written = cburrow_quic_written()
        let room = min(batch.room, DatagramBatch.packetReserve)
        let target = unsafe batch.tail.assumingMemoryBound(to: UInt8.self)
        let size: Int
        if let code {
            size = unsafe cburrow_quic_write_close(
                handle,
                target,
                room,
                code,
                reason,
                reason.count,
                hub.now,
                &written
            )
        } else {
            size = unsafe cburrow_quic_write_error(handle, target, room, hub.now, &written)
        }
        guard size > 0 else {
            // No keys to say it with, or nothing may be sent to an unproven address.
            vanish()
            return true
        }
        if written.path_changed != 0 { writtenPath = DatagramPath(written.path) }
        closePacket = unsafe Array(UnsafeRawBufferPointer(start: target, count: size))
        batch.commit(size, path: writtenPath, ecn: ECN(rawValue: written.ecn) ?? .notECT, joining: false)
        linger(.closing)
        return true
    }
}
