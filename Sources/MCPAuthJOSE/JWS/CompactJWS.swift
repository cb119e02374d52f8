// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// A token in JWS Compact Serialization (RFC 7515 section 3.1), decoded but not verified.
package struct CompactJWS: Sendable {
    /// Why a token is not an acceptable JWS.
    package enum Malformed: String, Error, Sendable {
        /// The token does not have three parts, so it is not a JWS.
        case notThreeParts
        /// The token has five parts and a header with `enc`, so it is encrypted (RFC 7516 section 3.1).
        case encrypted
        /// The first part is not base64url of a JSON object, so the token is not a JWS.
        case headerNotJSON
        /// `alg` is absent, or a header parameter has a wrong type or length.
        case invalidHeaderParameter
        /// `crit` or `b64` is present.
        case criticalExtension
        /// The payload or signature is not strict base64url, or the signature is empty.
        case invalidEncoding
    }

    package let header: JOSEHeader
    /// Whether the header came from `knownHeader` and was not parsed.
    package let hasKnownHeader: Bool
    /// The JWS Payload, decoded.
    package let payload: [UInt8]
    /// The JWS Signature, decoded; never empty.
    package let signature: [UInt8]
    private let token: [UInt8]
    private let headerLength: Int
    private let signingInputLength: Int

    /// Splits a token and decodes its parts.
    ///
    /// Dots are counted before anything is decoded, so a token with many dots costs one pass.
    ///
    /// - Parameter knownHeader: Returns the header for the first part of a token if it was parsed before.
    package init(
        parsing token: [UInt8],
        knownHeader: (ArraySlice<UInt8>) -> JOSEHeader? = { _ in nil }
    ) throws(Malformed) {
        let dot = UInt8(ascii: ".")
        guard let first = token.index(of: dot, from: 0), let second = token.index(of: dot, from: first + 1),
            token.index(of: dot, from: second + 1) == nil
        else { throw Self.isEncrypted(token) ? .encrypted : .notThreeParts }
        if let header = knownHeader(token[..<first]) {
            self.header = header
            hasKnownHeader = true
        } else {
            guard let headerBytes = Base64URL.decode(token[..<first]) else { throw .headerNotJSON }
            header = try JOSEHeader(parsing: headerBytes)
            hasKnownHeader = false
        }
        guard let payload = Base64URL.decode(token[(first + 1)..<second]),
            let signature = Base64URL.decode(token[(second + 1)...]),
            !signature.isEmpty
        else { throw .invalidEncoding }
        self.payload = payload
        self.signature = signature
        self.token = token
        headerLength = first
        signingInputLength = second
    }

    /// Whether a token has the form of a JWE in Compact Serialization; stops at the fifth dot.
    private static func isEncrypted(_ token: [UInt8]) -> Bool {
        var dots: [Int] = []
        var start = 0
        while dots.count < 5, let dot = token.index(of: UInt8(ascii: "."), from: start) {
            dots.append(dot)
            start = dot + 1
        }
        guard dots.count == 4, let header = Base64URL.decode(token[..<dots[0]]),
            let root = try? JSONDocument(parsing: header, limits: .token).root
        else { return false }
        return root["enc"]?.string != nil
    }

    /// The JWS Signing Input: the bytes that are signed.
    package var signingInput: ArraySlice<UInt8> {
        token[..<signingInputLength]
    }

    /// The header in base64url, as in the token.
    package var headerText: ArraySlice<UInt8> {
        token[..<headerLength]
    }

    /// Whether `key` made the signature, with `algorithm`, over the signing input.
    package func isSigned(by key: PublicKey, using algorithm: SignatureAlgorithm) -> Bool {
        key.verifies(signature, over: signingInput, using: algorithm)
    }
}
