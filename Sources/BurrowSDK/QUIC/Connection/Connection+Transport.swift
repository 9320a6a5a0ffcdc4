internal import BurrowBase
internal import CBurrowQUIC

/// What ngtcp2 reports, already turned into Swift. Nothing here calls out to a session.
extension Connection {
    func transportOpenedStream(_ id: Int64) -> Stream {
        let stream = takeStream()
        stream.id = id
        stream.begin(isLocal: false)
        if !stream.isBidirectional {
            // A number left out means that a packet is late or lost, which its sender is to hear of soon
            // (RFC 9000 §13.2.1).
            if id != newestStream + 4 { mustWrite = true }
            newestStream = max(newestStream, id)
        }
        emit(.streamOpened(stream))
        return stream
    }

    func transportReceived(_ bytes: UnsafeRawBufferPointer, isLast: Bool, on stream: Stream) {
        if !stream.receiveIsSettled {
            if bytes.count > 0 {
                let slice = unsafe hub.allocator.copy(bytes)
                stream.unread += slice.count
                if stream.received.withLast({ $0.join(slice) }) != true { stream.received.append(slice) }
            }
            if isLast { stream.receiveIsOver = true }
            if !stream.readableIsPending {
                stream.readableIsPending = true
                emit(.readable(stream))
            }
        } else if bytes.count > 0, let handle = unsafe handle {
            unsafe cburrow_quic_extend_connection(handle, UInt64(bytes.count))
        }
    }

    func transportReset(_ stream: Stream, code: UInt64) {
        guard !stream.receiveIsSettled, !stream.receiveIsOver else { return }
        stream.receiveIsOver = true
        emit(.peerReset(stream, code))
    }

    func transportCredited(_ stream: Stream) {
        guard stream.isParked else { return }
        stream.isParked = false
        schedule(stream)
    }

    func transportClosed(_ stream: Stream, code: UInt64?, losses: Int) {
        tally.lostPackets += UInt64(clamping: losses)
        repeats?.forget(stream.id)
        stream.isClosed = true
        scheduler.remove(stream.slot)
        // The only trace of STOP_SENDING in ngtcp2 0.12: an error on a stream we did not reset.
        if let code, stream.isLocal, !stream.isBidirectional, !stream.resetByUs {
            emit(.peerStopped(stream, code))
        }
        stream.sendIsOver = true
        stream.receiveIsOver = true
        finishIfOver(stream)
    }

    func transportAddedStreams() {
        guard creditWanted else { return }
        creditWanted = false
        emit(.creditAvailable)
    }

    func transportReceivedDatagram(_ bytes: UnsafeRawBufferPointer) {
        let slice = unsafe hub.allocator.copy(bytes)
        emit(.datagram(slice))
    }

    func transportCompletedHandshake() {
        isEstablished = true
        establishedAt = hub.now
        if isServer { hub.endHandshake(self) }
        guard let handle = unsafe handle else { return }
        guard let selected = selectedALPN() else {
            // RFC 9001 §8.1: without a common protocol there is no connection.
            unsafe cburrow_quic_set_alert(handle, Self.noApplicationProtocol)
            pendingFailure = QUICError(.noCommonProtocol, "the peer chose no application protocol")
            return
        }
        if triesEarlyData {
            let rejected = unsafe cburrow_quic_early_was_rejected(handle) != 0
            if !rejected, selected != earlyALPN {
                unsafe cburrow_quic_set_alert(handle, Self.noApplicationProtocol)
                pendingFailure = QUICError(.noCommonProtocol, "early data was taken for another protocol")
                return
            }
        }
        announce(selected)
        if isServer { unsafe cburrow_quic_send_tickets(handle, hub.now) }
    }

    /// Server: early data was accepted, so the session can begin before the client's last flight.
    func transportEstablishedEarly() {
        guard let selected = selectedALPN() else { return }
        announce(selected)
    }

    func transportRejectedEarlyData() {
        for case let stream? in slots where stream.isOpen {
            stream.isOpen = false
            stream.isClosed = true
        }
        scheduler.removeAll()
        emit(.earlyDataRejected)
    }

    /// Client: the new path was tried. One that does not answer may only be interrupted, so the connection stays on it
    /// until it is heard of there, or until it has been silent for too long.
    func transportValidatedPath(_ success: Bool) {
        guard isMigrating, !isServer else { return }
        if success { confirmPath() } else { pathIsInDoubt = true }
    }

    /// The server was heard on the path we moved to.
    func confirmPath() {
        isMigrating = false
        pathIsInDoubt = false
        emit(.pathChanged(path))
    }

    func transportGotTicket(_ bytes: UnsafeRawBufferPointer) {
        ticket = unsafe Array(bytes)
        offerResumption()
    }

    func transportGotAddressToken(_ bytes: UnsafeRawBufferPointer) {
        addressToken = unsafe Array(bytes)
        offerResumption()
    }

    private func offerResumption() {
        guard !ticket.isEmpty, isEstablished, let handle = unsafe handle else { return }
        var parameters = [UInt8](repeating: 0, count: 256)
        let count = unsafe cburrow_quic_encode_early(handle, &parameters, parameters.count)
        guard count >= 0 else { return }
        parameters.removeLast(parameters.count - count)
        emit(
            .resumptionTicket(
                ResumptionState(
                    ticket: ticket,
                    transportParameters: parameters,
                    addressToken: addressToken,
                    alpn: alpn
                )
            )
        )
    }

    private static var noApplicationProtocol: UInt8 { 120 }

    private func announce(_ selected: String) {
        guard alpn != selected || !isAnnounced || !isServer else { return }
        alpn = selected
        isAnnounced = true
        emit(.connected(alpn: selected))
    }

    private func selectedALPN() -> String? {
        guard let handle = unsafe handle else { return nil }
        var count = 0
        guard let bytes = unsafe cburrow_quic_alpn_selected(handle, &count), count > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
