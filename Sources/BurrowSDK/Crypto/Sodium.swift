internal import CSodium

/// Access to libsodium, which wants to be initialised before anything else of it is used.
enum Sodium {
    private static let isReady = sodium_init() >= 0

    static func require() throws(CryptoError) {
        guard isReady else { throw CryptoError(.failure, "libsodium could not be initialised") }
    }
}
