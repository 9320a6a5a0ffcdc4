import BurrowBase
import Testing

@Suite struct JSONParsingTests {
    @Test(arguments: [
        ("null", JSON.null),
        (" true ", .bool(true)),
        ("-9223372036854775808", .integer(.min)),
        ("9223372036854775807", .integer(.max)),
        ("0.5", .double(0.5)),
        ("1e3", .double(1000)),
        (#""a\u00e9\n\ud83d\ude00""#, .string("aé\n😀")),
        ("[]", .array([])),
        ("[1,[2]]", .array([.integer(1), .array([.integer(2)])])),
    ])
    func values(text: String, expected: JSON) throws {
        #expect(try JSON.parse(Array(text.utf8)) == expected)
    }

    @Test func membersKeepTheirOrder() throws {
        let value = try JSON.parse(Array(#"{"z":1,"a":2,"m":{"k":null}}"#.utf8))
        let object = try #require(value.objectValue)
        #expect(object.members.map(\.key) == ["z", "a", "m"])
        #expect(object["m"]?.objectValue?["k"] == .null)
        #expect(object["q"] == nil)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "'a'", "01", "1.", "+1", "0x10", "NaN", "Infinity",
        "\"\\ud800\"", "\"\\u0000\"", "{\"a\\u0000\":1}", "\"\n\"", "\"\\q\"", "9223372036854775808", "1e999",
        "\u{feff}1", "[1]]", "{\"a\":1}}",
    ])
    func malformed(text: String) {
        expectCode(.malformed, text.utf8.map { $0 })
    }

    @Test(
        arguments: [
            [0xff], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x31, 0x00],
            [0x31, 0x00, 0x78],
        ] as [[UInt8]]
    )
    func bytesThatAreNotUTF8(bytes: [UInt8]) {
        expectCode(.malformed, bytes)
    }

    @Test func duplicateMember() {
        expectCode(.duplicateKey, Array(#"{"a":1,"a":2}"#.utf8))
        expectCode(.duplicateKey, Array(#"{"a":1,"\u0061":2}"#.utf8))
    }

    @Test func depthHasALimit() throws {
        func nested(_ depth: Int) -> [UInt8] {
            [UInt8](repeating: 0x5b, count: depth) + [UInt8](repeating: 0x5d, count: depth)
        }
        _ = try JSON.parse(nested(32))
        expectCode(.tooLarge, nested(33))
        expectCode(.tooLarge, [UInt8](repeating: 0x5b, count: 1 << 20))
        // Brackets inside strings are text.
        _ = try JSON.parse([0x22, 0x5c, 0x22] + [UInt8](repeating: 0x5b, count: 100) + [0x22])
    }

    @Test func sizeHasALimit() {
        let text = Array("\"\(String(repeating: "a", count: 64))\"".utf8)
        #expect(throws: JSONError.self) { try JSON.parse(text, limits: JSON.Limits(bytes: 65)) }
        #expect(throws: Never.self) { try JSON.parse(text, limits: JSON.Limits(bytes: 66)) }
    }

    @Test func errorsDoNotQuoteTheText() {
        let error = #expect(throws: JSONError.self) { try JSON.parse(Array(#"{"token": secretvalue}"#.utf8)) }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains("byte") == true)
    }

    @Test func typedMembers() throws {
        let object = try #require(
            try JSON.parse(Array(#"{"s":"x","i":3,"d":1.5,"b":true,"n":null,"a":[1],"o":{}}"#.utf8))
                .objectValue
        )
        #expect(try object.string("s") == "x")
        #expect(try object.integer("i") == 3)
        #expect(try object.double("i") == 3)
        #expect(try object.double("d") == 1.5)
        #expect(try object.bool("b"))
        #expect(try object.array("a").count == 1)
        #expect(try object.object("o").members.isEmpty)
        #expect(try object.optionalString("n") == nil)
        #expect(try object.optionalInteger("absent") == nil)
        #expect(throws: JSONError(.missing, "member \"n\" is missing")) { try object.string("n") }
        #expect(throws: JSONError(.missing, "member \"q\" is missing")) { try object.integer("q") }
        #expect(throws: JSONError(.wrongType, "member \"s\" is not an integer")) { try object.integer("s") }
        #expect(throws: JSONError(.wrongType, "member \"d\" is not an integer")) {
            try object.optionalInteger("d")
        }
        #expect(throws: JSONError(.wrongType, "member \"i\" is not a string")) {
            try object.optionalString("i")
        }
    }

    private func expectCode(_ code: JSONError.Code, _ bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(bytes) }
        #expect(error?.code == code)
    }
}
