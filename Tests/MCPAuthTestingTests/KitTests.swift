// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthTesting
import Testing

/// The conformance kits pass correct implementations and find faulty ones.
@Suite struct KitTests {
    private static let resource = "https://api.example.com/keys"

    /// A verifier that accepts one key and can have a fault.
    private struct KeyVerifier: TokenVerifier {
        enum Fault: CaseIterable {
            case none
            case acceptsAll
            case acceptsBeginnings
            case tellsToken
            case forgetsAudience
            case changesItsMind
        }

        let name = "api keys"
        var fault = Fault.none

        func verify(
            _ token: AccessToken,
            of request: ProtectedResourceRequest,
            now: NumericDate
        ) async throws -> TokenVerdict {
            let text = token.dangerouslyRevealed
            let isKey =
                switch fault {
                case .acceptsAll: true
                case .acceptsBeginnings: text.hasPrefix("key-00000001")
                case .changesItsMind: text == "key-00000001" && Bool.random() && Bool.random() && Bool.random()
                default: text == "key-00000001"
                }
            guard isKey else {
                guard fault == .tellsToken else { return .notMine() }
                return .rejected(.rejectedByVerifier, Diagnosis("the key", expected: "one we know", found: text))
            }
            var claims: [String: JSON] = ["sub": "robot", "exp": 4_102_444_800]
            if fault != .forgetsAudience { claims["aud"] = .string(KitTests.resource) }
            return try .verified(claims: claims)
        }
    }

    private static func kit(_ fault: KeyVerifier.Fault) -> VerifierConformanceTest {
        VerifierConformanceTest(
            KeyVerifier(fault: fault),
            issuer: "urn:keys",
            resource: resource,
            good: "key-00000001",
            bad: ["key-00000002"]
        )
    }

    @Test(arguments: kit(.none).checks)
    func `a correct verifier passes`(check: ConformanceCheck) async throws {
        try await check.run()
    }

    @Test(arguments: KeyVerifier.Fault.allCases.filter { $0 != .none })
    private func `a faulty verifier fails`(fault: KeyVerifier.Fault) async {
        var failed: [String] = []
        for check in Self.kit(fault).checks {
            do { try await check.run() } catch { failed.append("\(error)") }
        }
        #expect(!failed.isEmpty)
        #expect(
            failed.allSatisfy { !$0.contains("key-00000001") || fault == .acceptsAll || fault == .acceptsBeginnings }
        )
    }

    @Test func `a verifier that decides without what it asks fails`() async {
        let kit = VerifierConformanceTest(
            KeyVerifier(),
            issuer: "urn:keys",
            resource: Self.resource,
            good: "key-00000001",
            bad: [],
            cutOff: KeyVerifier()
        )
        let check = kit.checks.first { $0.description == "without what it asks, it decides nothing" }
        await #expect(throws: ConformanceFailure.self) { try await check?.run() }
    }

    /// Fails every request after a while, as a server that does not answer.
    private struct SilentFetcher: HTTPFetcher {
        func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
            try? await Task.sleep(for: .milliseconds(50))
            throw FetchError("no answer")
        }
    }

    /// A verifier of this package, and whether it introspects.
    private static func builtIn(_ introspects: Bool) throws -> VerifierConformanceTest {
        let issuer = try TestIssuer(audience: resource)
        func verifier(_ fetcher: any HTTPFetcher) throws -> any TokenVerifier {
            let server = introspects ? issuer.introspectingServer : issuer.server
            let protected = try ResourceConfiguration(resource, authorizationServers: [server])
            let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [protected]), fetcher: fetcher)
            let verifiers = try mcpAuth.protectedResource(resource).verification.slots.map(\.verifier)
            return try #require(introspects ? verifiers.last : verifiers.first)
        }
        let old = introspects ? issuer.opaqueToken() : try issuer.token() + "x"
        if introspects { issuer.revoke(old) }
        return VerifierConformanceTest(
            try verifier(TestFetcher(issuer)),
            issuer: issuer.identifier,
            resource: resource,
            good: introspects ? issuer.opaqueToken() : try issuer.token(),
            bad: [old],
            cutOff: try verifier(SilentFetcher())
        )
    }

    @Test(
        arguments: [true, false].flatMap { introspects in
            ((try? builtIn(introspects))?.checks ?? []).map { (introspects ? "introspection" : "jwt", $0) }
        }
    )
    func `the verifiers of this package pass`(name: String, check: ConformanceCheck) async throws {
        try await check.run()
    }

    @Test func `both verifiers of this package are held against the kit`() throws {
        _ = (try Self.builtIn(true), try Self.builtIn(false))
    }

    private struct Roles: ClaimTransformer {
        enum Fault: CaseIterable {
            case none
            case widensAudience
            case extendsLife
            case counts
        }

        let name = "roles"
        var fault = Fault.none

        func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) throws -> [String: JSON] {
            var claims = claims
            let groups = claims["groups"]?.strings ?? []
            claims["roles"] = .array(groups.filter { $0.hasPrefix("role-") }.map { .string(String($0.dropFirst(5))) })
            switch fault {
            case .none: break
            case .widensAudience: claims["aud"] = ["https://api.example.test/x", "https://other.example"]
            case .extendsLife: claims["exp"] = 9_999_999_999
            case .counts: claims["n"] = .integer(Int64.random(in: 0...Int64.max))
            }
            return claims
        }
    }

    @Test(arguments: TransformerConformanceTest(Roles(), claims: ["groups": ["role-reader", "staff"]]).checks)
    func `a correct transformer passes`(check: ConformanceCheck) async throws {
        try await check.run()
    }

    @Test(arguments: Roles.Fault.allCases.filter { $0 != .none })
    private func `a faulty transformer fails`(fault: Roles.Fault) async {
        var failures = 0
        for check in TransformerConformanceTest(Roles(fault: fault)).checks {
            do { try await check.run() } catch { failures += 1 }
        }
        #expect(failures > 0)
    }
}
