import BurrowBase
import BurrowNostr

/// A relay of a simulation: keeps events over its deaths, answers as real ones do, and misbehaves as it is told.
struct SimulatedRelay {
    /// What is wrong with a relay, in percent of the occasions.
    struct Faults {
        var isDead = false
        /// Milliseconds a message takes at most.
        var delay: Int64 = 50
        var repeatsEvents = 0
        var losesAnswers = 0
        var limitsRate = 0
        var sendsGarbage = 0
        var reorders = false
        var needsAuthentication = false
        /// Stored events in one answer at most.
        var page = 500
    }

    struct Connection {
        var subscriptions: [(name: String, filters: [Filter])] = []
        var challenge: String?
        var isAuthenticated = false
    }

    let faults: Faults
    var random: SeededRandom
    private(set) var stored: [Event] = []
    private(set) var connection: Connection?
    private var challenges = 0

    init(faults: Faults, seed: UInt64) {
        self.faults = faults
        random = SeededRandom(seed: seed)
    }

    mutating func chance(_ percent: Int) -> Bool {
        percent > 0 && Int.random(in: 0..<100, using: &random) < percent
    }

    mutating func connect() {
        connection = Connection()
    }

    mutating func disconnect() {
        connection = nil
    }

    /// An event has come from elsewhere; answers what the client is told.
    mutating func take(_ event: Event) -> [String] {
        guard !stored.contains(where: { $0.id == event.id }) else { return [] }
        stored.append(event)
        guard let connection else { return [] }
        var texts: [String] = []
        for subscription in connection.subscriptions
        where subscription.filters.contains(where: { $0.matches(event) }) {
            texts += self.texts(of: event, subscription.name)
        }
        return texts
    }

    private mutating func texts(of event: Event, _ name: String) -> [String] {
        let text = #"["EVENT","\#(name)",\#(String(decoding: event.json, as: UTF8.self))]"#
        var texts = chance(faults.repeatsEvents) ? [text, text] : [text]
        if chance(faults.sendsGarbage) { texts.append(garbage(event, name)) }
        return texts
    }

    private mutating func garbage(_ event: Event, _ name: String) -> String {
        let json = String(decoding: event.json, as: UTF8.self)
        return switch Int.random(in: 0..<5, using: &random) {
        case 0: "garbage"
        case 1: #"["EVENT","elsewhere",\#(json)]"#
        case 2: #"["EVENT","\#(name)",{"id":"x"}]"#
        case 3: #"["EOSE","elsewhere"]"#
        // The right event with another's content: its id is a lie.
        default: #"["EVENT","\#(name)",\#(json.replacing("\"content\":\"", with: "\"content\":\"forged "))]"#
        }
    }

    /// A message of the client; answers what it is told.
    mutating func received(_ bytes: [UInt8], now: UnixTime) -> [String] {
        guard connection != nil, let message = try? JSON.parse(bytes), let elements = message.arrayValue
        else { return [] }
        switch elements.first?.stringValue {
        case "EVENT": return publish(elements)
        case "REQ": return request(elements)
        case "CLOSE":
            let name = elements.dropFirst().first?.stringValue ?? ""
            connection?.subscriptions.removeAll { $0.name == name }
            return []
        case "AUTH": return authenticate(elements, now: now)
        default: return [#"["NOTICE","what?"]"#]
        }
    }

    private mutating func refusal() -> [String]? {
        guard faults.needsAuthentication, connection?.isAuthenticated == false else { return nil }
        challenges += 1
        connection?.challenge = "c\(challenges)"
        return [#"["AUTH","c\#(challenges)"]"#]
    }

    private mutating func publish(_ elements: [JSON]) -> [String] {
        guard let json = elements.dropFirst().first?.encoded, let event = try? Event(json: json) else {
            return []
        }
        let id = event.id.hex
        if let challenge = refusal() { return challenge + [#"["OK","\#(id)",false,"auth-required: who"]"#] }
        if chance(faults.limitsRate) { return [#"["OK","\#(id)",false,"rate-limited: slow down"]"#] }
        let isKnown = stored.contains { $0.id == event.id }
        let told = take(event)
        guard !chance(faults.losesAnswers) else { return told }
        return told + [#"["OK","\#(id)",\#(!isKnown),"\#(isKnown ? "duplicate: exists" : "")"]"#]
    }

    private mutating func request(_ elements: [JSON]) -> [String] {
        guard let name = elements.dropFirst().first?.stringValue else { return [] }
        if let challenge = refusal() { return challenge + [#"["CLOSED","\#(name)","auth-required: who"]"#] }
        if chance(faults.limitsRate) { return [#"["CLOSED","\#(name)","rate-limited: slow down"]"#] }
        let filters = elements.dropFirst(2).compactMap { $0.objectValue.flatMap { try? Filter($0) } }
        connection?.subscriptions.removeAll { $0.name == name }
        connection?.subscriptions.append((name, filters))
        let limit = min(faults.page, filters.compactMap(\.limit).max() ?? .max)
        var found = stored.filter { (event) in filters.contains { $0.matches(event) } }
        found.sort { $0.createdAt == $1.createdAt ? $0.id < $1.id : $0.createdAt > $1.createdAt }
        found = Array(found.prefix(limit))
        if faults.reorders { found.shuffle(using: &random) }
        var texts: [String] = []
        for event in found { texts += self.texts(of: event, name) }
        return texts + [#"["EOSE","\#(name)"]"#]
    }

    private mutating func authenticate(_ elements: [JSON], now: UnixTime) -> [String] {
        guard let json = elements.dropFirst().first?.encoded, let event = try? Event(json: json) else {
            return []
        }
        let isRight =
            event.tags.value(of: "challenge") == connection?.challenge
            && event.kind == .relayAuthentication && abs(event.createdAt - now) < 600
        if isRight { connection?.isAuthenticated = true }
        return [#"["OK","\#(event.id.hex)",\#(isRight),"\#(isRight ? "" : "auth-required: wrong")"]"#]
    }
}
