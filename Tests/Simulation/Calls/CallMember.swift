import BurrowBase
import BurrowMoQ

/// One participant of a seeded call, over all its lives.
final class CallMember {
    /// A subscription as it is now.
    struct Ear {
        let wish: CallPlan.Wish
        let track: TrackID
        /// Of its member, when it was made.
        let life: Int
        var wasChecked = false
    }

    let number: Int
    let plan: CallPlan.Member
    let peer: SimulatedPeer
    /// Nil before joining and after leaving.
    var room: RoomID?
    /// Every joining begins another life, with tracks that begin from zero.
    private(set) var life = -1
    /// The tracks of every life.
    private(set) var lives: [[CallTrack]] = []
    /// By the number of the wish in the plan.
    var ears: [Int: Ear] = [:]
    /// Wishes that hold, also while nobody is there to have them.
    var wants: Set<Int> = []
    var hasLeft = false
    /// How often its room closed by itself.
    var closings = 0

    init(number: Int, plan: CallPlan.Member, peer: SimulatedPeer) {
        self.number = number
        self.plan = plan
        self.peer = peer
    }

    var tracks: [CallTrack] { lives.last ?? [] }
    var isPublishing: Bool { room != nil && plan.publishes }
    var path: String { "call/\(plan.name)" }

    func begin(_ tracks: [CallTrack]) {
        life += 1
        lives.append(tracks)
    }

    /// Whether it was there from its first joining to now.
    var isSteady: Bool { life == 0 && room != nil && !hasLeft }
}
