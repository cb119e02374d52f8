// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthServer
import MCPAuthTesting
import Testing
import Tracing

/// The spans of decisions, at every door.
struct DecisionSpansTests {
    private typealias Recorded = TracingTests.Recorded

    private static let (traceID, parentID) = (TracingTests.traceID, TracingTests.parentID)
    private static let parent = TracingTests.parent

    /// A guard whose decisions are observed, at the resources of ``ProxyDoor``.
    private static func requestGuard(_ recorded: Recorded) throws -> RequestGuard {
        var configuration = try MCPAuthConfiguration(resources: ProxyDoor.standardResources()) { _ in }
        configuration.onDecision = recorded.spans.take
        var requestGuard = try MCPAuth(configuration, fetcher: TestFetcher()).requestGuard()
        requestGuard.door = "nginx"
        requestGuard.observer = recorded.spans
        return requestGuard
    }

    private static func request(
        _ path: String,
        token: String?,
        _ others: [(name: String, value: String)] = []
    ) throws -> HTTPRequest {
        var fields = HTTPFields()
        for (name, value) in others { fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value)) }
        if let token { fields[.authorization] = "Bearer \(token)" }
        return HTTPRequest(method: .get, scheme: "https", authority: "mcp.example", path: path, headerFields: fields)
    }

    @Test func `a decision has a span with what was decided, below that of the client`() async throws {
        let recorded = Recorded()
        let fields = [("traceparent", Self.parent), ("tracestate", "a=1")]
        let asked = try Self.request("/mcp?secret=good", token: "good", fields)
        guard case .proceed(_, let id?) = try await Self.requestGuard(recorded).check(forwarded: asked, body: nil)
        else {
            throw CancellationError()
        }
        let span = try #require(recorded.finished.first)
        #expect(recorded.finished.count == 1 && span.name == "mcp_auth.decide")
        #expect(span.trace.traceID.description == Self.traceID && span.trace.state == "a=1")
        #expect(span.parentID.map { $0.hexadecimal(16) } == Self.parentID)
        #expect(
            span.attributes == [
                .door: "nginx", .decision: "allow", .decisionID: .string(id.description), .operation: "@stream",
                .resource: "https://mcp.example/mcp", .status: 200,
            ]
        )
        for secret in ["good", "alice", "example.com", "50%", "secret"] { #expect(!recorded.json.contains(secret)) }
    }

    @Test(
        arguments: [
            ("/mcp", nil, "no_credentials", 401), ("/mcp", "wrong", "unrecognized_token", 401),
            ("/admin", "good", "insufficient_scope", 403),
        ] as [(String, String?, String, Int64)]
    )
    func `a refusal has a span with its reason`(
        path: String,
        token: String?,
        reason: String,
        status: Int64
    ) async throws {
        let recorded = Recorded()
        _ = try await Self.requestGuard(recorded).check(forwarded: try Self.request(path, token: token), body: nil)
        let span = try #require(recorded.finished.first)
        #expect(recorded.finished.count == 1 && span.parentID == nil)
        #expect(span.attributes[.decision] == "deny" && span.attributes[.reason] == .string(reason))
        #expect(span.attributes[.status] == .integer(status) && !recorded.json.contains(#""status":{"#))
        for secret in ["good", "wrong", "alice"] { #expect(!recorded.json.contains(secret)) }
    }

    @Test func `two parents are none, and neither is one that is not valid`() async throws {
        let recorded = Recorded()
        let parent = ("traceparent", Self.parent)
        let state = ("tracestate", "a=1")
        for fields in [[parent, parent, state], [("traceparent", "00-0-0-01"), state], [state]] {
            let asked = try Self.request("/mcp", token: "good", fields)
            _ = try await Self.requestGuard(recorded).check(forwarded: asked, body: nil)
        }
        #expect(recorded.finished.count == 3)
        #expect(recorded.finished.allSatisfy { $0.parentID == nil && $0.trace.state.isEmpty })
        #expect(Set(recorded.finished.map(\.trace.traceID)).count == 3)
    }

    @Test func `a decision that is not recorded is the same decision`() async throws {
        let recorded = Recorded(sampledFraction: 0)
        let asked = try Self.request("/mcp", token: "good")
        guard
            case .proceed(let caller, .some) = try await Self.requestGuard(recorded).check(forwarded: asked, body: nil)
        else { throw CancellationError() }
        #expect(caller?.subject == "alice" && recorded.finished.isEmpty)
    }

    @Test func `a decision whose body cannot be read has the kind of the error`() async throws {
        let recorded = Recorded()
        var asked = try Self.request("/mcp", token: "good")
        asked.method = .post
        await #expect(throws: FetchError.self) {
            _ = try await Self.requestGuard(recorded).check(asked) { _ in throw FetchError("secret") }
        }
        #expect(recorded.finished.map(\.attributes) == [[.errorType: "FetchError"]])
    }

    /// Fetches as async-http-client does: with a span of the kind `client`.
    private struct TracedFetcher: HTTPFetcher {
        let fetcher: TestFetcher
        let tracer: OTLPTracer

        func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
            let span = tracer.startSpan("GET", ofKind: .client)
            defer { span.end() }
            return try await fetcher.fetch(request)
        }
    }

    @Test func `the fetches of a decision have spans below its own, and other fetches have none`() async throws {
        let recorded = Recorded()
        let issuer = try TestIssuer(audience: "https://mcp.example/mcp")
        let resource = try ResourceConfiguration("https://mcp.example/mcp", authorizationServers: [issuer.server])
        var configuration = MCPAuthConfiguration(resources: [resource]) { _ in }
        configuration.onDecision = recorded.spans.take
        let fetcher = TracedFetcher(fetcher: TestFetcher(issuer), tracer: recorded.tracer)
        let mcpAuth = try MCPAuth(configuration, fetcher: fetcher)
        var requestGuard = mcpAuth.requestGuard()
        requestGuard.observer = recorded.spans
        let asked = try Self.request("/mcp", token: issuer.token(), [("traceparent", Self.parent)])
        _ = await requestGuard.check(forwarded: asked, body: nil)
        #expect(recorded.names == ["GET", "GET", "mcp_auth.decide"])
        let decision = try #require(recorded.finished.last)
        #expect(recorded.finished.dropLast().allSatisfy { $0.parentID == decision.trace.spanID })
        #expect(recorded.finished.allSatisfy { $0.trace.traceID.description == Self.traceID })

        mcpAuth.purge()
        await mcpAuth.prepareIssuers()
        #expect(fetcher.fetcher.requests.count == 4 && recorded.finished.count == 3)
    }

    // MARK: Doors

    private func expectSpan(_ recorded: Recorded, _ door: Comment, decision: JSON = "allow") {
        #expect(recorded.finished.count == 1, door)
        #expect(recorded.finished.first?.parentID.map { $0.hexadecimal(16) } == Self.parentID, door)
        #expect(recorded.finished.first?.attributes[.decision] == decision, door)
    }

    @Test func `every door finds the span of the client`() async throws {
        let listener = try #require(ConfigurationFile.Listener("127.0.0.1:9001"))
        let identity = IdentityFields(IdentitySettings())
        let fields = [("traceparent", Self.parent), ("authorization", "Bearer good")]

        let caddy = Recorded()
        let forwardAuth = try #require(
            ForwardAuthEndpoint(
                ForwardAuthSettings(listener, proxy: .caddy),
                ProxyGuard(try Self.requestGuard(caddy), identity: identity)
            )
        )
        let forwarded = [
            ("x-forwarded-method", "GET"), ("x-forwarded-uri", "/mcp"), ("x-forwarded-host", "mcp.example"),
        ]
        let asked = try Self.request("/verify", token: nil, forwarded + fields)
        #expect(await forwardAuth.response(to: asked, from: forwardAuth.peer(at: nil), body: []).head.status == .ok)
        expectSpan(caddy, "caddy")

        let apache = Recorded()
        let proxyGuard = ProxyGuard(try Self.requestGuard(apache), identity: identity)
        let fastCGI = FastCGIEndpoint(ForwardAuthSettings(listener, proxy: .apache), proxyGuard)
        var reading = FastCGIRequest()
        let more = [("HTTP_TRACEPARENT", Self.parent), ("HTTP_AUTHORIZATION", "Bearer good")]
        let parameters = try #require(try reading.take(FastCGITests.request(FastCGITests.question("/mcp", more))))
        _ = await fastCGI.response(to: parameters, from: nil)
        expectSpan(apache, "apache")

        let envoy = Recorded()
        let extAuthz = ExtAuthzEndpoint(
            ExtAuthzSettings(listener),
            ProxyGuard(try Self.requestGuard(envoy), identity: identity),
            identity: identity
        )
        var check = ProtobufWriter()
        check.message(1) { attributes in
            attributes.message(4) { request in
                request.message(2) { http in
                    for (field, text) in [(2, "GET"), (4, "/mcp"), (5, "mcp.example")] { http.text(text, field) }
                    for (name, value) in fields {
                        http.message(3) { header in
                            header.text(name, 1)
                            header.text(value, 2)
                        }
                    }
                }
            }
        }
        _ = await extAuthz.response(to: try CheckRequest(check.bytes), from: nil)
        expectSpan(envoy, "ext_authz")
    }

    @Test func `each evaluation of a gateway has a span below that of its request`() async throws {
        let recorded = Recorded()
        let listener = try #require(ConfigurationFile.Listener("127.0.0.1:9001"))
        let gateway = AuthZENEndpoint(AuthZENSettings(listener), try Self.requestGuard(recorded))
        let fields = [("traceparent", Self.parent), ("tracestate", "a=1"), ("content-type", "application/json")]
        var asked = try Self.request("/access/v1/evaluations", token: nil, fields)
        asked.method = .post
        let body = """
            { "subject": { "type": "access_token", "id": "", "properties": { "access_token": "good" } },
              "action": { "name": "GET" },
              "evaluations": [ { "resource": { "type": "http", "id": "https://mcp.example/public" } },
                               { "resource": { "type": "http", "id": "https://mcp.example/nothing" } } ] }
            """
        let response = await gateway.response(to: asked, from: nil, body: Array(body.utf8))
        #expect(response.head.status == .ok, "\(String(decoding: response.body, as: UTF8.self))")
        #expect(recorded.finished.map { $0.attributes[.decision] } == ["allow", "deny"])
        #expect(recorded.finished.allSatisfy { $0.parentID.map { $0.hexadecimal(16) } == Self.parentID })
        #expect(recorded.finished.allSatisfy { $0.trace.state == "a=1" })
    }

    @Test func `a proxy that is not trusted makes no span`() async throws {
        let recorded = Recorded()
        let listener = try #require(ConfigurationFile.Listener("127.0.0.1:9001"))
        let proxyGuard = ProxyGuard(try Self.requestGuard(recorded), identity: IdentityFields(IdentitySettings()))
        let endpoint = try #require(ForwardAuthEndpoint(ForwardAuthSettings(listener, proxy: .caddy), proxyGuard))
        let asked = try Self.request("/verify", token: "good", [("traceparent", Self.parent)])
        #expect(
            await endpoint.response(to: asked, from: endpoint.peer(at: "192.0.2.1"), body: []).head.status == .forbidden
        )
        #expect(recorded.finished.isEmpty)
    }
}
#endif
