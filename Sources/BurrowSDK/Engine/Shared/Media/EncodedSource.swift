import BurrowBase
package import BurrowMedia

/// A published audio or video track whose host has an encoder of its own. Its frames wait in the track's exchange.
package final class EncodedSource: Sendable {
    /// What the host wants.
    package struct Wishes: Equatable, Sendable {
        package var encoding: Encoding
        package var isMuted = false
    }

    package let kind: MediaKind
    package let wishes: Guarded<Wishes>
    package let report = Guarded(MediaReport())

    package init(_ kind: MediaKind, _ encoding: Encoding) {
        self.kind = kind
        wishes = Guarded(Wishes(encoding: encoding))
    }

    /// Refuses what nobody could decode, while the host can still be told.
    func check(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        guard bytes.count > 0 else { throw EngineError(.invalidArgument, "a frame without a byte") }
        guard bytes.count <= HangLimits.frameBytes else {
            throw EngineError(.limit, "frame of \(bytes.count) bytes is too large")
        }
        let unit = unsafe Span<UInt8>(_unsafeBytes: bytes)
        switch kind {
        case .audio:
            guard OpusDecoder.frames(in: unit) != nil else {
                throw EngineError(.damaged, "not a packet of Opus")
            }
        case .video:
            do throws(MediaError) {
                try AnnexBForm.check(unit)
            } catch {
                throw EngineError(error)
            }
        }
    }
}

/// A subscribed audio or video track whose host has a decoder of its own. Its frames wait in the track's exchange.
package final class EncodedSink: Sendable {
    package let kind: MediaKind
    package let wishes: Guarded<MediaWishes>
    package let report = Guarded(MediaReport())

    package init(_ kind: MediaKind, _ wishes: MediaWishes) {
        self.kind = kind
        self.wishes = Guarded(wishes)
    }
}
