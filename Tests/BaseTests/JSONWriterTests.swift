import BurrowBase
import Testing

@Suite struct JSONWriterTests {
    @Test func compactText() {
        let text = JSONWriter.text { (writer) in
            writer.object { (writer) in
                writer.string("room", for: "name")
                writer.integer(UInt64.max, for: "bytes")
                writer.integer(Int64.min, for: "low")
                writer.bool(false, for: "open")
                writer.null(for: "none")
                writer.array(for: "list") { (writer) in
                    writer.double(0.5)
                    writer.object { _ in }
                    writer.array { _ in }
                    writer.string("x")
                }
                writer.object(for: "inner") { $0.integer(1, for: "a") }
                writer.integer(2, for: "last")
            }
        }
        #expect(
            text == #"{"name":"room","bytes":18446744073709551615,"low":-9223372036854775808,"open":false,"#
                + #""none":null,"list":[0.5,{},[],"x"],"inner":{"a":1},"last":2}"#
        )
    }

    @Test(arguments: [
        ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1f}\u{7f}", #""\u0000\u001f\u007f""#),
        ("é😀/", "\"é😀/\""),
    ])
    func escapes(text: String, expected: String) {
        #expect(JSONWriter.text { $0.string(text) } == expected)
    }

    @Test(arguments: [
        (0.0, "0.0"), (-1.25, "-1.25"), (1e300, "1e+300"), (.leastNonzeroMagnitude, "5e-324"),
        (.infinity, "null"), (.nan, "null"),
    ])
    func doubles(value: Double, expected: String) {
        #expect(JSONWriter.text { $0.double(value) } == expected)
    }

    @Test(arguments: [
        #"{"a":[1,-2,3.5,"x",null,true,{"b":{}}],"\u0001 \" é":"\\"}"#, "[]", "\"\"", "0.1", "1e+300",
    ])
    func whatWasWrittenReadsTheSame(text: String) throws {
        let value = try JSON.parse(Array(text.utf8))
        #expect(try JSON.parse(value.encoded) == value)
    }
}
