package import BurrowBase

/// Takes the codec's frames out of the frames of one rendition's track.
package struct ContainerReader {
    private enum Format {
        case legacy
        case loc
        case cmaf(CMAFTrack)
    }

    private let format: Format
    private let kind: MediaKind

    /// Throws when the container's beginning is not one this library takes samples from.
    package init(_ container: Container, of kind: MediaKind) throws(MediaError) {
        self.kind = kind
        switch container {
        case .legacy: format = .legacy
        case .loc: format = .loc
        case .cmaf(let initialisation): format = .cmaf(try CMAFTrack(initialisation, of: kind))
        }
    }

    /// What the container itself brings for the decoder; the catalogue's description has precedence.
    package var description: [UInt8]? {
        if case .cmaf(let track) = format { return track.description }
        return nil
    }

    /// Appends what one frame of the track holds: nothing for an empty one, one codec frame, or with CMAF several.
    /// `isFirst` says whether it begins its group. On an error nothing was appended.
    package func read(
        _ frame: Slice,
        isFirst: Bool,
        into frames: inout ContiguousArray<EncodedFrame>
    ) throws(MediaError) {
        guard frame.count > 0 else { return }
        let isKey = isFirst || kind == .audio
        switch format {
        case .legacy:
            let timestamp = try LegacyFrame.timestamp(frame.span)
            append(timestamp.microseconds, isKey, frame.dropFirst(timestamp.length), &frames)
        case .loc:
            let header = try LOCHeader(frame.span)
            append(header.timestamp, isKey, frame.dropFirst(header.length), &frames)
        case .cmaf(let track):
            try track.read(frame, isKey: isKey, isEveryKey: kind == .audio, into: &frames)
        }
    }

    /// An empty payload is a frame that carries no media and is skipped.
    private func append(
        _ timestamp: Int64,
        _ isKey: Bool,
        _ payload: Slice,
        _ frames: inout ContiguousArray<EncodedFrame>
    ) {
        guard payload.count > 0 else { return }
        frames.append(EncodedFrame(timestamp: timestamp, isKey: isKey, payload: payload))
    }
}
