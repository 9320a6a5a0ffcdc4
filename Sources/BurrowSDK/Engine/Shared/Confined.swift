/// An object that is used by one thread at a time, on its way into a `Guarded`, whose lock sees to that.
struct Confined<Object: AnyObject>: @unchecked Sendable {
    let object: Object

    init(_ object: Object) {
        self.object = object
    }
}
