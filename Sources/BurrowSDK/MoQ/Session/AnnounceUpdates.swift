/// The sessions that have announcements to tell. Each tells them once per turn of the loop, so that a path which comes
/// and goes within one costs its watchers nothing.
package final class AnnounceUpdates {
    private var marked: ContiguousArray<Session> = []
    private var working: ContiguousArray<Session> = []

    func add(_ session: Session) {
        marked.append(session)
    }

    package func deliver() {
        guard !marked.isEmpty else { return }
        swap(&marked, &working)
        for session in working { session.tellChanges() }
        working.removeAll(keepingCapacity: true)
    }
}
