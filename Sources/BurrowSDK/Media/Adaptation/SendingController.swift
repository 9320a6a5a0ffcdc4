package import BurrowBase

/// Divides what a line carries among sound and pictures (sender side of the adaptation).
///
/// Sound comes first and keeps its rate. Pictures give way in this order: those that others do not refer to, for a
/// moment; their bit rate; their size; every second of them; all. Only when little or nothing is left to take from them
/// sound goes down to 24 and 16 kbit/s. What the host has fixed is counted, and left alone.
package struct SendingController {
    /// Of the estimate, what is given away. The rest is for key pictures, redundancy and what is sent again.
    private static let share = 0.85
    /// Bytes around an audio packet: of QUIC, of MoQ and of its container.
    private static let packetOverhead = 56
    /// Bits a second and channel.
    private static let audioSteps = [Int.max, 24_000, 16_000]
    /// What audio may be raised to before redundancy, a channel.
    private static let protectedAudio = 32_000
    private static let patience = Interval.seconds(2)
    /// Seconds it takes to get rid of what waits, here or in front of the line, from which on pictures are left out.
    private static let marks: [(SendingTargets.Relief, Double)] = [
        (.all, 0.3), (.allButLowest, 0.18), (.highest, 0.1),
    ]

    fileprivate struct Sound {
        var policy: AudioLossPolicy
        var decision: AudioLossPolicy.Decision
    }

    package private(set) var targets = SendingTargets()
    private var estimator = BandwidthEstimator()
    private var demand = SendingDemand()
    private var sounds: [UInt64: Sound] = [:]
    private var ladders: [UInt64: PictureLadder] = [:]
    private var report: LineReport?
    /// Step of `audioSteps`, and since when there has been enough for the one above.
    private var audioStep = 0
    private var audioEnoughSince: Instant?

    package init() {
        targets.estimate = estimator.estimate
    }

    package var phase: BandwidthEstimator.Phase { estimator.phase }

    /// Something else is to be sent from now on.
    package mutating func set(_ demand: SendingDemand, now: Instant) {
        guard demand != self.demand else { return }
        self.demand = demand
        let audio = Set(demand.audio.map(\.id))
        sounds = sounds.filter { audio.contains($0.key) }
        let video = Set(demand.video.map(\.id))
        ladders = ladders.filter { video.contains($0.key) }
        divide(nil, now)
    }

    package mutating func take(_ report: LineReport) {
        self.report = report
        estimator.update(report, wanted: wanted)
        divide(report, report.time)
    }

    /// The connection is gone. What its line carried is the best guess for the next.
    package mutating func disconnected() {
        report = nil
        targets.relief = .none
    }

    /// The estimate with which everything could be had.
    private var wanted: Int {
        let audio = demand.audio.reduce(0) {
            $0 + cost($1, $1.isFixed ? $1.bitRate : max($1.bitRate, Self.protectedAudio * $1.channels))
        }
        let video = demand.video.reduce(0) { $0 + $1.bitRate }
        return Int(Double(audio + video) / Self.share)
    }

    private func cost(_ audio: SendingDemand.Audio, _ bitRate: Int) -> Int {
        bitRate + audio.packetRate * Self.packetOverhead * 8
    }

    // MARK: Dividing

    private mutating func divide(_ report: LineReport?, _ now: Instant) {
        targets.estimate = estimator.estimate
        var budget = Int(Double(estimator.estimate) * Self.share * drain)
        for video in demand.video where video.isFixed && video.isWanted { budget -= video.bitRate }
        for audio in demand.audio where audio.isFixed { budget -= cost(audio, audio.bitRate) }
        budget = max(budget, 0)
        budget -= giveAudio(budget, report, now)
        giveVideo(max(budget, 0), now)
        targets.relief = relief
    }

    /// While a queue stands in front of the line, less than the line carries is sent, so that it goes away.
    private var drain: Double {
        guard let report, estimator.phase == .congested else { return 1 }
        return 1 - min(Double(report.standing.microseconds) / 1e6, 0.4)
    }

    private var relief: SendingTargets.Relief {
        guard let report else { return .none }
        let rate = max(min(report.delivered, estimator.estimate), BandwidthEstimator.least)
        let waiting = Double(report.waiting) * 8 / Double(rate)
        let standing = Double((report.standing - estimator.foreign).microseconds) / 1e6
        // What is late has not yet been as long under way as it will have been.
        let late = Double(estimator.lateness(report).microseconds) / 1e6 * 2
        let delay = max(waiting, standing, late)
        return Self.marks.first { delay > $0.1 }?.0 ?? .none
    }

    // MARK: Sound

    /// Decides about sound; what it takes.
    private mutating func giveAudio(_ budget: Int, _ report: LineReport?, _ now: Instant) -> Int {
        chooseAudioStep(budget, now)
        let step = Self.audioSteps[audioStep]
        var taken = 0
        targets.audio.removeAll(keepingCapacity: true)
        for audio in demand.audio where !audio.isFixed {
            let wanted = min(audio.bitRate, step == .max ? .max : step * audio.channels)
            // Redundancy needs room, which pictures make. Without any, sound gets what its step says.
            let room = budget - taken - cost(audio, 0)
            let available = audioStep == 0 ? max(room, wanted) : wanted
            var sound = sounds[audio.id] ?? Sound(wanted, audio.channels)
            if let report {
                sound.decision = sound.policy.report(
                    lost: report.loss,
                    wanted: wanted,
                    available: available,
                    now: report.time
                )
            } else if !sound.decision.usesFEC {
                sound.decision.bitRate = wanted
            }
            sounds[audio.id] = sound
            targets.audio.append(SendingTargets.Audio(id: audio.id, decision: sound.decision))
            taken += cost(audio, sound.decision.bitRate)
        }
        return taken
    }

    /// Sound goes down when it does not fit any more, though there be no pictures, and up when it would for a while.
    private mutating func chooseAudioStep(_ budget: Int, _ now: Instant) {
        func need(_ step: Int) -> Int {
            demand.audio.reduce(0) { (sum, audio) in
                guard !audio.isFixed else { return sum }
                let step = Self.audioSteps[step]
                return sum + cost(audio, min(audio.bitRate, step == .max ? .max : step * audio.channels))
            }
        }
        while audioStep < Self.audioSteps.count - 1, need(audioStep) > budget {
            audioStep += 1
            audioEnoughSince = nil
        }
        guard audioStep > 0, need(audioStep - 1) <= budget / 10 * 9 else {
            audioEnoughSince = nil
            return
        }
        let since = audioEnoughSince ?? now
        audioEnoughSince = since
        guard now - since >= Self.patience else { return }
        audioStep -= 1
        audioEnoughSince = nil
    }

    // MARK: Pictures

    private mutating func giveVideo(_ budget: Int, _ now: Instant) {
        var left = budget
        targets.video.removeAll(keepingCapacity: true)
        for video in demand.video where !video.isFixed {
            let bitRate = min(video.bitRate, left)
            var ladder = ladders[video.id] ?? PictureLadder(width: video.width, height: video.height)
            if !ladder.isFor(width: video.width, height: video.height) {
                ladder = PictureLadder(width: video.width, height: video.height)
            }
            // A host that wants many pixels for few bits gets them, as long as the line is not to blame.
            ladder.settle(bitRate == video.bitRate ? .max : bitRate, now: now)
            ladders[video.id] = ladder
            let step = ladder.step
            targets.video.append(
                SendingTargets.Video(
                    id: video.id,
                    bitRate: bitRate,
                    frameRate: step.isSlow ? video.frameRate / 2 : video.frameRate,
                    scale: ladder.scale,
                    isStalled: video.hasSmaller && ladder.isBelowFull,
                    isOff: step.isOff
                )
            )
            if video.isWanted && !step.isOff { left -= bitRate }
        }
    }
}

extension SendingController.Sound {
    fileprivate init(_ bitRate: Int, _ channels: Int) {
        policy = AudioLossPolicy(channels: channels)
        decision = AudioLossPolicy.Decision(bitRate: bitRate, usesFEC: false, expectedLoss: 0)
    }
}
