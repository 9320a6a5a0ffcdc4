/// The form of the database: what every version added to the one before it. The number of steps is the version.
package struct Schema: Sendable {
    /// Marks files of ours, in the header of the file.
    static let application: Int32 = 0x4255_5257

    package let steps: [String]

    package init(steps: [String]) {
        self.steps = steps
    }

    package static let current = Schema(steps: [
        // Keys are read in ranges, and values are mostly a few hundred bytes. `file` has one row, which tells the right key.
        """
        CREATE TABLE record (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID, STRICT;
        CREATE TABLE file (seal BLOB NOT NULL) STRICT;
        """,
        // The tables stay. Records of groups have parts since that earlier libraries would take for damage.
        "",
    ])
}
