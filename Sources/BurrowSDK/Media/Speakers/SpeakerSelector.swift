package import BurrowBase

/// Who is speaking, among all participants of a room, without jumping at every noise.
///
/// Volfin and Cohen (2012), as rooms in wide use do it: three time scales of each participant's levels are compared
/// with those of the dominant speaker every 300 ms; whoever is more of a speaker on all of them takes over.
///
/// Levels must be those of processed sound: a keyboard would be as good a speaker as any. What is not marked as voice
/// counts as silence.
package struct SpeakerSelector {
    /// What names a participant.
    package typealias Participant = UInt32

    private struct Speaker {
        let id: Participant
        var history: SpeakerHistory
        var isPaused = false
        /// Until when its levels are complete, zeros included.
        var filledTo: Instant
    }

    private static let decision = Interval.milliseconds(300)
    private static let levelGap = Interval.milliseconds(40)
    private static let levelStep = Interval.milliseconds(20)
    private static let forgotten = Interval.seconds(3_600)
    /// After such a pause a whole second of zeros is as good as more.
    private static let fullHistory = Interval.seconds(1)
    /// What a candidate must exceed on the time scales of immediate, medium and long.
    private static let thresholds = (immediate: 3.0, medium: 2.0, long: 0.0)

    package private(set) var dominant: Participant?

    /// What `decide` said last.
    private var announced: Participant?
    private var speakers: [Speaker] = []
    private var nextDecision: Instant?
    private let immediate = SpeechScore(count: SpeakerHistory.immediateSteps, rate: 0.78)
    private let medium = SpeechScore(count: SpeakerHistory.mediumLength, rate: 24)
    private let long = SpeechScore(count: SpeakerHistory.longLength, rate: 47)

    package init() {}

    package mutating func add(_ id: Participant, now: Instant) {
        guard index(of: id) == nil else { return }
        speakers.append(Speaker(id: id, history: SpeakerHistory(now: now), filledTo: now))
        if nextDecision == nil { nextDecision = now + Self.decision }
    }

    /// Somebody left, or is not heard any more.
    package mutating func remove(_ id: Participant) {
        if let index = index(of: id) { speakers.remove(at: index) }
        if dominant == id { dominant = nil }
    }

    /// Somebody muted themselves or is on hold: they are not dominant until they are back.
    package mutating func pause(_ id: Participant, _ paused: Bool) {
        guard let index = index(of: id) else { return }
        speakers[index].isPaused = paused
        if paused, dominant == id { dominant = nil }
    }

    /// The level of 20 ms.
    package mutating func level(_ level: AudioLevel, of id: Participant, now: Instant) {
        if index(of: id) == nil { add(id, now: now) }
        guard let index = index(of: id), !speakers[index].isPaused else { return }
        fill(index, to: now)
        speakers[index].history.add(level.isVoice ? UInt8(clamping: level.loudness) : 0, at: now)
        speakers[index].filledTo = now
    }

    /// When `decide` wants to be called.
    package var deadline: Instant? { speakers.isEmpty && announced == nil ? nil : nextDecision }

    /// Decides when it is time to; returns the dominant speaker if that is not who it was when this said so last. One who
    /// was released is thereby replaced in one step.
    package mutating func decide(now: Instant) -> Participant?? {
        guard let due = nextDecision, now >= due else { return .none }
        nextDecision = now + Self.decision
        forget(now)
        for index in speakers.indices {
            fill(index, to: now)
            speakers[index].history.evaluate()
        }
        dominant = choose()
        guard dominant != announced else { return .none }
        announced = dominant
        return .some(dominant)
    }

    /// Whether somebody spoke for a tenth of a second on end in the second before the last decision.
    package func isSpeaking(_ id: Participant) -> Bool {
        index(of: id).map { speakers[$0].history.long > 0 } ?? false
    }

    private func choose() -> Participant? {
        guard let current = speakers.first(where: { $0.id == dominant && !$0.isPaused }) else {
            return nominate()
        }
        var best = current.id
        var bestMedium = Self.thresholds.medium
        for candidate in speakers where candidate.id != current.id && !candidate.isPaused {
            let (its, old) = (candidate.history, current.history)
            let c1 = SpeechScore.compare(immediate.score(its.immediate), immediate.score(old.immediate))
            let c2 = SpeechScore.compare(medium.score(its.medium), medium.score(old.medium))
            let c3 = SpeechScore.compare(long.score(its.long), long.score(old.long))
            if c1 > Self.thresholds.immediate, c2 > bestMedium, c3 > Self.thresholds.long {
                best = candidate.id
                bestMedium = c2
            }
        }
        return best
    }

    /// With nobody dominant anybody may be; whoever speaks most is better than that.
    private func nominate() -> Participant? {
        var best: Speaker?
        for speaker in speakers where !speaker.isPaused {
            guard let other = best else {
                best = speaker
                continue
            }
            let more = (speaker.history.long, speaker.history.medium, speaker.history.immediate)
            if more > (other.history.long, other.history.medium, other.history.immediate) { best = speaker }
        }
        return best?.id
    }

    /// Puts zeros where levels are missing.
    private mutating func fill(_ index: Int, to now: Instant) {
        guard now - speakers[index].filledTo > Self.levelGap else { return }
        if now - speakers[index].filledTo > Self.fullHistory {
            speakers[index].filledTo = now - Self.fullHistory
        }
        while now - speakers[index].filledTo > Self.levelGap {
            speakers[index].history.addSilence()
            speakers[index].filledTo = speakers[index].filledTo + Self.levelStep
        }
    }

    private mutating func forget(_ now: Instant) {
        let dominant = dominant
        speakers.removeAll { $0.id != dominant && now - $0.history.lastLevel > Self.forgotten }
    }

    private func index(of id: Participant) -> Int? {
        speakers.firstIndex { $0.id == id }
    }
}
