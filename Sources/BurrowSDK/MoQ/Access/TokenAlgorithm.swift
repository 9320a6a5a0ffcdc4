/// The signature algorithms of tokens we know, by their JOSE names (RFC 7518 §3.1, RFC 8037 §3.1).
package enum TokenAlgorithm: String, Equatable, Sendable {
    case hs256 = "HS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"
}
