// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Where one issuer puts what the standard claims say: a claim transformer declared in JSON.
///
/// It runs once per token, on verified claims only, and can only name claims of the token itself.
public struct ClaimMapping: Sendable, Hashable {
    /// Where the scopes are.
    ///
    /// The first source that is present counts alone unless the rule says otherwise, so that two that disagree never
    /// add up.
    public var scope: ClaimRule
    /// Where the client identifier is.
    public var clientID: ClaimRule
    /// Where the subject is.
    public var subject: ClaimRule
    /// Where the audience is.
    public var audience: ClaimRule
    /// Rules for other claims by their normalised names, such as `roles`, `groups` and `tenant`.
    public var others: [String: ClaimRule]
    /// Claims that must be one of these strings, or the token is refused.
    public var requiredValues: [String: Set<String>]

    /// What no rule can make: these claims mean what the standards say (RFC 7519, RFC 7800, RFC 9449).
    package static let unmappable: Set<String> = ["iss", "exp", "nbf", "iat", "jti", "cnf", "typ", "token_type"]

    /// The mapping of an issuer; what is left out is where the standards put it.
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
