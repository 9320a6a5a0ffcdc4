import BurrowMedia

/// Codecs for hosts that carry what is encoded by other means.
extension Engine {
    /// Makes an encoder and returns its handle.
    package func makeEncoder(_ encoding: Encoding, ofSound: Bool) throws(EngineError) -> UInt {
        guard encoding.renditions == 1 else {
            throw EngineError(.invalidArgument, "an encoder makes one rendition, not \(encoding.renditions)")
        }
        if ofSound { try encoding.checkAudio() } else { try encoding.checkVideo() }
        try checkRunning()
        if ofSound { try encoding.checkAudio() } else { try encoding.checkVideo() }
        let output = FrameExchange()
        do throws(MediaError) {
            let work: HostCodec.Work =
                ofSound
                ? .audioEncoder(try StandaloneAudioEncoder(encoding, output))
                : .videoEncoder(StandaloneVideoEncoder(encoding, output))
            return try publish(HostCodec(self, work, output))
        } catch {
            throw EngineError(error)
        }
    }

    /// Makes a decoder and returns its handle. `description` is what a catalogue says besides the codec's name.
    package func makeDecoder(_ description: Span<UInt8>, ofSound: Bool) throws(EngineError) -> UInt {
        try checkRunning()
        do throws(MediaError) {
            let work: HostCodec.Work =
                ofSound
                ? .audioDecoder(try StandaloneAudioDecoder(description))
                : .videoDecoder(try StandaloneVideoDecoder(description))
            return try publish(HostCodec(self, work, FrameExchange()))
        } catch {
            throw EngineError(error)
        }
    }

    private func publish(_ codec: HostCodec) throws(MediaError) -> UInt {
        let handle = HandleTable.shared.insert(codec, owner: number)
        guard handle != 0 else { throw MediaError(.limit, "too many handles") }
        return handle
    }
}
