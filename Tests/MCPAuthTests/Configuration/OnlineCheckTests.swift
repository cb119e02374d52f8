// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// Checks of an authorization server before any token arrives.
@Suite struct OnlineCheckTests {
    private static let complete: JSON = [
        "authorization_endpoint": "https://as.example/authorize", "token_endpoint": "https://as.example/token",
        "registration_endpoint": "https://as.example/register", "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"], "jwks_uri": "https://as.example/jwks",
    ]

    @Test(
        arguments: [
            ([:], []), (["jwks_uri": .null], ["error jwks_uri_missing"]),
            (["jwks_uri": "/jwks"], ["error jwks_uri_not_absolute"]),
            (["jwks_uri": "https://as.example/other"], ["error jwks_not_fetched"]),
            (["jwks_uri": "https://as.example/empty"], ["error no_usable_key"]),
            (["jwks_uri": "https://as.example/page"], ["error jwks_not_fetched"]),
            (["jwks_uri": "https://as.example/array"], ["error jwks_invalid"]),
            (["jwks_uri": "https://as.example/mixed"], []),
            (["jwks_uri": "https://as.example/faulty"], ["warning key_skipped"]),
            (["jwks_uri": "https://as.example/private"], ["error no_usable_key", "error key_skipped"]),
            (
                ["issuer": "https://as.example/"], ["error no_metadata", "warning document_refused"]
            ),
            (["access_token_issuer": "http://as.example/trust"], ["warning token_issuer_differs"]),
            (["code_challenge_methods_supported": .null], ["warning pkce_not_supported"]),
        ] as [(JSON, [String])]
    )
    func `the check finds what would prevent verification of tokens`(changes: JSON, findings: [String]) async throws {
        let check = try await Self.check(AuthorizationServer(issuer: "https://as.example", discovery: .oidc), changes)
        #expect(Self.notable(check).filter { !$0.contains("document_absent") } == findings, "\(check.findings)")
        #expect(!check.isUnreachable)
    }

    @Test func `usable keys are counted and named, and skipped keys are listed with the reason`() async throws {
        let server = AuthorizationServer(issuer: "https://as.example", discovery: .oidc)
        let check = try await Self.check(server, ["jwks_uri": "https://as.example/mixed"])
        let texts = check.findings.map(\.description)
        #expect(texts.contains { $0.hasPrefix("1 usable key at https://as.example/mixed: `") })
        #expect(texts.contains { $0.hasPrefix("entry 1, `kid` `e`, of the JWK Set is left out: it is for encryption") })
    }

    @Test func `a key that fits no allowed algorithm is not usable`() async throws {
        var server = AuthorizationServer(issuer: "https://as.example", discovery: .oidc)
        server.algorithms = [.rs256]
        let check = try await Self.check(server, [:])
        #expect(Self.notable(check) == ["error no_usable_key"])
    }

    @Test(
        arguments: [
            ([:], ["error introspection_endpoint_missing"]),
            (["introspection_endpoint": "/introspect"], ["error introspection_endpoint_not_absolute"]),
            (["introspection_endpoint": "https://as.example/introspect"], []),
            (
                ["introspection_endpoint": "https://as.example/introspect", "jwks_uri": .null],
                ["warning jwks_uri_missing"]
            ),
        ] as [(JSON, [String])]
    )
    func `an endpoint is required if introspection is configured`(changes: JSON, findings: [String]) async throws {
        var server = AuthorizationServer(issuer: "https://as.example", discovery: .oidc)
        server.introspection = .init(authentication: .bearer(token: Secret("x")))
        #expect(Self.notable(try await Self.check(server, changes)) == findings)
    }

    @Test func `an introspection endpoint that cannot be reached is an error`() async throws {
        var server = AuthorizationServer(issuer: "https://as.example", discovery: .oidc)
        server.introspection = .init(authentication: .bearer(token: Secret("x")))
        let endpoint = "https://internal.example/introspect"
        let check = try await Self.check(server, ["introspection_endpoint": .string(endpoint)], failing: endpoint)
        #expect(Self.notable(check) == ["error introspection_endpoint_not_reached"])
    }

    @Test func `the configured token issuer is compared with the access_token_issuer of AD FS`() async throws {
        var server = AuthorizationServer(issuer: "https://as.example", discovery: .oidc)
        let said: JSON = ["access_token_issuer": "http://as.example/trust"]
        server.tokenIssuer = "http://as.example/trust"
        #expect(Self.notable(try await Self.check(server, said)) == [])
        server.tokenIssuer = "http://as.example/other"
        #expect(Self.notable(try await Self.check(server, said)) == ["error token_issuer_differs"])
    }

    @Test func `an issuer that is down is reported as unreachable`() async throws {
        let fetcher = FixtureFetcher([:])
        fetcher.setDown(true)
        let server = AuthorizationServer(issuer: "https://as.example", discovery: .oidc)
        let configuration = MCPAuthConfiguration(resources: [
            try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        ])
        let check = try await OnlineCheck(server, in: configuration, fetcher: fetcher)
        #expect(check.isUnreachable && !check.isGood)
    }

    private static func notable(_ check: OnlineCheck) -> [String] {
        check.findings.filter { $0.severity != .ok }.map { "\($0.severity) \($0.code)" }
    }

    private static func check(
        _ server: AuthorizationServer,
        _ changes: JSON,
        failing: String? = nil
    ) async throws -> OnlineCheck {
        let key = try SigningKey(.es256)
        let encryption = key.publicJWK.merging(patch: ["use": "enc", "kid": "e", "alg": "ECDH-ES"])
        let secret: JSON = ["kty": "oct", "k": "c2VjcmV0", "kid": "s"]
        let sets: [String: JSON] = [
            "jwks": ["keys": [key.publicJWK]], "empty": ["keys": []], "array": [], "private": ["keys": [secret]],
            "mixed": ["keys": [key.publicJWK, encryption]],
            "faulty": ["keys": [key.publicJWK, key.publicJWK.merging(patch: ["kid": "f", "x": "AA"])]],
        ]
        let fetcher = FixtureFetcher([:])
        for (name, set) in sets { fetcher.serve(set.encoded(), at: "https://as.example/" + name) }
        fetcher.serve(Array("<html>".utf8), at: "https://as.example/page")
        let metadata = complete.merging(patch: ["issuer": "https://as.example"]).merging(patch: changes)
        fetcher.serve(metadata.encoded(), at: "https://as.example/.well-known/openid-configuration")
        if let failing { fetcher.fail(at: failing) }
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        return try await OnlineCheck(server, in: MCPAuthConfiguration(resources: [resource]), fetcher: fetcher)
    }
}
