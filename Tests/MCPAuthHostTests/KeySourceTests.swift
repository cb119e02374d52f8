// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
import FlyingFox
import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthConcurrency
import MCPAuthSigning
import TestSupport
import Testing

/// Where keys are fetched from, with real servers.
@Suite struct KeySourceTests {
    @Test func `A15 no connection is made to a URL in the header of a token`() async throws {
        let key = try SigningKey(.es256)
        let connections = Lock(0)
        let trap: @Sendable (FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse = { _ in
            connections.withLock { $0 += 1 }
            return FlyingFox.HTTPResponse(statusCode: .ok, body: Data((["keys": [key.publicJWK]] as JSON).encoded()))
        }
        let issuer: @Sendable (FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse = { _ in
            FlyingFox.HTTPResponse(statusCode: .ok, body: Data((["keys": [key.publicJWK]] as JSON).encoded()))
        }
        try await LoopbackServer.serving(trap) { trapURL in
            try await LoopbackServer.serving(issuer) { url in
                let name = url.origin
                let metadata = #"{"issuer":"\#(name)","jwks_uri":"\#(url)"}"#
                let server = AuthorizationServer(
                    issuer: IssuerIdentifier(name),
                    discovery: .inline(JSON(text: metadata))
                )
                let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
                let mcpAuth = try MCPAuth(protectedResources: [resource])
                let now = NumericDate.now()
                let claims: JSON = [
                    "iss": .string(name), "sub": "alice", "aud": "https://api.example.com/x",
                    "exp": .number(now.secondsSinceEpoch + 600),
                ]
                for member in ["jku", "x5u", "kid", "jwk", "x5c"] {
                    let header: [String: JSON] = ["typ": "at+jwt", member: .string(trapURL.description)]
                    let token = try key.sign(header: header, claims: claims)
                    #expect(await mcpAuth.status(of: token) == (member == "kid" ? 401 : 200), "\(member)")
                }
            }
        }
        #expect(connections.withLock { $0 } == 0)
    }
}
#endif
