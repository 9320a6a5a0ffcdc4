package import BurrowBase
package import BurrowQUIC

/// Where a room is and how to get there.
package struct RoomConfiguration: Sendable {
    package var url: RelayURL
    /// Where our tracks are announced; `nil` only listens.
    package var path: BroadcastPath?
    /// Whose broadcasts are followed.
    package var prefix = BroadcastPath.root
    package var trust = TLSContext.ClientTrust()
    /// Checked and sent instead of the URL's host.
    package var serverName: String?
    package var versions = Version.preferred
    package var settings = TransportSettings()
    package var sessionLimits = SessionLimits()
    package var reconnects = true
    /// Whether to ask who else is there.
    package var discovers = true
    package var firstPause = Interval.milliseconds(100)
    package var longestPause = Interval.seconds(10)
    /// From the first name look-up to the established session.
    package var connectTimeout = Interval.seconds(10)
    /// Folder for qlog files.
    package var qlogFolder: String?

    package init(url: RelayURL) {
        self.url = url
    }
}
