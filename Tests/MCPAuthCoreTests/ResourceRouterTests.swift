// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import TestSupport
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
        let router = try ResourceRouter([try ProtectedResource.plain(resource)])
        #expect(routed(router, authority, path) == (belongs ? resource : nil))
    }

    @Test func `the longest path prefix wins`() throws {
        let names = ["https://h.example/", "https://h.example/a", "https://h.example/a/b"]
        let router = try ResourceRouter(try names.map { try .plain($0) })
        #expect(routed(router, "h.example", "/a/b/c") == names[2])
        #expect(routed(router, "h.example", "/a/x") == names[1])
        #expect(routed(router, "h.example", "/x") == names[0])
    }

    @Test(arguments: [
        "//notes", "/./notes", "/a/../notes", "/%2e%2e/notes", "/notes%2fx", "/notes%5cx", "/notes\\x", "/notes;v=1",
        "/notes/..;/x", "/notes%00", "/%6eotes", "/notes%C0%AE", "/notes/%c0%ae%c0%ae/x", "/notes%FF", "/notes%C3",
        "/notes%zz", "/notes%", "/notes#x", "", "notes", "*",
        "http:notes", "/notes%252e", "/n\u{f6}tes", "/notes\n",
    ])
    func `a path that another program might read differently is refused`(path: String) throws {
        #expect(RequestPath(path) == nil)
    }

    @Test(arguments: [
        ("/notes%3Aexport", "/notes:export"), ("/alice%40example.com/%c3%a9", "/alice@example.com/%C3%A9"),
        ("/a%20b/%2A", "/a%20b/*"), ("/notes/", "/notes/"), ("/notes", "/notes"), ("/", "/"), ("/a%3Fb", "/a%3Fb"),
        ("/a|b[1]{c}^`<>\"", "/a%7Cb%5B1%5D%7Bc%7D%5E%60%3C%3E%22"),
    ])
    func `different spellings of a path have one canonical form`(sent: String, canonical: String) {
        #expect(RequestPath.canonical(sent) == canonical)
        #expect(RequestPath.canonical(canonical) == canonical)
    }

    @Test func `a resource is found for every spelling and length of the request path`() throws {
        let names = ["https://h.example/", "https://h.example/notes:export"]
        let router = try ResourceRouter(try names.map { try .plain($0) })
        for path in ["/notes:export", "/notes%3Aexport", "/notes%3aexport/", "/notes:export/1"] {
            #expect(routed(router, "h.example", path) == names[1], "\(path)")
        }
        let long = String(repeating: "/a", count: 4000)
        #expect(routed(router, "h.example", long) == names[0])
        #expect(routed(router, "h.example", "/notes:export" + long) == names[1])
        #expect(routed(router, "h.example", "/notes:exporter") == names[0])
    }

    @Test func `two resources that match the same requests are a configuration error`() throws {
        let one = try ProtectedResource.plain("https://a.example/mcp")
        let other = try ProtectedResource.plain("https://b.example/mcp")
        #expect(throws: Never.self) { try ResourceRouter([one, other]) }
        #expect(throws: ConfigurationError(.conflict, "")) { try ResourceRouter([one, other], authority: .any) }
        let variant = try ProtectedResource.plain("https://A.example:443/mcp/")
        #expect(throws: ConfigurationError(.conflict, "")) { try ResourceRouter([one, variant]) }
        #expect(throws: ConfigurationError(.duplicate, "")) { try ResourceRouter([one, one]) }
    }

    @Test func `among many hosts, a path belongs to the resource of its own host`() throws {
        let hosts = ["a.example", "b.example", "c.example:8443"]
        let resources = try hosts.map { try ProtectedResource.plain("https://\($0)/\($0.prefix(1))") }
        let router = try ResourceRouter(resources + [try .plain("https://a.example/b/c")])
        for (index, host) in hosts.enumerated() {
            #expect(routed(router, host, "/\(host.prefix(1))") == resources[index].identifier.description)
        }
        #expect(routed(router, "a.example:443", "/a") == "https://a.example/a")
        #expect(routed(router, "a.example", "/b") == nil)
        #expect(routed(router, "b.example", "/b/c") == "https://b.example/b")
        #expect(routed(router, "c.example", "/c") == nil)
    }

    private func routed(_ router: ResourceRouter, _ authority: String, _ path: String) -> String? {
        guard let path = RequestPath(path) else { return nil }
        let request = ProtectedResourceRequest(method: .get, authority: authority, path: path)
        guard case .passed(let resource) = router.route(request) else { return nil }
        return resource.identifier.description
    }
}
