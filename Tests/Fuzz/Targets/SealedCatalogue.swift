import BurrowBase
import BurrowCrypto
import FuzzHarness

/// A sealed catalogue that is read means the same when it is written and read again.
enum SealedCatalogueTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let catalogue = try? SealedCatalogue.parse(input.span) else { return }
            guard let again = try? SealedCatalogue.parse(catalogue.encoded.span) else {
                return require(false, "what was written cannot be read")
            }
            require(again == catalogue, "read differently the second time")
        }
    }
}
