import CBurrowShims

/// Writes qlog files. Diagnosis only, so what cannot be written is logged once and forgotten.
final class QLogWriter {
    private var files: [String: Int32] = [:]

    func write(_ bytes: [UInt8], folder: String, file: String, isLast: Bool) {
        let path = "\(folder)/\(file)"
        let descriptor = files[path] ?? create(path)
        // A file that failed stays known as such, so that it fails once.
        guard descriptor >= 0 else {
            if isLast { files[path] = nil }
            return
        }
        let code = unsafe bytes.withUnsafeBytes { (raw) -> Int32 in
            guard let start = raw.baseAddress else { return 0 }
            return unsafe cburrow_write_all(descriptor, start, raw.count)
        }
        if code != 0 {
            LogRing.shared.write(.warning, "engine", "cannot write \(path): \(SystemCall.text(code))")
        }
        if isLast || code != 0 {
            cburrow_close(descriptor)
            files[path] = isLast ? nil : -1
        }
    }

    private func create(_ path: String) -> Int32 {
        let descriptor = unsafe cburrow_create_file(path)
        if descriptor < 0 {
            LogRing.shared.write(.warning, "engine", "cannot create \(path): \(SystemCall.text(-descriptor))")
        }
        files[path] = descriptor
        return descriptor
    }

    func closeAll() {
        for descriptor in files.values where descriptor >= 0 { cburrow_close(descriptor) }
        files = [:]
    }
}
