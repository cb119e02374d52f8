// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

extension PolicySet {
    /// Only the outcome, for tests that are not about shadow mode.
    func decision(_ input: PolicyInput) -> PolicyDecision.Kind { evaluate(input).kind }

    /// A set with one policy, from its JSON text.
    init(text: String) throws {
        self.init([try CompiledPolicy(file: "test.json", bytes: Array(text.utf8))])
    }
}

extension PolicyInput {
    /// The input for a caller with these claims and the operation that it requests.
    static func test(
        _ operation: RequestOperation,
        scope: String = "",
        claims: String = "{}",
        issuer: String = "https://issuer.example",
        subject: String? = "alice",
        clientID: String? = "client",
        method: HTTPRequest.Method = .post,
        path: String = "/mcp",
        now: Double = 1_000_000,
        grantable: ScopeSet? = nil,
        ignoresCase: Bool = false
    ) throws -> PolicyInput {
        let scopes = try #require(ScopeSet(spaceDelimited: scope))
        let claims = Claims(payload: Array(claims.utf8), scopes: scopes, clientID: clientID)
        let facts = TokenFacts(
            issuer: IssuerIdentifier(issuer),
            subject: subject,
            clientID: clientID,
            scopes: scopes,
            audience: [],
            expiresAt: NumericDate(.infinity),
            claims: claims
        )
        return PolicyInput(
            authInfo: AuthInfo(
                resource: try ResourceIdentifier("https://h.example/mcp"),
                facts: facts,
                scopes: scopes,
                claims: claims,
                token: AccessToken(bytes: []),
                grantableScopes: grantable
            ),
            request: ProtectedResourceRequest(
                method: method,
                path: path,
                operation: operation,
                ignoresCase: ignoresCase
            ),
            now: NumericDate(now)
        )
    }

    /// The input for one call of a tool.
    static func tool(_ name: String, scope: String = "", claims: String = "{}") throws -> PolicyInput {
        try test(.mcp([.call(method: "tools/call", name: name)]), scope: scope, claims: claims)
    }
}

extension ProtectedResourceRequest {
    /// A request with a literal path.
    convenience init(method: HTTPRequest.Method, path: String, operation: RequestOperation, ignoresCase: Bool = false) {
        guard let path = RequestPath(path) else { preconditionFailure("`\(path)` is not a path that is accepted") }
        self.init(method: method, path: path, operation: operation, ignoresCase: ignoresCase)
    }
}
