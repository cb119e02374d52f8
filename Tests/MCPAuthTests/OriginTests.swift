// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import TestSupport
import Testing

/// Which web pages may send requests, and which may read answers.
@Suite struct OriginTests {
    /// The ways in which a host can find a resource.
    enum Route: CaseIterable, Sendable {
        case routed
        case anyAuthority
        case fixed
    }

    @Test(arguments: Route.allCases)
    func `a server on this machine refuses foreign origins and host names on every kind of route`(
        route: Route
    ) async throws {
        for (origins, host, isAnswered) in [
            ([], "127.0.0.1:8080", true), ([], "localhost:8080", route != .routed),
            ([], "[::1]:8080", route != .routed),
            ([], "127.9.9.9:8080", route != .routed), ([], "LOCALHOST:8080", route != .routed),
            ([], "evil.example", false), ([], "127.0.0.1.evil.example", false),
            ([], "localhost.evil.example:8080", false),
            ([], "128.0.0.1:8080", false), ([], "0.0.0.0:8080", false), ([], "", false),
            ([], "127.0.0.1:8080@evil", false),
            (["http://localhost:6274"], "127.0.0.1:8080", true), (["http://[::1]:1"], "127.0.0.1:8080", true),
            (["https://evil.example"], "127.0.0.1:8080", false), (["null"], "127.0.0.1:8080", false),
            ([""], "127.0.0.1:8080", false), (["http://localhost.evil.example"], "127.0.0.1:8080", false),
            (["http://localhost:6274", "https://evil.example"], "127.0.0.1:8080", false),
            (["https://evil.example", "http://localhost:6274"], "127.0.0.1:8080", false),
            (["http://localhost:6274"], "evil.example", false),
            (["http://localhost:6274", "http://127.0.0.1"], "127.0.0.1:8080", true),
        ] {
            let answer = try await Self.answer(at: "http://127.0.0.1:8080/mcp", nil, route, origins, host: host)
            let label = "\(route) \(origins) \(host): \(answer.verdict)"
            #expect((answer.status == 401) == isAnswered, "\(label)")
            #expect(isAnswered || ["invalid_origin", "no_such_resource"].contains(answer.reason), "\(label)")
            #expect(isAnswered || route == .routed || answer.reason == "invalid_origin", "\(label)")
        }
    }

    @Test(arguments: Route.allCases)
    func `allowed origins may reach a server on this machine too`(route: Route) async throws {
        let allowed = ["https://app.example"]
        for (origin, host, isAnswered) in [
            ("https://app.example", "127.0.0.1:8080", true), ("http://localhost:6274", "127.0.0.1:8080", true),
            ("https://app2.example", "127.0.0.1:8080", false), ("https://app.example", "evil.example", false),
        ] {
            let answer = try await Self.answer(at: "http://127.0.0.1:8080/mcp", allowed, route, [origin], host: host)
            #expect((answer.status == 401) == isAnswered, "\(route) \(origin) \(host): \(answer.verdict)")
        }
    }

    @Test(arguments: Route.allCases)
    func `other servers check origins only if allowed origins are configured`(route: Route) async throws {
        let resource = "https://api.example.com/mcp"
        for (allowed, origins, isAnswered) in [
            (nil, ["https://evil.example"], true), (nil, ["null"], true), (nil, [], true),
            (["https://app.example"], [], true), (["https://app.example"], ["https://app.example"], true),
            (["https://app.example"], ["https://app.example:8443"], false),
            (["https://app.example"], ["http://app.example"], false),
            (["https://app.example"], ["https://APP.example"], false), (["https://app.example"], ["null"], false),
            (["https://app.example"], ["https://app.example/"], false),
            (["https://app.example"], ["http://localhost"], false),
            (["https://app.example"], ["https://app.example", "https://evil.example"], false),
            ([], ["https://app.example"], false),
            (["https://kit.example"], ["https://\u{212A}it.example"], false), ([], [], true),
            (["https://a.example", "vscode-webview://b"], ["vscode-webview://b"], true),
        ] as [([String]?, [String], Bool)] {
            let answer = try await Self.answer(at: resource, allowed, route, origins, host: "api.example.com")
            let label = "\(String(describing: allowed)) \(origins): \(answer.verdict)"
            #expect(answer.verdict == (isAnswered ? "401 no_credentials" : "403 invalid_origin"), "\(label)")
            let preflight = try await Self.answer(
                at: resource,
                allowed,
                route,
                origins,
                host: "api.example.com",
                fields: [("Access-Control-Request-Method", "POST")],
                method: .options
            )
            let expected = origins.isEmpty ? 401 : isAnswered ? 204 : 403
            #expect(preflight.status == expected, "preflight \(label)")
        }
    }

    @Test func `a foreign origin is refused even with a valid token`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let server = AuthorizationServer(issuer: IssuerIdentifier(issuer.identifier), discovery: .oidc)
        var notes = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        notes.allowedOrigins = ["https://app.example"]
        let door = try Door([notes], fetcher: issuer.fetcher)
        let authorization = ["Bearer \(try issuer.token())"]
        let good = try await door.request(authorization: authorization, fields: [("Origin", "https://app.example")])
        #expect(good.verdict == "200")
        let foreign = try await door.request(authorization: authorization, fields: [("Origin", "https://evil.example")])
        #expect(foreign.verdict == "403 invalid_origin")
    }

    @Test func `one CORS setting applies to refused, allowed and metadata requests, and can be reloaded`()
        async throws
    {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let server = AuthorizationServer(issuer: IssuerIdentifier(issuer.identifier), discovery: .oidc)
        let notes = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        let page = "https://app.example"
        let mcpAuth = try MCPAuth(
            MCPAuthConfiguration(resources: [notes], corsAllowedOrigins: [page]),
            fetcher: issuer.fetcher
        )
        let guards = [
            mcpAuth.requestGuard(),
            try mcpAuth.requestGuard(resource: "https://api.example.com/notes", audience: [], requiredScopes: []),
        ]
        #expect(try await Self.readers(mcpAuth, guards, among: [page, "https://b.example"]) == [page])
        try mcpAuth.reload(MCPAuthConfiguration(resources: [notes], corsAllowedOrigins: ["https://b.example"]))
        #expect(try await Self.readers(mcpAuth, guards, among: [page, "https://b.example"]) == ["https://b.example"])
        try mcpAuth.reload(MCPAuthConfiguration(resources: [notes], corsAllowedOrigins: []))
        #expect(try await Self.readers(mcpAuth, guards, among: [page, "https://b.example"]).isEmpty)
        try mcpAuth.reload(MCPAuthConfiguration(resources: [notes]))
        #expect(
            try await Self.readers(mcpAuth, guards, among: [page, "https://b.example"]) == [page, "https://b.example"]
        )
    }

    /// The pages that may read every answer; a page that may read only some fails the test.
    private static func readers(
        _ mcpAuth: MCPAuth,
        _ guards: [RequestGuard],
        among origins: [String]
    ) async throws -> [String] {
        var readers: [String] = []
        for origin in origins {
            var request = HTTPRequest(method: .post, scheme: "https", authority: "api.example.com", path: "/notes")
            request.headerFields[.origin] = origin
            var answers: [HTTPFields] = []
            for requestGuard in guards {
                let outcome = await requestGuard.check(request, now: NumericDate.now) { _ in .tooLarge }
                guard case .respond(let response, _) = outcome else { continue }
                answers.append(response.head.headerFields)
                var allowed = HTTPFields()
                requestGuard.complete(&allowed, answering: request)
                answers.append(allowed)
            }
            request.method = .get
            for path in ["/.well-known/oauth-protected-resource/notes", "/.well-known/other"] {
                request.path = path
                let endpoint = mcpAuth.metadataEndpoint
                answers.append(
                    try #require(endpoint.response(to: request) ?? endpoint.notFound(request)).head.headerFields
                )
            }
            request.path = "/notes"
            request.method = .options
            request.headerFields[.accessControlRequestMethod] = "POST"
            answers.append(try #require(guards[0].preflightResponse(to: request)).head.headerFields)
            #expect(answers.count == 7)
            let named = Set(answers.map { [origin, "*"].contains($0[.accessControlAllowOrigin] ?? "") })
            #expect(named.count == 1, "\(origin)")
            if named == [true] { readers.append(origin) }
        }
        return readers
    }

    private static func answer(
        at name: String,
        _ allowed: [String]?,
        _ route: Route,
        _ origins: [String],
        host: String,
        fields: [(String, String)] = [],
        method: HTTPRequest.Method = .post
    ) async throws -> Door.Answer {
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
        var resource = try ResourceConfiguration(name, authorizationServers: [server])
        resource.allowedOrigins = allowed
        var configuration = MCPAuthConfiguration(resources: [resource])
        if route == .anyAuthority { configuration.authorityRule = .any }
        let door = Door(
            mcpAuth: try MCPAuth(configuration, fetcher: FixtureFetcher([:])),
            resource: try ResourceIdentifier(name),
            now: NumericDate(1_795_425_000)
        )
        let fixed = try door.mcpAuth.requestGuard(resource: name, audience: [], requiredScopes: [])
        return try await door.request(
            method: method,
            host: host,
            fields: origins.map { ("Origin", $0) } + fields,
            through: route == .fixed ? fixed : nil
        )
    }
}
