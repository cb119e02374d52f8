// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Explains what is wrong with a number in a hand-written file (RFC 8259 section 6).
enum JSONNumberSyntax {
    /// The message for a number; `nil` for a number that JSON allows and that is in range.
    static func fault(of number: ArraySlice<UInt8>) -> String? {
        var rest = number
        if rest.first == UInt8(ascii: "+") { return "a number must not begin with `+`" }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let whole = digits(&rest)
        if whole.isEmpty { return "a number begins with a digit; write `0.5`, not `.5`" }
        if whole.first == UInt8(ascii: "0"), whole.count > 1 {
            return "a number must not have a leading `0`"
        }
        var isInteger = true
        if rest.first == UInt8(ascii: ".") {
            isInteger = false
            rest = rest.dropFirst()
            guard !digits(&rest).isEmpty else { return "digits are missing after the decimal point of this number" }
        }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard !digits(&rest).isEmpty else { return "digits are missing in the exponent of this number" }
        }
        guard rest.isEmpty else {
            return "this is neither a number nor a string; numbers are decimal, strings are in double quotes"
        }
        let text = String(decoding: number, as: UTF8.self)
        let isInRange = isInteger ? Int64(text) != nil : Double(text)?.isFinite ?? false
        return isInRange ? nil : "this number is too large; an integer has at most 64 bits"
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(digits.count)
        return digits
    }
}
