import BurrowBase
import BurrowCrypto
import BurrowMarmot
import BurrowNostr

/// Groups whose identity's key is elsewhere: what has to be signed or wrapped is stored as it is, and becomes an event once
/// the host has answered.
extension IdentityKeeper {
    /// Asks for what is next in the line, as far as that may be asked at once.
    func advanceKeys() {
        while let item = line.next() {
            switch item {
            case .draft(let number): ask(draft: number)
            case .wrap(let event, let attempt): ask(event, attempt: attempt)
            }
        }
    }

    private func ask(draft number: UInt64) {
        guard let draft = mail.unsigned.first(where: { $0.number == number }) else {
            return line.ended(isAnswered: true)
        }
        do throws(EngineError) {
            let task = try translated { () throws(NostrError) in try draft.task() }
            // Since it was stored the key may have come here.
            guard case .event(let event) = try host.begin(task, for: .draft(number)) else { return }
            line.ended(isAnswered: true)
            made(event, of: number)
        } catch {
            line.ended(isAnswered: true)
            giveUp(draft: number, error)
        }
    }

    private func ask(_ event: Event, attempt: Int) {
        do throws(EngineError) {
            let unwrapping = try translated { () throws(NostrError) in
                try Unwrapping(event, recipient: publicKey)
            }
            try host.ask(.opening(unwrapping), for: .invitation(event, attempt: attempt))
        } catch {
            line.ended(isAnswered: true)
            loop.refuse(event.id, error, subject: host.handle)
        }
    }

    /// What became of something that was asked.
    func keyUsed(_ use: KeyUse, _ result: Result<KeyTask.Product, EngineError>) {
        // Calls do not wait in the line.
        if case .signal(let number) = use { return calls.keyUsed(number, result) }
        var isTimeout = false
        if case .failure(let error) = result { isTimeout = error.code == .timeout }
        line.ended(isAnswered: !isTimeout)
        switch (use, result) {
        case (.draft(let number), .success(.event(let event))): made(event, of: number)
        case (.draft(let number), .failure(let error)):
            let isInvitation = mail.unsigned.contains { $0.number == number && $0.recipient != nil }
            if isTimeout, isInvitation {
                // Who is in a group has to be told, however long that takes.
                line.append(number)
            } else {
                giveUp(draft: number, error)
            }
        case (.invitation(let event, _), .success(.rumor(let rumor))): opened(event, rumor)
        case (.invitation(let event, let attempt), .failure(let error)):
            if isTimeout, attempt < KeyLine.wrapAttempts {
                wait(for: event, attempt: attempt + 1)
            } else {
                loop.refuse(event.id, error, subject: host.handle)
            }
        default: break
        }
    }

    func wait(for event: Event, attempt: Int = 1) {
        guard let dropped = line.append(event, attempt: attempt) else { return }
        let error = EngineError(.timeout, "the holder of the key does not answer")
        loop.refuse(dropped.id, error, subject: host.handle)
    }

    /// A draft has become an event, which takes its place in the file.
    private func made(_ event: Event, of number: UInt64) {
        var mail = mail
        var batch = mail.owed
        mail.settle()
        guard let draft = mail.settleDraft(number, in: &batch) else { return }
        let out = mail.send(event, draft.relays, into: &batch)
        do throws(EngineError) {
            try commit(batch)
            self.mail = mail
            if let out { publish(out) }
            endRequest(of: number, nil)
        } catch {
            // It stays in the file, and is asked for again when that is opened the next time.
            endRequest(of: number, error)
            loop.refuse(draft.rumor.id, error, subject: host.handle)
        }
    }

    private func giveUp(draft number: UInt64, _ error: EngineError) {
        var batch = RecordBatch()
        guard let draft = mail.settleDraft(number, in: &batch) else { return }
        try? commit(batch)
        loop.refuse(draft.rumor.id, error, subject: host.handle)
        endRequest(of: number, error)
    }

    // MARK: Requests

    /// Lets a request wait for all drafts since `number`, if there are any.
    func await(draftsSince number: UInt64, _ request: UInt64) -> Bool {
        let drafts = mail.unsigned.filter { $0.number > number }.map(\.number)
        guard !drafts.isEmpty else { return false }
        keyRequests[request] = drafts
        return true
    }

    /// A request ends with its last draft, or with the first that fails.
    private func endRequest(of draft: UInt64, _ error: EngineError?) {
        guard
            let request = keyRequests.keys.sorted().first(where: { keyRequests[$0]?.contains(draft) == true })
        else { return }
        keyRequests[request]?.removeAll { $0 == draft }
        guard error != nil || keyRequests[request]?.isEmpty == true else { return }
        keyRequests[request] = nil
        loop.complete(request, host.handle, error)
    }
}
