import Glibc

/// Files that the interoperability tests use as well.
enum InteropFile {
    static func read(_ name: String) -> [UInt8]? {
        let folders = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        guard let file = unsafe fopen("/\(folders)/Interop/\(name)", "r") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = unsafe fgetc(file), byte >= 0 { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return bytes
    }

    /// Without line ends.
    static func lines(_ name: String) -> [String]? {
        read(name)?.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }
}
