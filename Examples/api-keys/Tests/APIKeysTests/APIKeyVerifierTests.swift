// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import APIKeys
import HTTPTypes
import MCPAuth
import MCPAuthTesting
import Testing

@Suite struct APIKeyVerifierTests {
    private static let resource = "https://api.example.com/builds"
    private static let good = "nk_ci_3f9c1d7b2a6e4c58"

    private static let verifier = APIKeyVerifier(
        [
            .init(
                sha256: "193523f4adaaa94426c0e4b3240e26714838ab306baebd88d81f6a4663aa2b70",
                subject: "ci",
                scopes: ["builds:read"],
                expires: 4_102_444_800
            )
        ],
        audience: resource
    )

    private static let kit = VerifierConformanceTest(
        verifier,
        issuer: "urn:example:api-keys",
        resource: resource,
        good: good,
        bad: ["nk_old_77d0a1b2c3d4e5f6", "nk_", "nk_ci_", good.uppercased()]
    )

    @Test(arguments: kit.checks)
    func conforms(to check: ConformanceCheck) async throws {
        try await check.run()
    }

    @Test(
        arguments: [
            (good, 200, "ci"), ("nk_old_77d0a1b2c3d4e5f6", 401, nil), ("nk_unknown", 401, nil),
            ("something else", 400, nil),
        ] as [(String, Int, String?)]
    )
    func `a key is its owner at the resource`(token: String, status: Int, subject: String?) async throws {
        let expired = APIKeyVerifier.Key(
            sha256: "ccfb5edae2445ed9a7b744577ae11e047b3cbd72ff3a093fe8f5cbfc7ca3126f",
            subject: "old",
            scopes: [],
            expires: 1_600_000_000
        )
        var builds = try ResourceConfiguration(Self.resource, authorizationServers: [])
        builds.verifiers = [
            AttachedVerifier(Self.verifier, issuer: "urn:example:api-keys"),
            AttachedVerifier(APIKeyVerifier([expired], audience: Self.resource), issuer: "urn:example:old-keys"),
        ]
        let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [builds]), fetcher: TestFetcher())
        var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.com", path: "/builds")
        request.headerFields[.authorization] = "Bearer \(token)"
        switch await mcpAuth.authorize(request) {
        case .allow(let info):
            #expect(status == 200 && info?.subject == subject)
            #expect(info?.scopes.contains("builds:read") == true)
        case .deny(let denial): #expect(denial.status == status)
        }
    }
}
