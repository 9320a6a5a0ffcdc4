/// Which library this is.
package enum LibraryVersion {
    package static let major: UInt32 = 0
    package static let minor: UInt32 = 1
    package static let patch: UInt32 = 0

    package static let number = major << 16 | minor << 8 | patch

    /// Static, as C wants it.
    package static let text = StaticText("\(major).\(minor).\(patch) (\(SystemCall.libraries))")

    /// What servers are told.
    static let userAgent = "burrow/\(major).\(minor).\(patch)"

    package static let features: Set<String> = [
        "relay", "qlog", "udp-gso", "bbr", "jwt", "opus", "h264", "sframe", "nostr", "groups", "moq-lite-02",
        "moq-lite-03", "moq-lite-04", "moq-lite-05",
    ]
}
