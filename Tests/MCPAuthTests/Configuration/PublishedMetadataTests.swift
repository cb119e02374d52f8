// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthPolicy
import TestSupport
import Testing

/// Published metadata must be true, and usable for clients.
@Suite struct PublishedMetadataTests {
    private static func signed(_ claims: String) -> String {
        "e30." + Base64URL.encode(Array(claims.utf8)) + ".AA"
    }

    @Test(
        arguments: [
            (#""metadata": {"dpop_bound_access_tokens_required": true}"#, "MA042"),
            (#""metadata": {"dpop_signing_alg_values_supported": ["ES256"]}"#, "MA042"),
            (#""metadata": {"tls_client_certificate_bound_access_tokens": true}"#, "MA042"),
            (
                #""metadata": {"signed_metadata": "\#(signed(#"{"iss":"x","dpop_bound_access_tokens_required":true}"#))"}"#,
                "MA042"
            ),
            (#""metadata": {"dpop_bound_access_tokens_required": false}"#, nil),
            (#""metadata": {"signed_metadata": "\#(signed(#"{"iss":"x"}"#))"}"#, nil),
            (#""metadata": {"signed_metadata": "\#(signed("{}"))"}"#, "MA041"),
            (#""metadata": {"signed_metadata": "abc"}"#, "MA041"),
            (
                #""metadata": {"signed_metadata": "\#(signed(#"{"iss":"x","resource":"https://other.example"}"#))"}"#,
                "MA041"
            ),
            (#""metadata": {"jwks_uri": "/jwks"}"#, "MA041"),
            (#""metadata": {"jwks_uri": "http://api.example.com/jwks"}"#, "MA041"),
            (#""metadata": {"jwks_uri": "https://api.example.com/jwks"}"#, nil),
            (#""metadata": {"resource_policy_uri": "privacy.html"}"#, "MA041"),
            (#""metadata": {"resource_tos_uri": "javascript:alert(1)"}"#, "MA041"),
            (#""metadata": {"resource_tos_uri": "https://example.com/tos#part"}"#, nil),
            (#""documentation": "docs.example.com""#, "MA041"),
            (#""documentation": "https://docs.example.com/api?x=1#auth""#, nil),
            (#""scopes_supported": ["read write"]"#, "MA041"), (#""scopes_supported": [""]"#, "MA041"),
        ] as [(String, String?)]
    )
    func `an untrue or unusable value in the metadata is found, with its location`(
        member: String,
        code: String?
    ) throws {
        let text = ConfigurationFileTests.good.replacing(
            #""policy": "authenticated""#,
            with: "\"policy\": \"authenticated\",\n\(member)"
        )
        let configuration = try ConfigurationFileTests.read(text).configuration
        let findings = try MCPAuth(configuration, fetcher: FixtureFetcher([:])).findings
        #expect(findings.map(\.code.description) == [code].compactMap(\.self), "\(findings)")
        #expect(findings.allSatisfy { !$0.code.isWarning && $0.location?.line == 5 })
    }

    @Test func `all findings about the metadata are reported at once`() throws {
        let text = ConfigurationFileTests.good.replacing(
            #""policy": "authenticated""#,
            with:
                #""policy": "authenticated", "documentation": "x", "metadata": {"jwks_uri": "x", "resource_tos_uri": "x"}"#
        )
        let configuration = try ConfigurationFileTests.read(text).configuration
        let findings = try MCPAuth(configuration, fetcher: FixtureFetcher([:])).findings
        #expect(findings.count == 3)
    }

    @Test func `the signing algorithm named none is refused`() throws {
        let text = ConfigurationFileTests.good.replacing(
            #""policy": "authenticated""#,
            with: #""policy": "authenticated", "metadata": {"resource_signing_alg_values_supported": ["none"]}"#
        )
        #expect(throws: ConfigurationError(.invalidValue, "")) { try ConfigurationFileTests.read(text) }
    }

    @Test func `metadata that is set in code is checked in the same way`() throws {
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.metadata.bearerMethodsSupported = ["header", "query"]
        #expect(try Self.build(resource).findings.map(\.code) == [.unkeptPromise])
        resource.metadata.bearerMethodsSupported = ["header"]
        resource.metadata.dpopBoundAccessTokensRequired = true
        #expect(try Self.build(resource).findings.map(\.code) == [.unkeptPromise])
        resource.metadata.dpopBoundAccessTokensRequired = false
        resource.metadata.resourceSigningAlgValuesSupported = ["none"]
        #expect(try Self.build(resource).findings.map(\.code) == [.unusableMetadata])
    }

    @Test(
        arguments: [
            ("acme.com", "MA041", "is not a URL"), ("http://as.example", "MA041", "is not https"),
            ("https://as.example?x=1", "MA041", "no query"), ("https://as.example", nil, ""),
            ("http://127.0.0.1:9/", nil, ""), ("urn:example:as", "MA041", "is not a URL"),
        ] as [(String, String?, String)]
    )
    func `an issuer that clients cannot use is a finding, and its tokens are accepted`(
        issuer: String,
        code: String?,
        text: String
    ) async throws {
        let fetcher = FixtureFetcher([:])
        let signer = try FixtureIssuer("https://keys.example", fetcher: fetcher)
        let metadata: JSON = ["issuer": .string(issuer), "jwks_uri": "https://keys.example/jwks"]
        fetcher.serve(metadata.encoded(), at: "https://keys.example/metadata")
        let server = AuthorizationServer(
            issuer: IssuerIdentifier(issuer),
            discovery: .metadataURL("https://keys.example/metadata")
        )
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        let door = try Door([resource], fetcher: fetcher)
        let found = door.mcpAuth.findings.filter { $0.code == .unusableMetadata }
        #expect(found.map(\.code.description) == [code].compactMap(\.self))
        #expect(found.allSatisfy { $0.message.contains(text) && !$0.code.isWarning })
        let token = try signer.token(["iss": .string(issuer)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
    }

    @Test(arguments: [
        (#"{"version":1}"#, "no rule allows anything"), (#"{"version":1,"rules":[]}"#, "no rule allows anything"),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any"},{"id":"d","effect":"deny","targets":"any"}]}"#,
            "the rule `d` denies every operation"
        ),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any"},{"id":"p","effect":"require","targets":"any","proof_of_possession":"required"}]}"#,
            "the rule `p` requires every caller to prove possession"
        ),
        (
            #"{"version":1,"rules":[{"id":"a","effect":"allow","enforce":false,"targets":"any"}]}"#,
            "no rule allows anything"
        ),
        (#"{"version":1,"required_scopes":["read:notes"]}"#, nil),
        (#"{"version":1,"rules":[{"id":"a","effect":"allow","tools":["x"]}]}"#, nil),
    ])
    func `policies that allow nothing are a warning`(policy: String, reason: String?) throws {
        let (door, _) = try Door.notes(policy: policy)
        let found = door.mcpAuth.findings.filter { $0.code == .nothingAllowed }
        #expect(found.count == (reason == nil ? 0 : 1))
        if let reason { #expect(found.first?.message.contains(reason) == true) }
    }

    @Test func `a resource without an issuer or verifier is a finding`() throws {
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [])
        #expect(try Self.build(resource).findings.map(\.code) == [.unreachableResource])
    }

    @Test func `plain http is a warning, except on this machine`() throws {
        for (name, isTold) in [("http://api.example.com/x", true), ("http://localhost:8080/x", false)] {
            let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
            let resource = try ResourceConfiguration(name, authorizationServers: [server])
            let findings = try Self.build(resource).findings
            #expect(findings.contains { $0.code == .plainHTTP } == isTold, "\(findings)")
        }
        let server = AuthorizationServer(issuer: "http://auth.example.com", discovery: .oidc)
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
        #expect(throws: ConfigurationError(.invalidValue, "")) { try Self.build(resource) }
        let configuration = MCPAuthConfiguration(resources: [resource], dangerouslyAllowHTTP: true)
        let findings = try MCPAuth(configuration, fetcher: FixtureFetcher([:])).findings
        #expect(findings.map(\.code) == [.plainHTTP])
    }

    @Test(arguments: [
        "https://login.microsoftonline.com/common/v2.0", "https://login.microsoftonline.com/Organizations/v2.0",
        "https://login.microsoftonline.us/consumers/v2.0", "https://sts.windows.net/common/",
    ])
    func `an Entra issuer that stands for many tenants is refused with advice`(issuer: String) throws {
        let server = AuthorizationServer(issuer: IssuerIdentifier(issuer), discovery: .oidc)
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
        let error = #expect(throws: ConfigurationError.self) { try Self.build(resource) }
        #expect(error?.message.contains("tenant") == true)
        let token = AuthorizationServer(issuer: "https://a.example", discovery: .oidc, tokenIssuer: server.issuer)
        let other = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [token])
        #expect(throws: ConfigurationError(.invalidValue, "")) { try Self.build(other) }
    }

    @Test(arguments: [("common", "list the GUID"), ("organizations", "list the GUID"), ("consumers", "9188040d-")])
    func `a tenant of Entra that stands for many is refused in a file, and allowed for other providers`(
        tenant: String,
        advice: String
    ) throws {
        let text = ConfigurationFileTests.good.replacing(
            #""issuer": "https://auth.example.com","#,
            with: """
                "issuer": "https://login.microsoftonline.com/{tenant}/v2.0", "tenants": ["t-1", "\(tenant)"],
                """
        )
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationFileTests.read(text) }
        #expect(error?.code == .invalidValue && error?.message.contains(advice) == true)
        #expect(error?.location?.line == 2)
        _ = try ConfigurationFileTests.read(text.replacing("login.microsoftonline.com", with: "auth.example.com"))
    }

    @discardableResult
    private static func build(_ resource: ResourceConfiguration) throws -> MCPAuth {
        try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: FixtureFetcher([:]))
    }
}
