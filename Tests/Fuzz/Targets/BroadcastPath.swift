import BurrowMoQ
import FuzzHarness

enum BroadcastPathTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let path = try? BroadcastPath(bytes: input) else { return }
            precondition((try? BroadcastPath(path.description)) == path, "the normal form is not its own")
            precondition(path.segmentCount == path.segments.count)
            for end in 0...min(path.utf8.count, 64) {
                guard let prefix = try? BroadcastPath(bytes: Array(path.utf8.prefix(end))) else { continue }
                let suffix = path.removingPrefix(prefix)
                precondition((suffix != nil) == path.hasPrefix(prefix))
                guard let suffix else { continue }
                precondition((try? prefix.appending(suffix)) == path, "taking apart and joining differ")
            }
        }
    }
}
