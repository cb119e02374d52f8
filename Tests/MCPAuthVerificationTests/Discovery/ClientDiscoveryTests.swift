// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import MCPAuthVerification
import TestSupport
import Testing

/// Discovery of the metadata of an authorization server in the way of MCP clients.
@Suite struct ClientDiscoveryTests {
    private static let oauth = "/.well-known/oauth-authorization-server"
    private static let oidc = "/.well-known/openid-configuration"
    private static let complete: JSON = [
        "authorization_endpoint": "https://as.example/authorize", "token_endpoint": "https://as.example/token",
        "registration_endpoint": "https://as.example/register", "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    ]
    private static let withoutPKCE = complete.merging(patch: ["code_challenge_methods_supported": .null])

    @Test(
        arguments: [
            ("", [oauth: complete, oidc: complete], oauth, true, []),
            ("", [oauth: withoutPKCE, oidc: complete], oidc, true, ["warning document_passed_over"]),
            (
                "", [oauth: complete.merging(patch: ["authorization_endpoint": .null]), oidc: complete], oidc, true,
                ["warning document_passed_over"]
            ),
            ("", [oidc: complete], oidc, true, []),
            ("", [oidc: withoutPKCE], oidc, false, ["error pkce_not_supported"]),
            ("", [oauth: withoutPKCE, oidc: withoutPKCE], oauth, false, ["error pkce_not_supported"]),
            ("", [oauth: "<!doctype html>", oidc: complete], oidc, true, ["warning document_refused"]),
            (
                "", [oauth: complete.merging(patch: ["issuer": "https://as.example/"]), oidc: complete], oidc, true,
                ["warning document_refused"]
            ),
            ("/a", [oauth + "/a": complete, oidc + "/a": complete, "/a" + oidc: complete], oauth + "/a", true, []),
            ("/a", [oidc + "/a": complete, "/a" + oidc: complete], oidc + "/a", true, []),
            ("/a", ["/a" + oidc: complete], "/a" + oidc, true, []),
            ("/a/", ["/a" + oidc: complete], "/a" + oidc, true, []),
            (
                "/a", ["/a" + oauth: complete], nil, false,
                ["error document_absent", "error document_absent", "error document_absent", "error metadata_misplaced"]
            ),
            (
                "", [oauth: complete.merging(patch: ["registration_endpoint": .null])], oauth, true,
                [registrationWarning]
            ),
            (
                "",
                [
                    oauth: complete.merging(patch: [
                        "registration_endpoint": .null, "client_id_metadata_document_supported": true,
                    ])
                ], oauth, true, []
            ),
        ] as [(String, [String: JSON], String?, Bool, [String])]
    )
    func `the first suitable document is used, in the order that clients try`(
        path: String,
        documents: [String: JSON],
        chosen: String?,
        isCompatible: Bool,
        findings: [String]
    ) async throws {
        let issuer = "https://as.example" + path
        let fetcher = FixtureFetcher([:])
        for (place, document) in documents {
            let text = document.string.map { Array($0.utf8) }
            let named = JSON.object(["issuer": .string(issuer)]).merging(patch: document)
            fetcher.serve(text ?? named.encoded(), at: "https://as.example" + place)
        }
        let inspection = IssuerInspection(issuer: IssuerIdentifier(issuer), fetcher: fetcher)
        let found = await ClientDiscovery(try #require(HTTPURL(issuer)), inspection)
        #expect(found.chosen?.place.url.description == chosen.map { "https://as.example" + $0 })
        #expect(found.isCompatible == isCompatible)
        let notable = found.findings.filter { $0.severity != .ok }.map { "\($0.severity) \($0.code)" }
        #expect(notable == findings, "\(found.findings)")
        #expect(!found.isUnreachable)
    }

    private static let registrationWarning = "warning dynamic_registration_not_supported"

    @Test func `a server that does not answer is reported as unreachable`() async throws {
        let fetcher = FixtureFetcher([:])
        fetcher.setDown(true)
        let inspection = IssuerInspection(issuer: "https://as.example/a", fetcher: fetcher)
        let found = await ClientDiscovery(try #require(HTTPURL("https://as.example/a")), inspection)
        #expect(found.isUnreachable && found.chosen == nil)
        #expect(
            fetcher.requests.prefix(3) == [
                "https://as.example/.well-known/oauth-authorization-server/a",
                "https://as.example/.well-known/openid-configuration/a",
                "https://as.example/a/.well-known/openid-configuration",
            ]
        )
    }
}
