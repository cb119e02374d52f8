// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Which JWTs are accepted as access tokens (RFC 8725 section 3.11).
///
/// Marks of other kinds of token are checked separately, with every profile.
public enum AccessTokenProfile: String, Sendable, CaseIterable {
    /// What most issuers send: `typ` is absent, `JWT` or `at+jwt`.
    case lenient
    /// Strict RFC 9068: `typ` is `at+jwt`, and every claim that section 2.2 requires is present.
    case rfc9068

    /// Why header and claims do not fit the profile; `nil` if they do.
    func fault(_ header: JOSEHeader, _ claims: JSONView) -> Diagnosis? {
        guard self == .rfc9068 else { return nil }
        guard header.mediaType == "at+jwt" else {
            return Diagnosis(
                "header parameter `typ`",
                expected: "`at+jwt` (profile rfc9068)",
                found: header.mediaType == nil ? "nothing" : "another type",
                value: header.mediaType?.printable
            )
        }
        // RFC 9068 section 2.2; `iss`, `exp` and `aud` are checked for every token.
        for name in ["sub", "client_id", "jti"] where claims[name]?.string?.isEmpty ?? true {
            return Diagnosis(claim: name, expected: "a string that is not empty (profile rfc9068)", found: claims[name])
        }
        guard claims["iat"]?.number != nil else {
            return Diagnosis(claim: "iat", expected: "a number of seconds (profile rfc9068)", found: claims["iat"])
        }
        return nil
    }
}
