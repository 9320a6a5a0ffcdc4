/// A JSON value (RFC 8259).
///
/// Numbers keep the distinction of the text: one without fraction and exponent is an `integer`.
package indirect enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object(Object)

    /// An object, its members in the order of the text.
    ///
    /// Lookup is linear, which is the right choice for the handful of members our formats have and, unlike hashing,
    /// iterates the same way in every process.
    package struct Object: Equatable, Sendable {
        package struct Member: Equatable, Sendable {
            package let key: String
            package let value: JSON

            package init(_ key: String, _ value: JSON) {
                self.key = key
                self.value = value
            }
        }

        package private(set) var members: [Member]

        package init(_ members: [Member] = []) {
            self.members = members
        }

        /// The value of a member, `nil` when there is none. A member that is `null` is there.
        package subscript(_ key: String) -> JSON? {
            members.first { $0.key == key }?.value
        }
    }

    package var isNull: Bool { self == .null }

    package var boolValue: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    package var integerValue: Int64? {
        if case .integer(let value) = self { return value }
        return nil
    }

    /// Integers count, rounded to the nearest double.
    package var doubleValue: Double? {
        switch self {
        case .double(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }

    package var stringValue: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    package var arrayValue: [JSON]? {
        if case .array(let value) = self { return value }
        return nil
    }

    package var objectValue: Object? {
        if case .object(let value) = self { return value }
        return nil
    }
}
