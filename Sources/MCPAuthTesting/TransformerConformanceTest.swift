// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
public import MCPAuth
internal import MCPAuthJSON

/// Checks that every `ClaimTransformer` must pass.
public struct TransformerConformanceTest: Sendable {
    private let transformer: any ClaimTransformer
    private let claims: [String: JSON]

    /// Checks one transformer.
    ///
    /// - Parameters:
    ///   - transformer: The transformer.
    ///   - claims: Typical normalised claims for it, in addition to `iss`, `sub`, `client_id`, `aud`, `exp` and `scope`.
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
            ConformanceCheck("a hundred concurrent calls get their own results") { try await kit.answersAtOnce() },
            ConformanceCheck("large claims are transformed or refused in time") { try kit.endsInTime() },
            ConformanceCheck("a token that it changed is accepted") { try await kit.isAccepted() },
            ConformanceCheck("no event contains a claim value") { try await kit.tellsNoValue() },
        ]
    }

    private static let issuer: IssuerIdentifier = "https://issuer.test"
    private static let resource = "https://api.example.test/x"
    private static let protected = ["iss", "aud", "exp", "nbf", "iat", "jti", "cnf", "token_type", "typ"]

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
        let before = usual.merging(["nbf": 0, "iat": 0, "jti": "j", "typ": "at+jwt"]) { $1 }
        let after = try transformer.transform(before, of: Self.issuer)
        for name in Self.protected {
            try ConformanceFailure.require(after[name] == before[name], "it changes `\(name)`")
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

    private func answersAtOnce() async throws {
        let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<100 {
                var claims = usual
                claims["conformance_index"] = .integer(Int64(index))
                group.addTask { [claims] in
                    let after = try transformer.transform(claims, of: Self.issuer)
                    return after["conformance_index"].map { $0 != .integer(Int64(index)) } ?? false
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        try ConformanceFailure.require(wrong == 0, "\(wrong) of 100 calls got the claims of another one")
    }

    private func endsInTime() throws {
        let start = ContinuousClock.now
        for name in Set(usual.keys).subtracting(Self.protected) {
            let large: [JSON] = [
                .string(String(repeating: "a|", count: 16_000)), .array(Array(repeating: "a", count: 4000)),
            ]
            for value in large {
                var claims = usual
                claims[name] = value
                _ = try? transformer.transform(claims, of: Self.issuer)
            }
        }
        let taken = start.duration(to: .now)
        try ConformanceFailure.require(taken < .seconds(8), "large claims took \(taken)")
    }

    private func tellsNoValue() async throws {
        let events = EventLog()
        for value in [JSON.string("conformance-value"), ["conformance-value"], ["a": "conformance-value"]] {
            for name in Set(usual.keys).subtracting(Self.protected) {
                _ = try await decision(claims.merging([name: value]) { $1 }, events)
            }
        }
        let isTold = events.lines.contains { $0.contains("conformance-value") }
        try ConformanceFailure.require(!isTold, "an event contains the value of a claim")
    }

    private func isAccepted() async throws {
        let events = EventLog()
        guard case .allow = try await decision(claims, events) else {
            throw ConformanceFailure("the token is refused: \(events.lines)")
        }
    }

    private func decision(_ claims: [String: JSON], _ events: EventLog) async throws -> Decision {
        let issuer = try TestIssuer(Self.issuer, audience: Self.resource)
        var resource = try ResourceConfiguration(Self.resource, authorizationServers: [issuer.server])
        resource.transformers = [transformer]
        let configuration = MCPAuthConfiguration(resources: [resource], onEvent: events.take)
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
        var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.test", path: "/x")
        request.headerFields[.authorization] = "Bearer \(try issuer.token(scopes: ["a", "b"], claims: claims))"
        return await mcpAuth.authorize(request)
    }
}
