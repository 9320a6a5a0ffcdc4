import BurrowBase
package import BurrowNostr

extension CallSignal {
    /// Reads a rumor of one of the kinds of calls (burrow-signalling §4). `nil` for those that mean nothing any more;
    /// throws when it is no signal. Members nobody knows are ignored, members of the wrong type are as absent; an object
    /// that names a member twice is refused.
    package static func read(_ rumor: Rumor) throws(CallError) -> CallSignal? {
        guard rumor.content.utf8.count <= CallLimits.contentBytes else {
            throw CallError(.malformed, "signal is longer than \(CallLimits.contentBytes) bytes")
        }
        switch rumor.kind {
        case .callOffer: return try offer(rumor)
        case .callEnd: return try end(rumor)
        case .callUpdate: return try update(rumor)
        default: return nil
        }
    }

    /// The signal that some clients put into a message of a group as text; `nil` when it is a message like any other.
    package static func nested(in message: Rumor) -> Rumor? {
        guard message.kind == EventKind(1), message.content.utf8.first == UInt8(ascii: "{"),
            message.content.utf8.count <= NostrLimits.eventBytes,
            let rumor = try? Rumor(json: Array(message.content.utf8)), rumor.kind.isOfCalls,
            rumor.publicKey == message.publicKey
        else { return nil }
        return rumor
    }

    // MARK: Kinds

    private static func offer(_ rumor: Rumor) throws(CallError) -> CallSignal {
        let media = CallMedia(lenient: rumor.tags.value(of: "call-type"))
        // The first clients put the session description there as it was.
        if rumor.content.utf8.starts(with: "v=0".utf8) {
            return CallSignal(try id(rumor, nil), .legacyOffer(media))
        }
        let object = try object(rumor)
        let call = try id(rumor, object)
        guard let relay = object["moq_relay"]?.stringValue else {
            guard object["sdp"]?.stringValue != nil else {
                throw CallError(.malformed, "offer names no relay")
            }
            return CallSignal(call, .legacyOffer(media))
        }
        guard let url = url(relay) else { throw CallError(.malformed, "offer's relay is no URL") }
        guard let room = object["room"]?.stringValue, let path = object["broadcast_path"]?.stringValue,
            let place = RoomPath(room: room, path: path)
        else { throw CallError(.malformed, "offer has no room and path") }
        let type = object["call_type"]?.stringValue ?? rumor.tags.value(of: "call-type")
        var offer = CallOffer(media: CallMedia(lenient: type), relays: [url], room: place, path: path)
        for other in object["relays"]?.arrayValue?.prefix(CallLimits.offeredRelays) ?? [] {
            guard let url = other.stringValue.flatMap({ self.url($0) }), !offer.relays.contains(url),
                offer.relays.count < CallLimits.offeredRelays
            else { continue }
            offer.relays.append(url)
        }
        offer.device = device(object)
        offer.epoch = epoch(object)
        offer.protection = object["e2ee"]?.stringValue
        offer.capabilities = capabilities(object)
        offer.rings = object["ring"]?.boolValue ?? true
        offer.startedAt = object["started_at"]?.integerValue.map { UnixTime($0) }
        return CallSignal(call, .offer(offer))
    }

    private static func end(_ rumor: Rumor) throws(CallError) -> CallSignal {
        guard rumor.content.utf8.first == UInt8(ascii: "{") else {
            var end = CallEnd(CallEndReason(signalled: rumor.content))
            end.text = kept(rumor.content, as: end.reason)
            return CallSignal(try id(rumor, nil), .end(end))
        }
        let object = try object(rumor)
        let reason = object["reason"]?.stringValue ?? ""
        var end = CallEnd(CallEndReason(signalled: reason))
        end.text = kept(reason, as: end.reason)
        end.scope = object["scope"]?.stringValue.flatMap { CallEnd.Scope(rawValue: $0) }
        end.device = device(object)
        end.successor = object["superseded_by"]?.stringValue.flatMap { CallID($0) }
        end.duration = object["duration"]?.integerValue.flatMap { $0 >= 0 ? $0 : nil }
        return CallSignal(try id(rumor, object), .end(end))
    }

    private static func update(_ rumor: Rumor) throws(CallError) -> CallSignal {
        let object = try object(rumor)
        var update = CallUpdate(
            object["state"]?.stringValue.flatMap { CallUpdate.Progress(rawValue: $0) }
        )
        update.isMuted = object["is_muted"]?.boolValue
        update.hasVideo = object["is_video_enabled"]?.boolValue
        update.path = object["broadcast_path"]?.stringValue
        update.relay = object["moq_relay"]?.stringValue.flatMap { url($0) }
        update.media = object["call_type"]?.stringValue.map { CallMedia(lenient: $0) }
        update.sequence = object["seq"]?.integerValue
        update.device = device(object)
        update.epoch = epoch(object)
        update.capabilities = capabilities(object)
        return CallSignal(try id(rumor, object), .update(update))
    }

    // MARK: Members

    private static func object(_ rumor: Rumor) throws(CallError) -> JSON.Object {
        let limits = JSON.Limits(bytes: CallLimits.contentBytes, depth: CallLimits.contentDepth)
        do throws(JSONError) {
            guard case .object(let object) = try JSON.parse(Array(rumor.content.utf8), limits: limits) else {
                throw JSONError(.wrongType, "signal is no JSON object")
            }
            return object
        } catch {
            throw CallError(.malformed, error.context)
        }
    }

    /// The call's id stands in a tag, in the content, or in both; then they must be the same.
    private static func id(_ rumor: Rumor, _ object: JSON.Object?) throws(CallError) -> CallID {
        var found: CallID?
        let member = object?["call_id"]?.stringValue
        let tags = rumor.tags.named("call-id").map { $0.value ?? "" }
        for text in (member.map { [$0] } ?? []) + tags {
            guard let id = CallID(text) else { throw CallError(.malformed, "call id is not one") }
            guard found == nil || found == id else {
                throw CallError(.malformed, "tag and content have different call ids")
            }
            found = id
        }
        guard let found else { throw CallError(.malformed, "signal has no call id") }
        return found
    }

    private static func url(_ text: String) -> ServerURL? {
        // Whether a relay is acceptable is decided where offers are judged; here it only has to be a URL.
        var policy = ServerURL.Policy.ownMedia
        policy.assumedScheme = nil
        return (try? ServerURL(text, policy: policy))?.withoutToken
    }

    private static func device(_ object: JSON.Object) -> DeviceID? {
        object["device"]?.stringValue.flatMap { DeviceID($0) }
    }

    private static func epoch(_ object: JSON.Object) -> UInt64? {
        object["epoch"]?.integerValue.flatMap { UInt64(exactly: $0) }
    }

    private static func capabilities(_ object: JSON.Object) -> [String] {
        let texts = object["caps"]?.arrayValue?.compactMap(\.stringValue) ?? []
        return Array(
            texts.filter { $0.utf8.count <= CallLimits.capabilityBytes }.prefix(CallLimits.capabilities)
        )
    }

    /// A reason nobody knows, if it is short and one line.
    private static func kept(_ text: String, as reason: CallEndReason) -> String? {
        guard reason == .unknown, !text.isEmpty, text.utf8.count <= CallLimits.reasonBytes,
            text != reason.rawValue, text.utf8.allSatisfy({ $0 >= 0x20 })
        else { return nil }
        return text
    }
}
