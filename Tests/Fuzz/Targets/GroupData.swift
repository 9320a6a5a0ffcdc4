import BurrowBase
import BurrowMLS
import BurrowMarmot
import FuzzHarness

/// The group data extension: what is accepted is written back to the same bytes, also after a change and back.
enum GroupDataTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard var data = try? GroupData([Extension(type: 0xf2ee, data: input)]) else { return }
            require(data.encoded == input, "group data changes on its way")
            require(data.version > 0, "group data of version 0")
            let name = data.name
            data.name += "x"
            let changed = data.encoded
            require((try? GroupData(decoding: changed)) == data, "changed group data cannot be read")
            data.name = name
            require(data.encoded == input, "group data does not change back")
        }
    }
}
