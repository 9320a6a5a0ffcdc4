/// How the numbers of a picture mean colours: ITU-R BT.601 or BT.709, in the limited range of television or in all of
/// 0 to 255.
package struct PictureColor: Hashable, Sendable {
    package enum Matrix: Hashable, Sendable { case bt601, bt709 }
    package enum Range: Hashable, Sendable { case limited, full }

    package var matrix: Matrix
    package var range: Range

    package init(_ matrix: Matrix, _ range: Range) {
        self.matrix = matrix
        self.range = range
    }

    /// What a picture has that says nothing: the conversion all players assume for H.264 of these sizes.
    package static let standard = PictureColor(.bt601, .limited)
}

/// How far a picture must be turned clockwise to stand upright.
package enum PictureRotation: Int, Hashable, Sendable, CaseIterable {
    case none = 0
    case quarter = 90
    case half = 180
    case threeQuarters = 270

    /// Whether width and height change places.
    package var isSideways: Bool { self == .quarter || self == .threeQuarters }
}
