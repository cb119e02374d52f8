// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Strict base64url without padding (RFC 7515 section 2, RFC 4648 section 5).
package enum Base64URL {
    /// Decodes; `nil` for other characters, padding, white space, an impossible length, or unused bits that are not
    /// zero.
    ///
    /// Each byte sequence has exactly one accepted encoding, so the same token cannot be written in two ways.
    package static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        decode(text, values)
    }

    /// Decodes without padding.
    ///
    /// - Parameter values: The value of each byte (see ``values(of:)``).
    static func decode(_ text: ArraySlice<UInt8>, _ values: [UInt8]) -> [UInt8]? {
        let count = text.count
        let remainder = count % 4
        guard remainder != 1 else { return nil }
        let size = count / 4 * 3 + (remainder == 0 ? 0 : remainder - 1)
        // A zero-filled array is cheaper than an uninitialised one, for which the element type is looked up each time.
        var bytes = [UInt8](repeating: 0, count: size)
        let isValid = unsafe text.withUnsafeBufferPointer { input in
            unsafe values.withUnsafeBufferPointer { values in
                unsafe bytes.withUnsafeMutableBufferPointer { unsafe decode(input, values, into: $0) }
            }
        }
        return isValid ? bytes : nil
    }

    /// Writes `input.count * 3 / 4` bytes, the size of `output`; returns false when the text is not strict base64url.
    private static func decode(
        _ input: UnsafeBufferPointer<UInt8>,
        _ values: UnsafeBufferPointer<UInt8>,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        // The value of a valid character has its two high bits clear.
        var seen: UInt8 = 0
        var read = 0
        var written = 0
        while read + 4 <= input.count {
            let first = unsafe values[Int(input[read])]
            let second = unsafe values[Int(input[read + 1])]
            let third = unsafe values[Int(input[read + 2])]
            let fourth = unsafe values[Int(input[read + 3])]
            seen |= first | second | third | fourth
            unsafe output[written] = first << 2 | second >> 4
            unsafe output[written + 1] = second << 4 | third >> 2
            unsafe output[written + 2] = third << 6 | fourth
            read += 4
            written += 3
        }
        if read < input.count {
            let first = unsafe values[Int(input[read])]
            let second = unsafe values[Int(input[read + 1])]
            seen |= first | second
            unsafe output[written] = first << 2 | second >> 4
            if read + 2 < input.count {
                let third = unsafe values[Int(input[read + 2])]
                seen |= third
                unsafe output[written + 1] = second << 4 | third >> 2
                guard third & 0x03 == 0 else { return false }
            } else {
                guard second & 0x0F == 0 else { return false }
            }
        }
        return seen & 0xC0 == 0
    }

    /// Encodes without padding.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        encode(bytes, alphabet)
    }

    static func encode(_ bytes: some Sequence<UInt8>, _ alphabet: [UInt8]) -> String {
        var text: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(buffer >> bits & 0x3F)])
            }
        }
        if bits > 0 {
            text.append(alphabet[Int(buffer << (6 - bits) & 0x3F)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let invalid: UInt8 = 0xFF
    private static let values = values(of: alphabet)

    /// For each byte its index in the alphabet, or 255 for other bytes.
    static func values(of alphabet: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: invalid, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }
}
