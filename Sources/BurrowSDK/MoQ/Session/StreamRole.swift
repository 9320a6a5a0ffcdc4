import BurrowBase

/// What a stream of a session is for. `Stream.context` is the index of its role.
enum StreamRole {
    case free
    /// A unidirectional stream of the peer's whose front has not come yet.
    case opening(StreamOpeningParser)
    /// A bidirectional stream of the peer's whose request is not complete yet.
    case request(MessageBuffer)
    /// The peer's lite-05 SETUP.
    case setup(MessageBuffer)
    /// The first stream of `moql`, open as long as the session.
    case legacySetup(MessageBuffer)
    /// The peer follows our announcements.
    case announceServer(AnnounceServer)
    /// We follow the peer's announcements.
    case announceWatcher(AnnounceWatcher)
    /// The peer subscribed to a track of ours.
    case downstream(Downstream)
    /// A group on its way to the peer.
    case groupSender(Downstream)
    /// We subscribed to a track of the peer's.
    case upstream(Upstream)
    /// A group on its way to us.
    case groupReceiver(GroupReceiver)
    /// The peer asked for a track's information and waits for it.
    case infoServer(InfoServer)
    case infoRequest(Upstream, MessageBuffer)
    /// The peer asked for one group.
    case fetchServer(FetchServer)
    /// We asked for one group.
    case fetchRequest(FetchRequest)
    /// The peer wants to know how fast we could send.
    case probeServer(ProbeServer)
    case probeWatcher(ProbeWatcher)
    /// Nothing it still says matters to us.
    case ignored
}
