/// What happened on one direction of a link, in datagrams.
package struct LinkStatistics: Equatable, Sendable {
    package var entered = 0
    package var enteredBytes = 0
    package var left = 0
    package var lost = 0
    package var lostInBursts = 0
    package var droppedByQueue = 0
    package var lostInBlackouts = 0
    package var tooLarge = 0
    package var corrupted = 0
    package var duplicated = 0
    /// Left after one that had entered later.
    package var overtaken = 0
    package var marked = 0

    package init() {}

    /// Everything that entered and never left.
    package var dropped: Int { lost + lostInBursts + droppedByQueue + lostInBlackouts + tooLarge }
}
