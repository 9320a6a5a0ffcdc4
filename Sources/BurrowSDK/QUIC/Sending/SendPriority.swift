/// Which of the streams with something to say goes first.
package struct SendPriority: Hashable, Sendable {
    /// Higher goes first. Media uses 0...255, control streams 256 and above.
    package var level: UInt16
    /// Flows of one level share the line evenly.
    package var flow: UInt32
    /// Within a flow, smaller goes first.
    package var order: UInt64

    package init(level: UInt16, flow: UInt32, order: UInt64) {
        self.level = level
        self.flow = flow
        self.order = order
    }

    /// Above all media.
    package static let control = SendPriority(level: 256, flow: 0, order: 0)
}
