// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// The marks that distinguish ID, refresh, logout and other tokens from access tokens.
///
/// They are checked for the tokens of all verifiers. Issuers sign tokens of other kinds with the same keys and report
/// them as active, so a genuine token is not always an access token (RFC 8725 section 3.11, RFC 6749 section 1.5, RFC
/// 7662 section 4). If the access tokens of an issuer carry a mark, its configuration names that mark. A claim that is
/// `null` is not a mark.
package enum TokenMarks {
    /// A claim that is a mark, unless it has a value that an access token may have.
    fileprivate struct Mark: Sendable {
        /// The claim, and the name by which configurations refer to the mark.
        let name: String
        /// What kind of token the mark indicates.
        let meaning: String
        /// Whether an access token may have this value.
        let isHarmless: @Sendable (JSONView) -> Bool
    }

    private static let marks: [Mark] = [
        .init("nonce", "an ID token (OpenID Connect Core section 2)"),
        .init("at_hash", "an ID token (OpenID Connect Core section 3.1.3.6)"),
        .init("c_hash", "an ID token (OpenID Connect Core section 3.3.2.11)"),
        .init("s_hash", "an ID token (FAPI 1.0 part 2 section 5.1)"),
        .init("events", "a logout or security event token (RFC 8417 section 2.2)"),
        .init("token_introspection", "a signed introspection response (RFC 9701 section 5)"),
        .init("token_use", "another kind of token", allowing: ["access", "access_token"]),
        .init(
            "token_type",
            "another kind of token",
            allowing: ["bearer", "dpop", "access", "access_token", "urn:ietf:params:oauth:token-type:access_token"]
        ),
        .init("typ", "another kind of token", allowing: ["bearer", "dpop", "jwt", "at+jwt", "access", "access_token"]),
        .init("tokenName", "another kind of token (ForgeRock)", allowing: ["access_token"]),
        // These names also have other uses, so only these values count.
        .init("purpose", "another kind of token (Curity)", refusing: ["id", "id_token", "refresh", "refresh_token"]),
        .init(
            "type",
            "another kind of token",
            refusing: ["refresh_token", "id_token", "logout_token", "refresh", "id"]
        ),
    ]

    private static let names = JSONView.Names(marks.map(\.name))

    /// The name by which configurations refer to the `typ` of the JOSE Header.
    private static let headerType = "header typ"

    /// The names of all marks, for configurations.
    package static let allNames = marks.map(\.name) + [headerType]

    /// The first mark of another kind of token, in words; `nil` when there is none.
    ///
    /// - Parameters:
    ///   - claims: The claims that the verifier found, or the unverified claims of the token.
    ///   - type: The `typ` of the JOSE Header in lower case, without `application/`; `nil` when there is none.
    ///   - ignored: Marks that the access tokens of this issuer carry.
    package static func find(in claims: JSONView, type: String? = nil, ignoring ignored: Set<String>) -> Diagnosis? {
        if let type, type != "at+jwt", type != "jwt", !ignored.contains(headerType) {
            return Diagnosis(
                "header parameter `typ`",
                expected: "`at+jwt`, `JWT` or none",
                found: "another type",
                value: type.printable
            )
        }
        return find(in: claims, ignored)
    }

    private static func find(in claims: JSONView, _ ignored: Set<String>) -> Diagnosis? {
        // Most tokens have none of these, and one pass over the member names shows that.
        guard claims.hasMember(among: names) else { return nil }
        for mark in marks where !ignored.contains(mark.name) {
            guard let value = claims.optional(mark.name), !mark.isHarmless(value) else { continue }
            return Diagnosis(
                "claim `\(mark.name)`",
                expected: "an access token",
                found: "the mark of \(mark.meaning)",
                value: String(decoding: JSON(value).encoded(), as: UTF8.self).printable
            )
        }
        return nil
    }
}

extension TokenMarks.Mark {
    /// A claim that no access token has.
    fileprivate init(_ name: String, _ meaning: String) {
        self.init(name: name, meaning: meaning) { _ in false }
    }

    /// A claim that must have one of these values, ignoring case.
    fileprivate init(_ name: String, _ meaning: String, allowing words: Set<String>) {
        self.init(name: name, meaning: meaning) { value in value.string.map { words.contains($0.lowercased()) } ?? false
        }
    }

    /// A claim that must not have one of these values, ignoring case.
    fileprivate init(_ name: String, _ meaning: String, refusing words: Set<String>) {
        self.init(name: name, meaning: meaning) { value in value.string.map { !words.contains($0.lowercased()) } ?? true
        }
    }
}

/// The header type and the claims of a JWT whose signature was not checked.
package struct UnverifiedJWT: Sendable {
    /// The `typ` of its header in lower case, without `application/`.
    package let type: String?
    /// Its claims.
    package let claims: JSONView

    package init(type: String?, claims: JSONView) {
        self.type = type
        self.claims = claims
    }

    /// Reads a token; `nil` when it is not a JWT.
    ///
    /// It is passed in, because the core does not parse JWS.
    package typealias Reader = @Sendable (AccessToken) -> UnverifiedJWT?
}
