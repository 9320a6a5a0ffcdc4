package import BurrowBase

/// Where a client comes from, as far as one machine can choose it: an IPv4 address, or the /64 of an IPv6 address.
package struct AddressOrigin: Hashable {
    private let high: UInt64
    private let low: UInt64

    package init(_ ip: SocketAddress.IP) {
        switch ip {
        case .v4(let bits): (high, low) = (0, 0xffff_0000_0000 | UInt64(bits))
        // IPv4 in the clothes of IPv6 (RFC 4291 §2.5.5.2).
        case .v6(0, let bits, scope: _) where bits >> 32 == 0xffff: (high, low) = (0, bits)
        case .v6(let bits, _, scope: _): (high, low) = (bits, 0)
        }
    }
}

/// How many connections come from where.
struct AddressTally {
    struct Count: Equatable {
        /// Those that are ending included.
        var connections = 0
        /// Those among them whose handshake is not complete.
        var handshakes = 0
    }

    private var counts: [AddressOrigin: Count] = [:]

    subscript(_ origin: AddressOrigin) -> Count { counts[origin] ?? Count() }

    mutating func begin(_ origin: AddressOrigin) {
        counts[origin, default: Count()].connections += 1
        counts[origin, default: Count()].handshakes += 1
    }

    mutating func endHandshake(_ origin: AddressOrigin) {
        counts[origin, default: Count()].handshakes -= 1
    }

    mutating func leave(_ origin: AddressOrigin) {
        counts[origin, default: Count()].connections -= 1
        if self[origin].connections <= 0 { counts[origin] = nil }
    }
}
