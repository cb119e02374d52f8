// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
public import MCPAuth
internal import MCPAuthJSON

/// Checks that every `ClaimTransformer` must pass.
public struct TransformerConformance: Sendable {
    private let transformer: any ClaimTransformer
    private let claims: [String: JSON]

    /// Checks one transformer.
    ///
    /// - Parameters:
    ///   - transformer: The transformer.
    ///   - claims: Typical normalised claims for it, in addition to `iss`, `sub`, `aud`, `exp` and `scope`.
    public init(_ transformer: any ClaimTransformer, claims: [String: JSON] = [:]) {
        self.transformer = transformer
        self.claims = claims
    }

    /// The checks.
    public var checks: [ConformanceCheck] {
        let kit = self
        return [
            ConformanceCheck("the same claims give the same claims") { try kit.dependsOnClaimsOnly() },
            ConformanceCheck("claims about issuer, audience and lifetime stay") { try kit.keepsProtected() },
            ConformanceCheck("its own result is accepted as input") { try kit.acceptsItsResult() },
            ConformanceCheck("unusual claims are refused or passed on, without a crash") {
                try kit.survivesOddClaims()
            },
            ConformanceCheck("a token that it changed is accepted") { try await kit.isAccepted() },
        ]
    }

    private static let issuer: IssuerIdentifier = "https://issuer.test"
    private static let resource = "https://api.example.test/x"
    private static let protected = ["iss", "aud", "exp", "nbf", "cnf", "token_type", "typ"]

    private var usual: [String: JSON] {
        let base: [String: JSON] = [
            "iss": "https://issuer.test", "sub": "alice", "client_id": "c", "aud": [.string(Self.resource)],
            "exp": 4_102_444_800, "scope": ["a", "b"],
        ]
        return base.merging(claims) { $1 }
    }

    private func dependsOnClaimsOnly() throws {
        let first = try transformer.transform(usual, of: Self.issuer)
        for _ in 0..<3 {
            let again = try transformer.transform(usual, of: Self.issuer)
            try ConformanceFailure.require(again == first, "the same claims gave different claims")
        }
    }

    private func keepsProtected() throws {
        let after = try transformer.transform(usual, of: Self.issuer)
        for name in Self.protected {
            try ConformanceFailure.require(after[name] == usual[name], "it changes `\(name)`")
        }
    }

    private func acceptsItsResult() throws {
        _ = try transformer.transform(try transformer.transform(usual, of: Self.issuer), of: Self.issuer)
    }

    private func survivesOddClaims() throws {
        let odd: [JSON] = [
            .null, true, -1, 1e300, "", "\u{0}", [], [[]], [:], .unrepresentable, ["a": ["b": ["c": 1]]],
        ]
        for name in Set(usual.keys).subtracting(Self.protected) {
            for value in odd {
                var claims = usual
                claims[name] = value
                _ = try? transformer.transform(claims, of: Self.issuer)
            }
        }
        _ = try? transformer.transform([:], of: Self.issuer)
    }

    private func isAccepted() async throws {
        let events = EventLog()
        let issuer = try TestIssuer(Self.issuer, audience: Self.resource)
        var resource = try ResourceConfiguration(Self.resource, authorizationServers: [issuer.server])
        resource.transformers = [transformer]
        let configuration = MCPAuthConfiguration(resources: [resource], onEvent: events.take)
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
        var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.test", path: "/x")
        request.headerFields[.authorization] = "Bearer \(try issuer.token(scopes: ["a", "b"], claims: claims))"
        guard case .allow = await mcpAuth.authorize(request) else {
            throw ConformanceFailure("the token is refused: \(events.lines)")
        }
    }
}
