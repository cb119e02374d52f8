// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Maps the claims of one issuer's tokens to normalised claims.
///
/// It is applied once per token, to verified claims, and can only read claims of that token.
public struct ClaimMapping: Sendable, Hashable {
    /// The source of the scopes.
    ///
    /// Only the first source that is present is used, unless ``ClaimRule/merge`` is set, so that sources that disagree
    /// are not combined.
    public var scope: ClaimRule
    /// The source of the client identifier.
    public var clientID: ClaimRule
    /// The source of the subject.
    public var subject: ClaimRule
    /// The source of the audience.
    public var audience: ClaimRule
    /// Rules for other claims, by normalised name, such as `roles`, `groups` and `tenant`.
    public var others: [String: ClaimRule]
    /// The values that claims of the token must have, by claim name or JSON Pointer.
    ///
    /// The token is refused if one of these claims is not a string or has none of its values.
    public var requiredValues: [String: Set<String>]

    /// Claims that a rule must not produce: their meaning is fixed (RFC 7519, RFC 7800, RFC 9449).
    package static let unmappable: Set<String> = ["iss", "exp", "nbf", "iat", "jti", "cnf", "typ", "token_type"]

    /// Creates a mapping; the defaults are the standard claims.
    public init(
        scope: ClaimRule = ["scope", "scp"],
        clientID: ClaimRule = ["client_id", "azp"],
        subject: ClaimRule = ["sub"],
        audience: ClaimRule = ["aud"],
        others: [String: ClaimRule] = [:],
        requiredValues: [String: Set<String>] = [:]
    ) {
        self.scope = scope
        self.clientID = clientID
        self.subject = subject
        self.audience = audience
        self.others = others
        self.requiredValues = requiredValues
    }
}
