// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthPolicy
import MCPAuthTesting
import Testing

/// Requests to a host that ignores case in its routes, compared with one that does not.
@Suite struct CaseTests {
    private let issuer: TestIssuer
    private let door: Door

    init() throws {
        issuer = try TestIssuer(audience: "https://api.example.com/notes")
        let policy =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","paths":["/notes/open","/notes/c/*"]},"#
            + #"{"id":"d","effect":"deny","paths":["/notes/c/shut"]},"#
            + #"{"id":"r","effect":"require","paths":["/notes/c/more"],"scopes":{"all":["more"]}}]}"#
        var resources: [ResourceConfiguration] = []
        for path in ["/notes", "/notes/admin", "/Twice", "/twice", "/caf%C3%A9", ""] {
            var resource = try ResourceConfiguration(
                "https://api.example.com" + path,
                authorizationServers: [issuer.server],
                audiences: [issuer.audience],
                speaksMCP: false
            )
            if path == "/notes" {
                resource.policies = [Policy(try CompiledPolicy(file: "p.json", bytes: Array(policy.utf8)))]
            }
            resources.append(resource)
        }
        door = try Door(resources, issuer: issuer)
    }

    @Test(arguments: [
        ("/notes/open", "200", "200"), ("/notes/OPEN", "403 denied_by_policy", "403 denied_by_policy"),
        ("/notes/c/x", "200", "200"), ("/notes/c/X", "200", "200"),
        ("/notes/c/shut", "403 denied_by_policy", "403 denied_by_policy"),
        ("/notes/c/Shut", "200", "403 denied_by_policy"), ("/notes/c/%C5%BFhut", "200", "403 denied_by_policy"),
        ("/notes/c/shut/", "403 denied_by_policy", "403 denied_by_policy"),
        ("/notes/c/SHUT/", "200", "403 denied_by_policy"),
        ("/notes/c/more", "403 insufficient_scope", "403 insufficient_scope"),
        ("/notes/c/MORE", "200", "403 insufficient_scope"),
        ("/notes/C/x", "403 denied_by_policy", "403 denied_by_policy"),
        // Only case decides which resource is meant.
        ("/NOTES/open", "200", "404 no_such_resource"), ("/Notes", "200", "404 no_such_resource"),
        ("/notes/ADMIN", "403 denied_by_policy", "404 no_such_resource"), ("/notes/admin/X", "200", "200"),
        ("/notes/Admin/x", "403 denied_by_policy", "404 no_such_resource"),
        ("/notes/adminx", "403 denied_by_policy", "403 denied_by_policy"),
        ("/Twice", "200", "404 no_such_resource"), ("/twice/a", "200", "404 no_such_resource"),
        ("/TWICE", "200", "404 no_such_resource"), ("/elsewhere", "200", "200"), ("/ELSEWHERE", "200", "200"),
        ("/", "200", "200"),
        ("/caf%C3%A9", "200", "200"), ("/CAF%C3%89/a", "200", "404 no_such_resource"),
        ("/cafe%CC%81", "200", "404 no_such_resource"),
    ])
    func `if the host ignores case, deny and require rules match in any case, and allow rules do not`(
        path: String,
        verdict: String,
        ignoringCase: String
    ) async throws {
        let authorization = ["Bearer \(try issuer.token())"]
        let exact = try await door.request(authorization: authorization, method: .get, path: path)
        #expect(exact.verdict == verdict)
        let folding = door.mcpAuth.requestGuard(ignoringCase: true)
        let folded = try await door.request(authorization: authorization, method: .get, path: path, through: folding)
        #expect(folded.verdict == ignoringCase)
    }

    @Test func `a resource on its own port is found on a host that ignores case`() async throws {
        let resource = try ResourceConfiguration("http://127.0.0.1:8080/Notes", authorizationServers: [issuer.server])
        let door = try Door([resource], issuer: issuer)
        let folding = door.mcpAuth.requestGuard(ignoringCase: true)
        for (path, status) in [("/Notes", 401), ("/Notes/a", 401), ("/notes", 404)] {
            #expect(try await door.request(path: path, through: folding).status == status)
        }
    }

    @Test func `a deny rule matches in any case on the routes of one resource too`() async throws {
        let name = "https://api.example.com/notes"
        for (ignoresCase, verdict) in [(false, "200"), (true, "403 denied_by_policy")] {
            let fixed = try door.mcpAuth.requestGuard(
                resource: name,
                audience: [],
                requiredScopes: [],
                ignoringCase: ignoresCase
            )
            let authorization = ["Bearer \(try issuer.token())"]
            let answer = try await door.request(
                authorization: authorization,
                method: .get,
                path: "/notes/c/SHUT",
                through: fixed
            )
            #expect(answer.verdict == verdict)
        }
    }
}
