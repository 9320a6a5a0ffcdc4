package import BurrowMedia

/// A picture in the hands of the host, until it releases the buffer.
///
/// Written before it has a handle and after it has none, so by one thread at a time.
package final class PictureLoan: HandleObject, @unchecked Sendable {
    package static var kind: HandleKind { .buffer }

    /// Nobody writes it any more, except the host that allocated it. `nil` while it is not lent, so that a resting loan
    /// keeps nothing alive.
    package private(set) var picture: Picture?
    /// Memory of a picture in another format.
    package let memory: PictureMemory?
    private var lender: (any PictureLender)?

    init() {
        memory = nil
    }

    package init(_ memory: PictureMemory) {
        self.memory = memory
    }

    func lend(_ picture: Picture, by lender: any PictureLender) {
        self.picture = picture
        self.lender = lender
    }

    package func lastReferenceGone() {
        let lender = lender
        self.lender = nil
        picture = nil
        lender?.takeBack(self)
    }
}

/// Lends pictures to the host, a few at a time.
protocol PictureLender: AnyObject, Sendable {
    /// The host gave one back.
    func takeBack(_ loan: PictureLoan)
}
