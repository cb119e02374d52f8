// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthServer
import MCPAuthTesting
import Testing

/// The forward-auth endpoint of one proxy, in front of resources at which `good` is the token of alice.
struct ProxyDoor {
    let mcpAuth: MCPAuth
    let endpoint: ForwardAuthEndpoint
    /// The reasons of refusals.
    let reasons: Lock<[String]>

    /// `/mcp` for alice, `/admin` for the scope that alice lacks, `/public` for everybody.
    ///
    /// - Parameter seconds: How long a verified token is remembered.
    static func standardResources(keptFor seconds: Double = 60) throws -> [ResourceConfiguration] {
        let anyone: JSON = [
            "version": 1,
            "rules": [["id": "open", "effect": "allow", "subject_kind": "anyone", "targets": "any"]],
        ]
        return [
            try resource("/mcp", [], keptFor: seconds),
            try resource("/admin", [.requiredScopes("admin")], keptFor: seconds),
            try resource("/public", [.json(anyone)], speaksMCP: false, keptFor: seconds),
        ]
    }

    static func resource(
        _ path: String,
        _ policies: [Policy],
        speaksMCP: Bool = true,
        validatesFields: Bool = false,
        keptFor seconds: Double = 60
    ) throws -> ResourceConfiguration {
        let issuer: IssuerIdentifier = "https://issuer.example"
        var resource = try ResourceConfiguration(
            "https://mcp.example\(path)",
            authorizationServers: [],
            speaksMCP: speaksMCP,
            policies: policies
        )
        resource.upstreamValidatesMCPHeaders = validatesFields
        let verifier = FunctionVerifier("test") { token, request in
            guard token.bytes == Array("good".utf8) else { return .rejected(.unrecognizedToken) }
            return .verified(
                try TokenEvidence(
                    claims: [
                        "sub": "alice", "client_id": "app", "scope": "read", "exp": 4_102_444_800,
                        "aud": .string("https://mcp.example\(path)"), "email": "älice@example.com",
                        "groups": ["a", "b"], "percent": " 50% ",
                    ],
                    keptFor: seconds
                )
            )
        }
        resource.verifiers = [AttachedVerifier(verifier, issuer: issuer)]
        return resource
    }

    init(
        _ proxy: ForwardAuthSettings.Proxy,
        resources: [ResourceConfiguration]? = nil,
        identity: IdentitySettings = IdentitySettings(),
        sendsBody: Bool = false
    ) throws {
        let reasons = Lock<[String]>([])
        self.reasons = reasons
        var configuration = try MCPAuthConfiguration(resources: resources ?? Self.standardResources())
        configuration.onEvent = { event in
            if let reason = event.reason { reasons.withLock { $0.append(reason.description) } }
        }
        mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher())
        let listener = try #require(ConfigurationFile.Listener("127.0.0.1:9001"))
        let settings = ForwardAuthSettings(listener, proxy: proxy, sendsBody: sendsBody)
        let proxyGuard = ProxyGuard(mcpAuth.requestGuard(), identity: IdentityFields(identity))
        endpoint = try #require(ForwardAuthEndpoint(settings, proxyGuard))
    }

    /// The response, at once where that is possible, as the server sends it.
    func answer(_ asked: HTTPRequest, from address: String? = nil, body: String = "") async -> RenderedResponse {
        let peer = endpoint.peer(at: address)
        if let response = endpoint.responseAtOnce(to: asked, from: peer) { return response }
        return await endpoint.response(to: asked, from: peer, body: Array(body.utf8))
    }
}
