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

/// The admin listener's answers, and the decisions behind them.
struct AdminTests {
    /// Resources whose decisions are kept, the door of a proxy, and the endpoint for operators.
    struct House {
        let mcpAuth: MCPAuth
        let proxy: ForwardAuthEndpoint
        let admin: AdminEndpoint
        let recent = RecentDecisions(most: 5)
        let mistakes = Lock<[ConfigurationError]>([])

        init(token: String? = nil, isEnding: Bool = false) throws {
            var configuration = try MCPAuthConfiguration(resources: ProxyDoor.standardResources()) { _ in }
            configuration.onDecision = recent.add
            mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher())
            let listener = try #require(ConfigurationFile.Listener("127.0.0.1:9900"))
            var requestGuard = mcpAuth.requestGuard()
            requestGuard.door = "nginx"
            let proxyGuard = ProxyGuard(requestGuard, identity: IdentityFields(IdentitySettings()))
            proxy = try #require(ForwardAuthEndpoint(ForwardAuthSettings(listener, proxy: .caddy), proxyGuard))
            let server = AdminEndpoint.Server(
                metrics: { "mcpauth_decisions_total 1\n" },
                reload: { [mistakes] in mistakes.withLock { $0 } },
                isEnding: { isEnding }
            )
            let settings = AdminSettings(listener, token: token.map { BearerSecret(Secret($0)) })
            admin = AdminEndpoint(settings, mcpAuth: mcpAuth, decisions: recent, server: server)
        }

        /// Asks as a proxy about a GET of a client; the response for the client.
        func ask(_ path: String, token: String?) async -> RenderedResponse {
            var fields: HTTPFields = [:]
            for (name, value) in [("Method", "GET"), ("Uri", path), ("Host", "mcp.example")] {
                guard let name = HTTPField.Name("X-Forwarded-\(name)") else { continue }
                fields[name] = value
            }
            fields[.authorization] = token.map { "Bearer \($0)" }
            let asked = HTTPRequest(
                method: .get,
                scheme: "http",
                authority: "auth",
                path: "/verify",
                headerFields: fields
            )
            return await proxy.response(to: asked, from: proxy.peer(at: nil), body: [])
        }

        func operate(
            _ method: HTTPRequest.Method = .get,
            _ path: String,
            from address: String? = nil,
            host: String = "localhost",
            fields: HTTPFields = [:],
            body: String = ""
        ) async throws -> (status: Int, body: JSON?, fields: HTTPFields) {
            let request = HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: fields)
            let response = await admin.response(to: request, from: address, body: Array(body.utf8))
            return (response.head.status.code, try? JSON(parsing: response.body), response.head.headerFields)
        }
    }

    /// The id of the decision that a client is told.
    private static func id(in response: RenderedResponse) -> String? {
        response.head.headerFields[DecisionID.fieldName]
    }

    @Test func `a refused request is explained from the id that its client was told`() async throws {
        let house = try House()
        let refused = await house.ask("/admin", token: "good")
        let id = try #require(Self.id(in: refused))
        let answer = try await house.operate(.get, "/decisions/\(id)")
        #expect(answer.status == 200)
        let members = try #require(answer.body?.members)
        #expect(members["reason"] == "audience_mismatch" || members["reason"] == "insufficient_scope")
        #expect(members["door"] == "nginx")
        #expect(members["subject"] == "alice")
        #expect(members["resource"] == "https://mcp.example/admin")
        #expect(members["explanation"]?.string?.contains("was refused with status") == true)
    }

    @Test func `each request has one decision, allowed or refused, and no token is in it`() async throws {
        let house = try House()
        _ = await house.ask("/mcp", token: "good")
        _ = await house.ask("/mcp", token: "secret-token-that-is-bad")
        _ = await house.ask("/mcp", token: nil)
        _ = await house.ask("/nowhere", token: nil)
        let records = house.recent.newest(100)
        #expect(records.count == 4)
        #expect(Set(records.map(\.id)).count == 4)
        let reasons = records.map { $0.denial?.reason.rawValue ?? "allowed" }.sorted()
        #expect(reasons == ["allowed", "no_credentials", "no_such_resource", "unrecognized_token"])
        for record in records {
            #expect(!String(decoding: record.json.encoded(), as: UTF8.self).contains("secret-token"))
        }
    }

    @Test func `an allowed request whose caller cannot be described is one decision, a refusal`() async throws {
        var identity = IdentitySettings()
        identity.claims = [.init("Long", "long")]
        let recent = RecentDecisions()
        let issuer: IssuerIdentifier = "https://issuer.example"
        var resource = try ResourceConfiguration("https://mcp.example/mcp", authorizationServers: [], policies: [])
        let verifier = FunctionVerifier("test") { _, _ in
            .verified(
                try TokenEvidence(
                    claims: [
                        "sub": "a", "exp": 4_102_444_800, "aud": "https://mcp.example/mcp",
                        "long": .string(String(repeating: "x", count: 5000)),
                    ]
                )
            )
        }
        resource.verifiers = [AttachedVerifier(verifier, issuer: issuer)]
        var configuration = MCPAuthConfiguration(resources: [resource]) { _ in }
        configuration.onDecision = recent.add
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher())
        let listener = try #require(ConfigurationFile.Listener("127.0.0.1:9001"))
        let proxyGuard = ProxyGuard(mcpAuth.requestGuard(), identity: IdentityFields(identity))
        let endpoint = try #require(ForwardAuthEndpoint(ForwardAuthSettings(listener, proxy: .caddy), proxyGuard))
        var fields: HTTPFields = [.authorization: "Bearer good"]
        for (name, value) in [("Method", "GET"), ("Uri", "/mcp"), ("Host", "mcp.example")] {
            fields[try #require(HTTPField.Name("X-Forwarded-\(name)"))] = value
        }
        let asked = HTTPRequest(
            method: .get,
            scheme: "http",
            authority: "auth",
            path: "/verify",
            headerFields: fields
        )
        let response = await endpoint.response(to: asked, from: endpoint.peer(at: nil), body: [])
        #expect(response.head.status == .forbidden)
        #expect(recent.newest(10).map { $0.denial?.reason } == [.identityTooLong])
    }

    @Test func `many refusals of anybody do not displace one of a known caller, and no token is kept`() async throws {
        let house = try House()
        let id = try #require(Self.id(in: await house.ask("/admin", token: "good")))
        for _ in 0..<50 { _ = await house.ask("/nowhere", token: nil) }
        #expect(try await house.operate(.get, "/decisions/\(id)").status == 200)
        _ = await house.ask("/mcp", token: "good")
        // What is kept has no reference to a token: its type has none.
        let mirrored = Mirror(reflecting: try #require(house.recent.newest(1).first)).children
        #expect(mirrored.allSatisfy { !($0.value is AuthInfo) && !($0.value is Decision) })
    }

    @Test func `many allowed requests do not displace a refused one`() async throws {
        let house = try House()
        let id = Self.id(in: await house.ask("/mcp", token: nil))
        for _ in 0..<20 { _ = await house.ask("/mcp", token: "good") }
        #expect(try await house.operate(.get, "/decisions/\(#require(id))").status == 200)
        let denied = try await house.operate(.get, "/decisions?decision=deny&limit=1")
        #expect(denied.body?["decisions"]?.elements?.count == 1)
        #expect(try await house.operate(.get, "/decisions").body?["decisions"]?.elements?.count == 6)
    }

    @Test(arguments: [
        ("/decisions/x", 400), ("/decisions/0123456789ab-0123456789abcdef", 404), ("/decisions?limit=0", 400),
        ("/decisions?decision=perhaps", 400), ("/nothing", 404), ("/healthz", 200), ("/status", 200), ("/metrics", 200),
        ("/readyz", 200),
    ])
    func `what an operator asks for has a clear answer`(path: String, status: Int) async throws {
        #expect(try await House().operate(.get, path).status == status)
    }

    @Test func `a server that is ending is not ready`() async throws {
        #expect(try await House(isEnding: true).operate(.get, "/readyz").status == 503)
    }

    @Test(arguments: ["/reload", "/purge", "/revoke"])
    func `a GET changes nothing`(path: String) async throws {
        let answer = try await House().operate(.get, path)
        #expect(answer.status == 405)
        #expect(answer.fields[.allow] == "POST")
    }

    @Test func `a revoked subject is refused from the next request on`() async throws {
        let house = try House()
        #expect(await house.ask("/mcp", token: "good").head.status == .ok)
        let entry = #"{"issuer": "https://issuer.example", "sub": "alice"}"#
        #expect(try await house.operate(.post, "/revoke", body: entry).body == ["revocations_at_run_time": 1])
        #expect(await house.ask("/mcp", token: "good").head.status == .unauthorized)
    }

    @Test func `an entry that cannot be read revokes nothing, and the answer says where the mistake is`() async throws {
        let answer = try await House().operate(
            .post,
            "/revoke",
            body: #"{"issuer": "https://a.example", "subject": "x"}"#
        )
        #expect(answer.status == 400)
        #expect(answer.body?["error_description"]?.string?.contains("1:33") == true)
    }

    @Test func `a reload that is refused says what is wrong, and keeps the generation`() async throws {
        let house = try House()
        #expect(try await house.operate(.post, "/reload").body == ["generation": 1])
        house.mistakes.withLock { $0 = [ConfigurationError(.unknownKey, "unknown key `x`")] }
        let answer = try await house.operate(.post, "/reload")
        #expect(answer.status == 422)
        #expect(answer.body?["refused_configuration"]?.elements?.count == 1)
    }

    @Test(
        arguments: [
            ("127.0.0.1", "attacker.example", nil, 403),
            ("127.0.0.1", "localhost:9900", "https://attacker.example", 403),
            ("127.0.0.1", "localhost:9900", "null", 403), ("192.0.2.1", "localhost:9900", nil, 403),
            ("127.0.0.1", "127.0.0.1:9900", nil, 200), ("::1", "[::1]:9900", nil, 200),
            ("127.0.0.1", "localhost", nil, 200),
            ("127.0.0.1", "127.0.0.1.attacker.example", nil, 403), ("127.0.0.1", "", nil, 403),
        ] as [(String, String, String?, Int)]
    )
    func `a web page or another machine is not served over TCP`(
        address: String,
        host: String,
        origin: String?,
        status: Int
    ) async throws {
        let house = try House()
        var fields: HTTPFields = [:]
        fields[.origin] = origin
        #expect(try await house.operate(.get, "/status", from: address, host: host, fields: fields).status == status)
    }

    @Test(arguments: ["/decisions", "/decisions/0123456789ab-0123456789abcdef", "/reload", "/purge", "/revoke"])
    func `over TCP an operator needs the token for decisions and changes`(path: String) async throws {
        let method: HTTPRequest.Method = path.hasPrefix("/decisions") ? .get : .post
        #expect(try await House().operate(method, path, from: "127.0.0.1").status == 403)
        let house = try House(token: "letmein")
        for wrong in [nil, "Bearer letmei", "Bearer letmeinn", "Basic letmein", "Bearer "] {
            var fields: HTTPFields = [:]
            fields[.authorization] = wrong
            #expect(try await house.operate(method, path, from: "127.0.0.1", fields: fields).status == 401)
        }
        let right: HTTPFields = [.authorization: "Bearer letmein"]
        #expect(try await house.operate(method, path, from: "127.0.0.1", fields: right).status != 401)
    }

    @Test func `the text of an id is read back, and nothing else is an id`() throws {
        let id = DecisionID(NumericDate(1_795_816_000.5))
        #expect(DecisionID(id.description) == id)
        #expect(id.description.utf8.count == 29)
        for text in ["", "x", "0123456789ab-", "0123456789ab-0123456789abcdef0", "+123456789ab-0123456789abcdef"] {
            #expect(DecisionID(text) == nil)
        }
    }
}
