// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthTesting
import Testing

/// Resources whose access token is in a field of its own, as authenticating proxies send it.
@Suite struct TokenFieldTests {
    private static let resource = "https://api.example.com/mcp"

    private struct Server {
        let mcpAuth: MCPAuth
        let good: String
        let other: String

        init() throws {
            let issuer = try TestIssuer(audience: resource)
            var protected = try ResourceConfiguration(resource, authorizationServers: [issuer.server])
            protected.tokenField = "X-Edge-Assertion"
            mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [protected]), fetcher: TestFetcher(issuer))
            good = try issuer.token()
            other = try issuer.token(subject: "mallory")
        }

        /// The status, and the subject if the handler may run.
        func answer(_ fields: [(String, String)]) async -> String {
            var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.com", path: "/mcp")
            for (name, value) in fields {
                guard let name = HTTPField.Name(name) else { return "no field name" }
                request.headerFields.append(HTTPField(name: name, value: value))
            }
            switch await mcpAuth.requestGuard().check(request, body: { _ in .bytes([]) }) {
            case .proceed(let authInfo): return authInfo?.subject ?? "anyone"
            case .respond(let response, _): return "\(response.head.status.code)"
            }
        }
    }

    @Test func `only the named field counts, and only once`() async throws {
        let server = try Server()
        let (good, other) = (server.good, server.other)
        for (fields, answer) in [
            ([("X-Edge-Assertion", good)], "alice"),
            ([("x-edge-assertion", good)], "alice"),
            ([("Authorization", "Bearer \(good)")], "401"),
            ([("X-Edge-Assertion", good), ("Authorization", "Bearer \(other)")], "alice"),
            ([("X-Edge-Assertion", good), ("Authorization", "Basic eDp5")], "alice"),
            ([("X-Edge-Assertion", "Bearer \(good)")], "400"),
            ([("X-Edge-Assertion", good), ("X-Edge-Assertion", other)], "400"),
            ([("X-Edge-Assertion", good), ("X-Edge-Assertion", good)], "400"),
            ([("X-Edge-Assertion", good), ("X_Edge_Assertion", other)], "400"),
            ([("X_Edge-Assertion", good)], "400"),
            ([("X-Edge-Assertion", "\(good), \(other)")], "400"),
            ([("X-Edge-Assertion", "")], "401"),
            ([("X-Edge-Assertion", String(good.dropLast(8)))], "401"),
            ([], "401"),
        ] as [([(String, String)], String)] {
            #expect(await server.answer(fields) == answer, "\(fields.map(\.0))")
        }
    }

    @Test func `the metadata promises none of the methods of RFC 6750`() throws {
        let request = HTTPRequest(
            method: .get,
            scheme: "https",
            authority: "api.example.com",
            path: "/.well-known/oauth-protected-resource/mcp"
        )
        let response = try Server().mcpAuth.openResponse(to: request)
        let metadata = try JSON(parsing: try #require(response?.body))
        #expect(metadata["resource"]?.string == Self.resource && metadata["bearer_methods_supported"] == nil)
    }

    @Test(arguments: ["Authorization", "cookie", "Host", ":path", "a b", "", "Proxy-Authorization"])
    func `a field with another meaning is refused`(name: String) throws {
        var resource = try ResourceConfiguration(Self.resource, authorizationServers: [])
        resource.tokenField = name
        let error = #expect(throws: ConfigurationError.self) {
            try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: TestFetcher())
        }
        #expect(error?.code == .invalidValue)
    }

    @Test func `a mistake in the file has its place`() throws {
        let path = FileManager.default.temporaryDirectory.path + "/token-field-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = """
            { "version": 1, "resources": [ { "resource": "https://api.example.com/mcp", "policy": "authenticated",
              "token_field": "cookie" } ] }
            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: path, environment: [:]) }
        #expect(
            error?.description.contains(":2:18: MA005: `cookie` has another meaning") == true,
            "\(error?.description ?? "")"
        )
    }
}
