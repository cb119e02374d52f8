// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON

/// Base64url: every byte string has exactly one text.
struct Base64URLTarget: FuzzTarget {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    static func seeds() throws -> [[UInt8]] {
        let parts = try Seeds.tokens().flatMap { $0.split(separator: UInt8(ascii: ".")).map(Array.init) }
        return parts.filter { $0.count <= 512 } + ["", "AA", "AB", "AAA", "AAB", "AAAA", "A", "AA=="].map { Array($0) }
    }

    func check(_ input: [UInt8]) {
        let encoded = Base64URL.encode(input)
        promise(Base64URL.decode(Array(encoded)[...]) == input, "what was encoded is decoded")
        let decoded = Base64URL.decode(input[...])
        // A slice that does not begin at index zero, like every part of a token but the first.
        let sliced = Base64URL.decode((Array("..") + input + Array("A")).dropFirst(2).dropLast())
        promise(sliced == decoded, "it does not matter where the text stands")
        promise(decoded == Self.decoded(input), "it is what the RFC says")
        if let decoded { promise(Base64URL.encode(decoded).utf8.elementsEqual(input), "bytes have one text") }
        if let padded = Base64.decode(String(decoding: input, as: UTF8.self)) {
            promise(Base64.encode(padded).utf8.elementsEqual(input), "so they have with padding")
        }
    }

    /// A second decoder, which works bit by bit.
    private static func decoded(_ text: [UInt8]) -> [UInt8]? {
        let values = text.compactMap(alphabet.firstIndex)
        guard values.count == text.count, text.count % 4 != 1 else { return nil }
        let bits = values.flatMap { value in (0..<6).map { value >> (5 - $0) & 1 } }
        let used = bits.count / 8 * 8
        guard bits[used...].allSatisfy({ $0 == 0 }) else { return nil }
        return stride(from: 0, to: used, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | UInt8($1) }
        }
    }
}
