/// Typed access to members. The required form throws `missing`, the optional form answers `nil` for a member that
/// is absent or `null`; both throw `wrongType` for anything else than the type asked for.
extension JSON.Object {
    package func string(_ key: String) throws(JSONError) -> String {
        try required(key, optionalString(key))
    }

    package func optionalString(_ key: String) throws(JSONError) -> String? {
        try typed(key, "a string", \.stringValue)
    }

    package func integer(_ key: String) throws(JSONError) -> Int64 {
        try required(key, optionalInteger(key))
    }

    package func optionalInteger(_ key: String) throws(JSONError) -> Int64? {
        try typed(key, "an integer", \.integerValue)
    }

    package func double(_ key: String) throws(JSONError) -> Double {
        try required(key, optionalDouble(key))
    }

    package func optionalDouble(_ key: String) throws(JSONError) -> Double? {
        try typed(key, "a number", \.doubleValue)
    }

    package func bool(_ key: String) throws(JSONError) -> Bool {
        try required(key, optionalBool(key))
    }

    package func optionalBool(_ key: String) throws(JSONError) -> Bool? {
        try typed(key, "true or false", \.boolValue)
    }

    package func array(_ key: String) throws(JSONError) -> [JSON] {
        try required(key, optionalArray(key))
    }

    package func optionalArray(_ key: String) throws(JSONError) -> [JSON]? {
        try typed(key, "an array", \.arrayValue)
    }

    package func object(_ key: String) throws(JSONError) -> JSON.Object {
        try required(key, optionalObject(key))
    }

    package func optionalObject(_ key: String) throws(JSONError) -> JSON.Object? {
        try typed(key, "an object", \.objectValue)
    }

    private func required<T>(_ key: String, _ value: T?) throws(JSONError) -> T {
        guard let value else { throw JSONError(.missing, "member \"\(key)\" is missing") }
        return value
    }

    private func typed<T>(_ key: String, _ expected: String, _ read: (JSON) -> T?) throws(JSONError) -> T? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let result = read(value) else {
            throw JSONError(.wrongType, "member \"\(key)\" is not \(expected)")
        }
        return result
    }
}
