// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthJSON

/// Changes the normalised claims of genuine tokens, after the claim mapping of their issuer and before anything looks at them.
///
/// For what a mapping cannot say: groups that stand for roles, a tenant that is part of the subject. It is attached to an
/// authorization server or to a resource, runs once for each token, and its result is kept with what is remembered of the
/// token; so it must depend on its arguments alone. Bounds of the issuer, the mandatory checks and the policy come after it,
/// and see its result. Tests: `TransformerConformance` in MCPAuthTesting.
public protocol ClaimTransformer: Sendable {
    /// A name for logs and traces.
    var name: String { get }

    /// The claims in their new form.
    ///
    /// - Parameters:
    ///   - claims: The normalised claims; `scope` is an array of strings.
    ///   - issuer: The issuer of the token.
    /// - Returns: The claims of the token from now on. `iss`, `aud`, `exp`, `nbf`, `iat`, `jti`, `cnf`, `token_type` and
    ///   `typ` must be what they were, or the token is refused (`transform_failed`). Subject, client and scopes are `sub`,
    ///   `client_id` and `scope` of the result; revocations of a subject or client mean these.
    /// - Throws: Any error, to refuse the token. Its text is not logged, since it could hold claim values.
    func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) throws -> [String: JSON]
}
