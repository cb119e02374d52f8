// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthHTTP
import Testing

/// Which web pages may read answers, and how their preflights are answered.
@Suite struct CORSSettingsTests {
    private static let page = "https://app.example"
    private static let lists = [
        CORSSettings(), CORSSettings(allowedOrigins: [page]),
        CORSSettings(allowedOrigins: ["https://b.example", page]),
    ]

    @Test(arguments: [
        "authorization,content-type,mcp-protocol-version", "mcp-method,mcp-name", "mcp-param-region,authorization",
        "traceparent,tracestate,baggage", "x-tenant-id, Authorization", "mcp-session-id,last-event-id",
        "!#$%&'*+-.^_`|~",
    ])
    func `a preflight allows every requested field if the page may read answers`(asked: String) throws {
        for settings in Self.lists {
            let allowed = try Self.allowedFields(settings, asking: [asked])
            for name in asked.split(separator: ",").map({ $0.filter { $0 != " " }.lowercased() }) {
                #expect(allowed.contains(name), "\(allowed)")
            }
            #expect(allowed.count == Set(allowed).count, "each once: \(allowed)")
            for name in ["authorization", "content-type", "mcp-protocol-version", "mcp-session-id", "last-event-id"] {
                #expect(allowed.contains(name))
            }
        }
    }

    @Test func `fields requested in two lines are both allowed`() throws {
        let allowed = try Self.allowedFields(CORSSettings(), asking: ["x-one", "x-two"])
        #expect(allowed.contains("x-one") && allowed.contains("x-two"))
    }

    @Test(arguments: ["a b", "a\"b", "a:b", "a(b)", "x-\u{e4}", "", String(repeating: "a", count: 129)])
    func `an invalid field name is not repeated, and a valid one in the same list is`(asked: String) throws {
        let allowed = try Self.allowedFields(CORSSettings(), asking: [asked + ",x-good"])
        #expect(allowed.contains("x-good"))
        #expect(!allowed.contains(asked.lowercased()))
    }

    @Test func `a very long list of fields is repeated only up to a limit`() throws {
        let asked = (0..<10_000).map { "x-\($0)" }.joined(separator: ",")
        let allowed = try Self.allowedFields(CORSSettings(), asking: [asked])
        #expect(allowed.contains("x-0") && allowed.count < 120)
    }

    @Test func `a preflight allows the requested method`() throws {
        for method in ["POST", "PATCH", "REPORT"] {
            let head = try #require(CORSSettings().preflightResponse(to: Self.preflight(method: method))).head
            let allowed = head.headerFields[.accessControlAllowMethods]?.split(separator: ",").map {
                $0.drop { $0 == " " }
            }
            #expect(allowed?.contains { $0 == method } == true)
        }
        let head = try #require(CORSSettings().preflightResponse(to: Self.preflight(method: "A B"))).head
        #expect(head.headerFields[.accessControlAllowMethods]?.contains("A B") == false)
    }

    @Test func `private network access is allowed for a page that may read answers`() throws {
        let request = Self.preflight(fields: [("Access-Control-Request-Private-Network", "true")])
        let name = try #require(HTTPField.Name("Access-Control-Allow-Private-Network"))
        for settings in Self.lists {
            #expect(settings.preflightResponse(to: request)?.head.headerFields[name] == "true")
            #expect(settings.preflightResponse(to: Self.preflight())?.head.headerFields[name] == nil)
        }
        let foreign = CORSSettings(allowedOrigins: ["https://other.example"]).preflightResponse(to: request)
        #expect(foreign?.head.headerFields[name] == nil)
    }

    @Test(arguments: [
        (["*"], ["https://app.example"], "*" as String?), (["*"], [], "*"), (["https://app.example"], [], nil),
        (["https://app.example"], ["https://app.example"], "https://app.example"),
        (["https://app.example"], ["https://app.example:8443"], nil),
        (["https://app.example"], ["https://APP.example"], nil),
        (["https://app.example"], ["http://app.example"], nil),
        (["https://app.example"], ["https://app.example.evil"], nil),
        (["https://app.example"], ["null"], nil), (["https://app.example"], ["*"], nil),
        ([], ["https://app.example"], nil),
        (["https://app.example"], ["https://app.example", "https://app.example"], nil),
        (["https://a.example", "https://b.example"], ["https://b.example"], "https://b.example"),
        (["https://k.example"], ["https://\u{212A}.example"], nil),
    ])
    func `an answer names the page that may read it, and other pages get no CORS fields`(
        allowed: [String],
        origins: [String],
        expected: String?
    ) {
        let settings = CORSSettings(allowedOrigins: allowed)
        var request = HTTPRequest(method: .get, scheme: "https", authority: "h.example", path: "/mcp")
        for origin in origins { request.headerFields.append(HTTPField(name: .origin, value: origin)) }
        var fields = HTTPFields()
        settings.addFields(to: &fields, answering: request)
        #expect(fields[.accessControlAllowOrigin] == expected)
        #expect((fields[.accessControlExposeHeaders] != nil) == (expected != nil))
        #expect((fields[.vary] == "Origin") == (allowed != ["*"]), "a cache must not hand it to another page")
        request.method = .options
        request.headerFields[.accessControlRequestMethod] = "POST"
        guard let preflight = settings.preflightResponse(to: request)?.head else {
            #expect(origins.isEmpty)
            return
        }
        #expect(preflight.status == .noContent)
        #expect(preflight.headerFields[.accessControlAllowOrigin] == expected)
        let others = preflight.headerFields.filter { $0.name.canonicalName.hasPrefix("access-control-") }
        #expect(others.isEmpty == (expected == nil))
    }

    @Test func `CORS and Vary fields that a handler sets are kept`() {
        var request = HTTPRequest(method: .get, scheme: "https", authority: "h.example", path: "/mcp")
        request.headerFields[.origin] = Self.page
        for settings in Self.lists {
            var own: HTTPFields = [.accessControlAllowOrigin: "https://own.example"]
            settings.addFields(to: &own, answering: request)
            #expect(own == [.accessControlAllowOrigin: "https://own.example"])
        }
        var fields: HTTPFields = [.vary: "Accept-Encoding", .accessControlExposeHeaders: "X-Own"]
        Self.lists[1].addFields(to: &fields, answering: request)
        #expect(fields[values: .vary] == ["Accept-Encoding", "Origin"])
        #expect(fields[values: .accessControlExposeHeaders].first == "X-Own")
        #expect(fields[values: .accessControlExposeHeaders].count == 2)
        for vary in ["*", "Origin", "accept, origin"] {
            var fields: HTTPFields = [.vary: vary]
            Self.lists[1].addFields(to: &fields, answering: request)
            #expect(fields[values: .vary] == [vary])
        }
    }

    @Test func `an OPTIONS request without the preflight fields is not a preflight`() {
        var request = Self.preflight()
        request.headerFields[.origin] = nil
        #expect(CORSSettings().preflightResponse(to: request) == nil)
        request = Self.preflight()
        request.headerFields[.accessControlRequestMethod] = nil
        #expect(CORSSettings().preflightResponse(to: request) == nil)
        request = Self.preflight()
        request.method = .post
        #expect(CORSSettings().preflightResponse(to: request) == nil)
    }

    private static func preflight(method: String = "POST", fields: [(String, String)] = []) -> HTTPRequest {
        var request = HTTPRequest(method: .options, scheme: "https", authority: "h.example", path: "/mcp")
        request.headerFields[.origin] = page
        request.headerFields[.accessControlRequestMethod] = method
        for (name, value) in fields {
            guard let name = HTTPField.Name(name) else { continue }
            request.headerFields.append(HTTPField(name: name, value: value))
        }
        return request
    }

    private static func allowedFields(_ settings: CORSSettings, asking lines: [String]) throws -> [String] {
        let request = preflight(fields: lines.map { ("Access-Control-Request-Headers", $0) })
        let fields = try #require(settings.preflightResponse(to: request)).head.headerFields
        #expect(fields[.accessControlMaxAge] != nil)
        return (fields[.accessControlAllowHeaders] ?? "").split(separator: ",").map {
            $0.filter { $0 != " " }.lowercased()
        }
    }
}
