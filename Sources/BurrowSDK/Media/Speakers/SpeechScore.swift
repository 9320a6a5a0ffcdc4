internal import CBurrowMedia

/// How likely it is that so many of a number of recent observations are those of a speaker.
///
/// Volfin and Cohen, "Dominant speaker identification for multipoint videoconferencing" (2012), equation for the score
/// of one time scale: the likelihood of a binomial distribution against that of an exponential one. All values are
/// tables.
struct SpeechScore {
    private let values: [Double]

    /// - Parameters:
    ///   - count: how many observations there are.
    ///   - rate: of the exponential distribution of active ones in silence.
    init(count: Int, rate: Double) {
        let logHalf = cburrow_log(0.5)
        values = (0...max(0, count)).map { (active) in
            var logChoose = 0.0
            for index in 0..<active {
                logChoose += cburrow_log(Double(count - index)) - cburrow_log(Double(index + 1))
            }
            let score = logChoose + Double(count) * logHalf - cburrow_log(rate) + rate * Double(active)
            // Ratios of scores need them positive.
            return max(score, 1e-10)
        }
    }

    func score(_ active: Int) -> Double {
        values.indices.contains(active) ? values[active] : 1e-10
    }

    /// How much more one is a speaker than another.
    static func compare(_ candidate: Double, _ dominant: Double) -> Double {
        cburrow_log(candidate / dominant)
    }
}
