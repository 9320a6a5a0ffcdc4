import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

@Suite(.enabled(if: Vectors.exist, Vectors.absence)) struct CodecVectorTests {
    @Test func vectorLengths() throws {
        let cases = try Vectors.load("deserialization")
        for entry in cases {
            let header = try entry.bytes("vlbytes_header")
            var reader = ByteReader(header.span)
            let length = try Wire.lengthPrefix(&reader)
            #expect(length == (try entry.integer("length")))
            let isAtEnd = reader.isAtEnd
            #expect(isAtEnd)
        }
        print("vectors deserialization: \(cases.count)")
        #expect(cases.count == 14)
    }

    private func roundTrip<T: WireValue>(_ type: T.Type, _ entry: Case, _ key: String) throws {
        let bytes = try entry.bytes(key)
        do {
            let value = try T(decoding: bytes)
            #expect(value.encoded == bytes, "\(key)")
        } catch {
            Issue.record("\(key): \(error)")
        }
    }

    /// A proposal without its type, as this file has them.
    private func proposal(_ type: UInt16, _ entry: Case, _ key: String) throws {
        let bytes = [UInt8(type >> 8), UInt8(type & 0xff)] + (try entry.bytes(key))
        do {
            let value = try Proposal(decoding: bytes)
            #expect(value.encoded == bytes, "\(key)")
        } catch {
            Issue.record("\(key): \(error)")
        }
    }

    @Test func messages() throws {
        let cases = try Vectors.load("messages")
        let suite = CipherSuite(.x25519AES128GCM)
        for entry in cases {
            for key in [
                "mls_welcome", "mls_group_info", "mls_key_package", "public_message_application",
                "public_message_proposal", "public_message_commit", "private_message",
            ] {
                try roundTrip(MLSMessage.self, entry, key)
            }
            let tree = try entry.bytes("ratchet_tree")
            #expect(try RatchetTree(decoding: tree, suite: suite).encoded == tree)
            let secrets = try entry.bytes("group_secrets")
            let decoded = try GroupSecrets(decoding: suite.secret(secrets), suite: suite)
            #expect(try decoded.encoded(suite).copied() == secrets)
            try proposal(1, entry, "add_proposal")
            try proposal(2, entry, "update_proposal")
            try proposal(3, entry, "remove_proposal")
            try proposal(4, entry, "pre_shared_key_proposal")
            try proposal(5, entry, "re_init_proposal")
            try proposal(6, entry, "external_init_proposal")
            try proposal(7, entry, "group_context_extensions_proposal")
            try roundTrip(Commit.self, entry, "commit")
        }
        print("vectors messages: \(cases.count) cases of 17 structures")
        #expect(cases.count == 100)
    }

    @Test func treeMath() throws {
        let cases = try Vectors.load("tree-math")
        for entry in cases {
            let leaves = UInt32(try entry.integer("n_leaves"))
            #expect(TreeMath.width(leaves: leaves) == UInt32(try entry.integer("n_nodes")))
            #expect(TreeMath.root(leaves: leaves) == UInt32(try entry.integer("root")))
            func check(_ key: String, _ f: (UInt32) -> UInt32?) throws {
                for (node, expected) in try entry.object.array(key).enumerated() {
                    #expect(f(UInt32(node)).map { Int64($0) } == expected.integerValue, "\(key) of \(node)")
                }
            }
            try check("left") { TreeMath.left($0) }
            try check("right") { TreeMath.right($0) }
            try check("parent") { TreeMath.parent($0, leaves: leaves) }
            try check("sibling") { TreeMath.sibling($0, leaves: leaves) }
        }
        print("vectors tree-math: \(cases.count)")
        #expect(cases.count == 10)
    }
}
