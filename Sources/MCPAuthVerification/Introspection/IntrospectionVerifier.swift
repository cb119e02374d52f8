// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Verifies a token by asking its issuer (RFC 7662).
///
/// Only literal `active: true` is genuine. A response that names another issuer or a kind of token that is no access
/// token is rejected. Whatever keeps the issuer from answering, our own credentials included, is *unavailable*: never
/// an invalid token. Time, audience and scopes of the response are checked by the floor rules.
package struct IntrospectionVerifier: TokenVerifier {
    /// Where the introspection endpoint is.
    package enum Endpoint: Sendable {
        case url(HTTPURL)
        /// The `introspection_endpoint` of the issuer's metadata.
        case discovered(IssuerDirectory, FetchRequest.Provenance)
    }

    package let name: String
    private let issuer: IssuerIdentifier
    private let endpoint: Endpoint
    private let authorization: String
    private let tokenPrefix: [UInt8]
    private let fetcher: any HTTPFetcher

    /// - Parameter tokenPrefix: Only tokens that begin so are shown to this issuer; empty for all.
    package init(
        issuer: IssuerIdentifier,
        endpoint: Endpoint,
        clientID: String,
        clientSecret: [UInt8],
        tokenPrefix: String = "",
        fetcher: any HTTPFetcher
    ) {
        name = "introspection \(issuer)"
        self.issuer = issuer
        self.endpoint = endpoint
        // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
        let credentials = Self.formEncoded(Array(clientID.utf8)) + ":" + Self.formEncoded(clientSecret)
        authorization = "Basic " + Base64.encode(Array(credentials.utf8))
        self.tokenPrefix = Array(tokenPrefix.utf8)
        self.fetcher = fetcher
    }

    package func verify(_ token: AccessToken, now: NumericDate) async -> VerifierAnswer {
        guard token.bytes.starts(with: tokenPrefix) else { return .notMine(.unrecognizedToken) }
        guard !namesAnotherIssuer(token) else { return .notMine(.untrustedIssuer) }
        guard let (url, provenance) = await endpointURL(now: now) else { return Self.outage }
        let request = FetchRequest(
            url: url,
            provenance: provenance,
            authorization: authorization,
            form: Array("token=\(Self.formEncoded(token.bytes))&token_type_hint=access_token".utf8),
            maximumBytes: 64 * 1024
        )
        guard let response = try? await fetcher.fetch(request), response.status == 200,
            let answer = try? JSONDocument(parsing: response.body, limits: .fetched).root, answer.kind == .object
        else { return Self.outage }
        guard answer["active"]?.boolean == true else { return .rejected(.inactiveToken) }
        if let named = answer["iss"], !named.isString(issuer.description) { return .rejected(.untrustedIssuer) }
        guard isAccessToken(answer) else { return .rejected(.wrongTokenType) }
        return .verified(TokenEvidence(issuer: issuer, claims: answer))
    }

    private static let outage = VerifierAnswer.unavailable(.issuerUnavailable, retryAfter: 5)

    /// A signed token of someone else is never shown to this issuer.
    private func namesAnotherIssuer(_ token: AccessToken) -> Bool {
        guard let jws = try? CompactJWS(parsing: token.bytes),
            let claims = try? JSONDocument(parsing: jws.payload, limits: .token).root
        else { return false }
        return claims["iss"].map { !$0.isString(issuer.description) } ?? false
    }

    private func endpointURL(now: NumericDate) async -> (HTTPURL, FetchRequest.Provenance)? {
        switch endpoint {
        case .url(let url): return (url, .configured)
        case .discovered(let directory, let provenance):
            return await directory.metadata(now: now)?.url("introspection_endpoint").map { ($0, provenance) }
        }
    }

    /// Issuers report refresh and ID tokens as active too; `token_type` tells them apart where it is sent.
    private func isAccessToken(_ answer: JSONValue) -> Bool {
        guard let type = answer["token_type"] else { return true }
        return type.string.map { ["bearer", "dpop", "access_token"].contains($0.lowercased()) } ?? false
    }

    /// The `application/x-www-form-urlencoded` form of bytes; what is not unreserved is percent-encoded.
    private static func formEncoded(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                text.append(byte)
            default:
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
