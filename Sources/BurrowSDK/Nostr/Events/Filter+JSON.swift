package import BurrowBase

extension Filter {
    /// Reads the JSON form. Members that are no conditions we know are refused: ignoring one would widen the filter.
    /// Reads one filter or an array of them.
    package static func list(json: [UInt8]) throws(NostrError) -> [Filter] {
        switch try NostrJSON.parse(json, bytes: NostrLimits.eventBytes) {
        case .object(let object): return [try Filter(object)]
        case .array(let elements):
            guard !elements.isEmpty, elements.count <= NostrLimits.filtersPerRequest else {
                throw NostrError(.tooMany, "there are 1 to \(NostrLimits.filtersPerRequest) filters")
            }
            var filters: [Filter] = []
            for element in elements {
                guard case .object(let object) = element else {
                    throw NostrError(.wrongType, "filter is not a JSON object")
                }
                filters.append(try Filter(object))
            }
            return filters
        default: throw NostrError(.wrongType, "filter is not a JSON object")
        }
    }

    package init(json: [UInt8]) throws(NostrError) {
        let value = try NostrJSON.parse(json, bytes: NostrLimits.eventBytes)
        guard case .object(let object) = value else {
            throw NostrError(.wrongType, "filter is not a JSON object")
        }
        try self.init(object)
    }

    package init(_ object: JSON.Object) throws(NostrError) {
        self.init()
        for member in object.members {
            switch member.key {
            case "ids":
                ids = try Self.list(member.value) { $0.stringValue.flatMap { EventID(hex: $0) } }
            case "authors":
                authors = try Self.list(member.value) { $0.stringValue.flatMap { PublicKey(hex: $0) } }
            case "kinds":
                kinds = try Self.list(member.value) { (value) in
                    value.integerValue.flatMap { UInt16(exactly: $0) }.map { EventKind($0) }
                }
            case "since": since = try Self.time(member.value)
            case "until": until = try Self.time(member.value)
            case "limit":
                guard let value = member.value.integerValue, let limit = Int(exactly: value), limit >= 0
                else {
                    throw NostrError(.wrongType, "filter limit is no count")
                }
                self.limit = limit
            default:
                guard member.key.utf8.count == 2, member.key.utf8.first == UInt8(ascii: "#"),
                    let letter = member.key.last
                else { throw NostrError(.wrongType, "filter has a condition that is not known") }
                let values = try Self.list(member.value, \.stringValue)
                guard let condition = TagCondition(letter, values) else {
                    throw NostrError(.wrongType, "filter has a condition on no letter")
                }
                // These name events and people, so anything but their full form matches nothing (NIP-01).
                if letter == "e" || letter == "p", !values.allSatisfy({ Bytes32(hex: $0) != nil }) {
                    throw NostrError(.invalidHex, "filter has a tag value that is not 64 lower-case digits")
                }
                tags.append(condition)
            }
        }
    }

    private static func list<T>(_ value: JSON, _ read: (JSON) -> T?) throws(NostrError) -> [T] {
        guard case .array(let elements) = value else {
            throw NostrError(.wrongType, "filter condition is no list")
        }
        guard elements.count <= NostrLimits.filterListCount else {
            throw NostrError(
                .tooLarge,
                "filter has a list of more than \(NostrLimits.filterListCount) elements"
            )
        }
        var list: [T] = []
        list.reserveCapacity(elements.count)
        for element in elements {
            guard let read = read(element) else {
                throw NostrError(.wrongType, "filter has a list with an element of another form")
            }
            list.append(read)
        }
        return list
    }

    private static func time(_ value: JSON) throws(NostrError) -> UnixTime {
        guard case .integer(let seconds) = value, seconds >= 0 else {
            throw NostrError(.wrongType, "filter time is no number of seconds")
        }
        return UnixTime(seconds)
    }

    package var json: [UInt8] {
        var writer = EventWriter()
        writer.filter(self)
        return writer.bytes
    }
}

extension EventWriter {
    mutating func filter(_ filter: Filter) {
        var isFirst = true
        raw("{")
        if let ids = filter.ids { list("ids", ids, &isFirst) { $0.hex($1.value) } }
        if let authors = filter.authors { list("authors", authors, &isFirst) { $0.hex($1.value) } }
        if let kinds = filter.kinds { list("kinds", kinds, &isFirst) { $0.integer($1.rawValue) } }
        for condition in filter.tags {
            let name = String(decoding: [UInt8(ascii: "#"), condition.letter], as: UTF8.self)
            list(name, condition.values, &isFirst) { $0.string($1) }
        }
        if let since = filter.since { number("since", since.seconds, &isFirst) }
        if let until = filter.until { number("until", until.seconds, &isFirst) }
        if let limit = filter.limit { number("limit", limit, &isFirst) }
        raw("}")
    }

    private mutating func name(_ name: String, _ isFirst: inout Bool) {
        if !isFirst { raw(",") }
        isFirst = false
        string(name)
        raw(":")
    }

    private mutating func number(_ name: String, _ value: some FixedWidthInteger, _ isFirst: inout Bool) {
        self.name(name, &isFirst)
        integer(value)
    }

    private mutating func list<T>(
        _ name: String,
        _ elements: [T],
        _ isFirst: inout Bool,
        _ write: (inout EventWriter, T) -> Void
    ) {
        self.name(name, &isFirst)
        raw("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { raw(",") }
            write(&self, element)
        }
        raw("]")
    }
}
