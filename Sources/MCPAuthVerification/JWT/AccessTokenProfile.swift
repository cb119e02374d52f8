// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Which JWTs count as access tokens (RFC 8725 section 3.11), beside those that are marked as another kind.
public enum AccessTokenProfile: String, Sendable, CaseIterable {
    /// What most issuers send: `typ` is absent, `JWT` or `at+jwt`.
    case lenient
    /// RFC 9068 to the letter: `typ` is `at+jwt`, and every claim of its section 2.2 is present.
    case rfc9068

    /// What keeps header and claims from being those of an access token; `nil` when nothing does.
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
