// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuthJSON

/// Joins a JWT or JWE from the lines that it was broken into, and knows whether it is complete.
struct TokenPieces {
    /// The minimum length of a line that was broken because it was full, in bytes.
    static let fullLine = 60
    /// The minimum length of a line that can be a piece of a token, in bytes.
    private static let shortestLine = 16

    private(set) var bytes: [UInt8] = []
    private var dots = 0
    /// Where the last part begins.
    private var lastPart = 0
    /// What the header tells about the other parts; `nil` until the header is complete.
    private var form: Form?

    mutating func append(_ piece: ArraySlice<UInt8>) {
        for byte in piece {
            bytes.append(byte)
            guard byte == UInt8(ascii: ".") else { continue }
            if dots == 0 { form = Form(header: bytes.dropLast()) }
            dots += 1
            lastPart = bytes.count
        }
    }

    /// Whether a line that could continue the token does so.
    ///
    /// Once the token has all its parts, the next word of the text must not be added to it. The header tells how long a
    /// complete signature is.
    ///
    /// - Parameters:
    ///   - width: The length of the previous line, in bytes.
    ///   - next: The length of this line, in bytes.
    ///   - beginsToken: Whether this line looks like the beginning of a token.
    func goesOn(afterLineOf width: Int, with next: Int, beginsToken: Bool) -> Bool {
        guard let form, dots >= form.dots else { return true }
        guard !beginsToken else { return false }
        let isFull = width >= Self.fullLine
        guard form.lengths.contains(bytes.count - lastPart) else {
            return isFull || (width >= Self.shortestLine && next <= width)
        }
        // Keys of several sizes make signatures of several lengths, and this may be the beginning of a longer one.
        return form.lengths.count > 1 && isFull && next >= 32
    }

    private struct Form {
        /// The number of dots in a complete token.
        let dots: Int
        /// The possible lengths of the signature or authentication tag, in base64url characters.
        let lengths: Set<Int>

        init(header: ArraySlice<UInt8>) {
            let text = Base64URL.decode(header) ?? []
            let root = try? JSONDocument(parsing: text, limits: .token).root
            let isEncrypted = root?["enc"] != nil
            dots = isEncrypted ? 4 : 2
            let sizes = isEncrypted ? [16, 24, 32] : Self.signatureSizes(root?["alg"]?.string)
            lengths = Set(sizes.map { ($0 * 4 + 2) / 3 })
        }

        /// In bytes (RFC 7518 section 3, RFC 8037 section 3.1).
        private static func signatureSizes(_ algorithm: String?) -> [Int] {
            switch algorithm ?? "" {
            case "none": [0]
            case "HS256": [32]
            case "HS384": [48]
            case "HS512", "ES256", "ES256K", "Ed25519": [64]
            case "ES384": [96]
            case "ES512": [132]
            case "EdDSA": [64, 114]
            case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512": [128, 256, 384, 512]
            default: [16, 32, 48, 64, 96, 128, 132, 256, 384, 512]
            }
        }
    }
}
#endif
