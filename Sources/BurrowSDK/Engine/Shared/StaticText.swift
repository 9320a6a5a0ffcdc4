/// A text for C that lives as long as the process.
@safe package final class StaticText: @unchecked Sendable {
    package let pointer: UnsafePointer<CChar>

    init(_ text: String) {
        let bytes = Array(text.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for index in bytes.indices { unsafe (copy + index).initialize(to: bytes[index]) }
        unsafe pointer = UnsafePointer(copy)
    }
}
