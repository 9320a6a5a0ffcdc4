import BurrowBase

/// Another token for a room that is open: a second connection is made with it, and only when that stands, the first one is
/// left.
extension Room {
    /// For how long what is under way on the connection of before is still taken, and others may go on reading there.
    static let leaveGrace = Interval.seconds(1)

    /// Goes on with another token. `request` completes when the relay has taken it, or will not.
    func renew(_ url: RelayURL, _ request: RequestID, now: Instant) {
        completeRenewal(MoQError(.cancelled, "a newer token has come"))
        guard url.isSamePlace(as: configuration.url) else {
            return services.complete(
                request,
                MoQError(.invalidArgument, "the token is for another relay or path")
            )
        }
        configuration.url = url
        renewalRequest = request
        renewalBackoff.reset()
        if let successor {
            self.successor = nil
            attempts.removeAll { $0 === successor }
            drop(successor, now: now)
        }
        switch phase {
        case .connected(let attempt) where attempt.url == url: completeRenewal(nil)
        case .connected: beginRenewal(now: now)
        // It comes with the next connection, or behind the one that is being made.
        case .resolving, .racing, .pausing: break
        case .closed: completeRenewal(MoQError(.closed, "room is closed"))
        }
    }

    func beginRenewal(now: Instant) {
        guard case .connected(let current) = phase, successor == nil else { return }
        let attempt = Attempt(room: self, socket: services.newSocket(), address: current.address)
        successor = attempt
        attempts.append(attempt)
        renewalDeadline = now + configuration.connectTimeout
        services.perform(.openSocket(attempt.socket, toward: attempt.address))
    }

    /// The connection with the new token stands and takes the place of the other.
    func renewed(_ attempt: Attempt, _ session: Session, now: Instant) {
        guard case .connected(let old) = phase else { return }
        successor = nil
        renewalDeadline = .distantFuture
        phase = .connected(attempt)
        attempts = [attempt]
        leaving.append((old, now + Self.leaveGrace))
        ask(session, now: now)
        for subscription in subscriptions.values { subscription.followAgain(session, self, now: now) }
        completeRenewal(nil)
    }

    /// The relay does not take the new token, or could not be asked.
    func renewalFailed(_ error: MoQError, now: Instant) {
        successor = nil
        renewalDeadline = .distantFuture
        guard case .connected(let current) = phase, let url = current.url else { return }
        if error.isTransient {
            renewalDeadline = now + services.pause(&renewalBackoff)
        } else {
            // The present one is better than none.
            configuration.url = url
            services.tell(.note("relay refuses the new token: \(error.context)"))
            completeRenewal(error)
        }
    }

    func completeRenewal(_ error: MoQError?) {
        services.complete(renewalRequest, error)
        renewalRequest = RequestID(rawValue: 0)
    }

    func handleRenewalTimers(now: Instant) {
        while let first = leaving.first, first.until <= now {
            leaving.removeFirst()
            drop(first.attempt, now: now)
        }
        guard renewalDeadline <= now else { return }
        renewalDeadline = .distantFuture
        if let successor {
            attempts.removeAll { $0 === successor }
            drop(successor, now: now)
            renewalFailed(MoQError(.timeout, "no connection with the new token"), now: now)
        } else {
            beginRenewal(now: now)
        }
    }

    /// A connection that was to be left has ended before.
    func left(_ attempt: Attempt, now: Instant) {
        guard leaving.contains(where: { $0.attempt === attempt }) else { return }
        leaving.removeAll { $0.attempt === attempt }
        drop(attempt, now: now)
    }
}
