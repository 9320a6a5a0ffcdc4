package import BurrowMedia

/// A picture in the hands of the host, until it releases the buffer.
package final class PictureLoan: HandleObject {
    package static var kind: HandleKind { .buffer }

    /// Nobody writes it any more, except the host that allocated it.
    package nonisolated(unsafe) let picture: Picture?
    /// Memory of a picture in another format.
    package nonisolated(unsafe) let memory: PictureMemory?
    private let lender: (any PictureLender)?

    init(_ picture: Picture, lender: any PictureLender) {
        unsafe self.picture = picture
        unsafe memory = nil
        self.lender = lender
    }

    package init(_ memory: PictureMemory) {
        unsafe picture = nil
        unsafe self.memory = memory
        lender = nil
    }

    package func lastReferenceGone() {
        lender?.takeBack()
    }
}

/// Lends pictures to the host, a few at a time.
protocol PictureLender: AnyObject, Sendable {
    /// The host gave one back.
    func takeBack()
}
