/// One tag of an event: a name, and values whose meaning the name decides.
package struct Tag: Sendable, ExpressibleByArrayLiteral {
    package let elements: [String]

    package init(_ elements: [String]) {
        self.elements = elements
    }

    package init(arrayLiteral elements: String...) {
        self.elements = elements
    }

    /// Empty for a tag without elements, which peers may send.
    package var name: String { elements.first ?? "" }

    /// The first element behind the name, the only one relays look at.
    package var value: String? { elements.dropFirst().first }
}

extension Tag: Equatable {
    package static func == (a: Tag, b: Tag) -> Bool {
        a.elements.count == b.elements.count && zip(a.elements, b.elements).allSatisfy { $0.isSame(as: $1) }
    }
}

extension [Tag] {
    /// The value of the first tag of this name that has one.
    package func value(of name: String) -> String? {
        first { $0.name.isSame(as: name) && $0.value != nil }?.value
    }

    /// The tags of this name, in order.
    package func named(_ name: String) -> [Tag] {
        filter { $0.name.isSame(as: name) }
    }
}

extension StringProtocol {
    /// Whether two texts are the same bytes. Swift's `==` also takes different spellings of a character for equal,
    /// which relays and hashes do not.
    func isSame(as other: some StringProtocol) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}
