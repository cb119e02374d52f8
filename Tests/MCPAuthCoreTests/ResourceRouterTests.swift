// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Testing

@testable import MCPAuthCore

@Suite struct ResourceRouterTests {
    @Test(arguments: [
        ("https://api.example.com/notes", "api.example.com", "/notes", true),
        ("https://api.example.com/notes", "API.example.com:443", "/notes/1", true),
        ("https://api.example.com/notes", "api.example.com", "/notes2", false),
        ("https://api.example.com/notes", "api.example.com", "/", false),
        ("https://api.example.com/notes", "evil.example.com", "/notes", false),
        ("https://api.example.com", "api.example.com", "/anything", true),
        ("http://127.0.0.1:8080/mcp", "127.0.0.1:8080", "/mcp/", true),
    ])
    func `a request belongs to the resource of its authority and path`(
        resource: String,
        authority: String,
        path: String,
        belongs: Bool
    ) throws {
        let router = try ResourceRouter([try makeResource(resource)])
        #expect(routed(router, authority, path) == (belongs ? resource : nil))
    }

    @Test func `the longest path prefix wins`() throws {
        let names = ["https://h.example/", "https://h.example/a", "https://h.example/a/b"]
        let router = try ResourceRouter(try names.map { try makeResource($0) })
        #expect(routed(router, "h.example", "/a/b/c") == names[2])
        #expect(routed(router, "h.example", "/a/x") == names[1])
        #expect(routed(router, "h.example", "/x") == names[0])
    }

    @Test(arguments: [
        "//notes", "/./notes", "/a/../notes", "/%2e%2e/notes", "/notes%2fx", "/notes%5cx", "/notes\\x", "/notes;v=1",
        "/notes/..;/x", "/notes%00", "/%6eotes", "/notes%zz", "/notes%", "/notes#x", "", "notes", "*",
        "http:notes", "/notes%252e", "/n\u{f6}tes", "/notes\n",
    ])
    func `a path that another program might read differently is refused`(path: String) throws {
        let router = try ResourceRouter([try makeResource("https://h.example/notes")])
        let request = ProtectedResourceRequest(method: .get, authority: "h.example", path: path, credentials: .none)
        guard case .denied(let denial) = router.route(request) else {
            Issue.record("routed")
            return
        }
        #expect(denial.reason == .ambiguousTarget)
        #expect(denial.status == 400)
        #expect(denial.challenge == nil)
    }

    @Test func `two resources that match the same requests are a configuration error`() throws {
        let one = try makeResource("https://a.example/mcp")
        let other = try makeResource("https://b.example/mcp")
        #expect(throws: Never.self) { try ResourceRouter([one, other]) }
        #expect(throws: ConfigurationError(.conflict, "")) { try ResourceRouter([one, other], authority: .any) }
        let variant = try makeResource("https://A.example:443/mcp/")
        #expect(throws: ConfigurationError(.conflict, "")) { try ResourceRouter([one, variant]) }
        #expect(throws: ConfigurationError(.duplicate, "")) { try ResourceRouter([one, one]) }
    }

    private func routed(_ router: ResourceRouter, _ authority: String, _ path: String) -> String? {
        let request = ProtectedResourceRequest(method: .get, authority: authority, path: path, credentials: .none)
        guard case .passed(let resource) = router.route(request) else { return nil }
        return resource.identifier.description
    }

    private func makeResource(_ name: String) throws -> ProtectedResource {
        let identifier = try ResourceIdentifier(name)
        return ProtectedResource(
            identifier: identifier,
            issuers: [],
            acceptedAudiences: [ResourceAudience(name)],
            verifiers: [],
            policy: AuthenticatedPolicy(),
            metadata: ProtectedResourceMetadata(resource: identifier),
            speaksMCP: false
        )
    }
}
