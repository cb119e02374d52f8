// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthJSON

/// The error of a transformer that cannot decide now: the answer is 503, and the token may be good.
package struct TransformerUnavailable: Error {
    package init() {}
}

/// Changes the normalised claims of genuine tokens, after the claim mapping of their issuer and before all checks.
///
/// Use it for what a mapping cannot express, such as groups that stand for roles, or a tenant that is part of the
/// subject. It is attached to an authorization server or to a resource and runs once per token. Its result is cached
/// with the facts about the token, so it must depend on its arguments alone. The issuer's bounds, the mandatory checks
/// and the policy use its result. Test it with `TransformerConformanceTest` in MCPAuthTesting.
public protocol ClaimTransformer: Sendable {
    /// A name for logs and traces.
    var name: String { get }

    /// Transforms the claims of one token.
    ///
    /// - Parameters:
    ///   - claims: The normalised claims; `scope` is an array of strings.
    ///   - issuer: The issuer of the token.
    /// - Returns: The new claims. `iss`, `aud`, `exp`, `nbf`, `iat`, `jti`, `cnf`, `token_type` and `typ` must be
    ///   unchanged, or the token is refused (`transform_failed`). The subject, client and scopes are read from `sub`,
    ///   `client_id` and `scope` of the result; revocations by subject or client refer to these.
    /// - Throws: Any error, to refuse the token. Its text is not logged, because it could contain claim values.
    func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) throws -> [String: JSON]
}
