// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import TestSupport
import Testing

/// Authorization servers whose tokens name a different issuer than the one that clients discover, such as AD FS.
@Suite struct TokenIssuerTests {
    private static let published: IssuerIdentifier = "https://adfs.example/adfs"
    private static let signing: IssuerIdentifier = "http://adfs.example/adfs/services/trust"

    private static func door(
        _ change: (inout ResourceConfiguration) -> Void = { _ in }
    ) throws -> (Door, FixtureIssuer) {
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer(published.description, fetcher: fetcher)
        let server = AuthorizationServer(issuer: published, discovery: .oidc, tokenIssuer: signing)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        change(&resource)
        return (try Door([resource], fetcher: fetcher), issuer)
    }

    @Test func `tokens are accepted with the token issuer, and the metadata names the issuer for discovery`()
        async throws
    {
        let (door, issuer) = try Self.door()
        let token = try issuer.token(["iss": .string(Self.signing.description)])
        let answer = try await door.request(authorization: ["Bearer \(token)"])
        #expect(answer.authInfo?.issuer == Self.signing)
        let request = HTTPRequest(
            method: .get,
            scheme: "https",
            authority: "api.example.com",
            path: "/.well-known/oauth-protected-resource/notes"
        )
        let response = try #require(door.mcpAuth.metadataEndpoint.response(to: request))
        let document = try JSONDocument(parsing: response.body, limits: .fetched).root
        #expect(document["authorization_servers"]?.strings == [Self.published.description])
        #expect(door.mcpAuth.findings.isEmpty)
    }

    @Test func `tokens that name the published issuer are refused`() async throws {
        let (door, issuer) = try Self.door()
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"])
        #expect(answer.verdict == "401 untrusted_issuer")
        #expect(issuer.fetcher.requests.isEmpty)
    }

    @Test func `the metadata must name the published issuer`() async throws {
        let (door, issuer) = try Self.door()
        let metadata: JSON = [
            "issuer": .string(Self.signing.description), "jwks_uri": "https://adfs.example/adfs/jwks",
        ]
        let place = "https://adfs.example/adfs/.well-known/openid-configuration"
        issuer.fetcher.serve(metadata.encoded(), at: place)
        let token = try issuer.token(["iss": .string(Self.signing.description)])
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "503 issuer_unavailable")
    }

    @Test func `bounds and revocations refer to the token issuer`() async throws {
        let (door, issuer) = try Self.door { $0.allowedScopes = [Self.signing: ["read:notes"]] }
        let token = try issuer.token(["iss": .string(Self.signing.description), "scope": "read:notes admin"])
        let answer = try await door.request(authorization: ["Bearer \(token)"])
        #expect(answer.authInfo?.scopes == ["read:notes"])
        door.mcpAuth.replaceRevocations(with: RevocationList([.init(issuer: Self.signing, subject: "alice")]))
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == "revoked")
        let error = #expect(throws: ConfigurationError.self) {
            try Self.door { $0.allowedScopes = [Self.published: ["read:notes"]] }
        }
        #expect(error?.code == .unknownName)
    }

    @Test func `two servers with the same token issuer are refused`() throws {
        let other = AuthorizationServer(issuer: Self.signing, discovery: .metadataURL("https://adfs.example/metadata"))
        let error = #expect(throws: ConfigurationError.self) {
            try Self.door { $0.authorizationServers.append(other) }
        }
        #expect(error?.code == .duplicate)
    }
}
