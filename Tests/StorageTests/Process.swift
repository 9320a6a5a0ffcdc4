import Glibc

/// A program in a process of its own, with a socket as its standard input.
final class Process {
    private let pid: pid_t
    private let socket: Int32
    private var buffer: [UInt8] = []
    private var isOver = false

    /// A program beside the one that runs the tests.
    static func program(_ name: String) -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let argument = CommandLine.arguments.first { $0.contains(".xctest") } ?? own
        let folder = argument.split(separator: "/", omittingEmptySubsequences: false)
            .prefix { !$0.hasSuffix(".xctest") && $0 != own.split(separator: "/").last ?? "" }
        return folder.joined(separator: "/") + "/" + name
    }

    init?(_ arguments: [String]) {
        var pair: [Int32] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0
        else {
            return nil
        }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, pair[1], 0)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { while let word = unsafe words.popLast() { unsafe free(word) } }
        var pid: pid_t = 0
        let result = unsafe posix_spawn(&pid, arguments[0], &actions, nil, &words, environ)
        close(pair[1])
        self.pid = pid
        socket = pair[0]
        guard result == 0 else {
            close(pair[0])
            return nil
        }
    }

    func write(_ type: Character, _ content: [UInt8]) {
        let length = UInt32(content.count)
        let frame =
            [type.asciiValue ?? 0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + content
        var rest = frame[...]
        while !rest.isEmpty {
            let part = Array(rest)
            let count = unsafe send(socket, part, part.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// The next frame, `nil` if none comes within the time or the process is gone.
    func next(within milliseconds: Int32) -> (type: Character, content: [UInt8])? {
        while true {
            if let frame = frame() { return frame }
            guard !isOver else { return nil }
            var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&waiting, 1, milliseconds) > 0 else { return nil }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = unsafe recv(socket, &chunk, chunk.count, 0)
            if count > 0 { buffer += chunk[..<count] } else { isOver = true }
        }
    }

    private func frame() -> (type: Character, content: [UInt8])? {
        guard buffer.count >= 5 else { return nil }
        let length = buffer[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard buffer.count >= 5 + length else { return nil }
        defer { buffer.removeFirst(5 + length) }
        return (Character(UnicodeScalar(buffer[0])), Array(buffer[5..<(5 + length)]))
    }

    func kill() {
        Glibc.kill(pid, SIGKILL)
    }

    /// Waits for the end; how the process ended, as `waitpid` tells it.
    func end() -> Int32 {
        close(socket)
        var status: Int32 = 0
        unsafe waitpid(pid, &status, 0)
        return status
    }
}
