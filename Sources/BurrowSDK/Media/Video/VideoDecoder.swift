/// What came of one coded unit.
package struct DecodedPicture {
    /// Nil when the decoder keeps it for later, or has nothing to show.
    package var picture: Picture?
    /// Whether parts of it were guessed.
    package var isConcealed: Bool

    package init(picture: Picture?, isConcealed: Bool = false) {
        self.picture = picture
        self.isConcealed = isConcealed
    }
}

/// Turns coded units of one track into pictures. One thread at a time.
package protocol VideoDecoder: AnyObject {
    /// Nothing more can be shown as it was before a key unit comes: at the start, and after a loss or damage.
    var needsKeyFrame: Bool { get }

    /// Decodes one unit. An error says why there is no picture; the next key unit mends it, if its kind is supported.
    func decode(_ unit: Span<UInt8>, timestamp: Int64) throws(MediaError) -> DecodedPicture

    /// Whether no other unit needs this one, so that it may be left out.
    func isDisposable(_ unit: Span<UInt8>) -> Bool

    /// The next picture that was kept for later; nil when none is left. For the end of a track.
    func flush() -> Picture?

    /// Forgets everything: the next unit begins a new stream.
    func reset()
}
