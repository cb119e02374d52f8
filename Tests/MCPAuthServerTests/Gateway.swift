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

/// A gateway that asks the AuthZEN endpoint about an MCP server at `/mcp` and an HTTP API at `/api`.
///
/// `good` is the token of alice, `accent` that of a subject with an accent; for `down` the verifier is not available.
struct Gateway {
    let endpoint: AuthZENEndpoint
    let events = Lock<[EngineEvent]>([])
    let decisions = Lock<[DecisionRecord]>([])

    /// A response, read.
    struct Answer {
        let status: Int
        let fields: HTTPFields
        let text: String
        let json: JSON

        init(_ response: RenderedResponse) {
            status = response.head.status.code
            fields = response.head.headerFields
            text = String(decoding: response.body, as: UTF8.self)
            json = (try? JSON(parsing: response.body)) ?? .null
        }

        var decision: Bool? { json["decision"]?.boolean }
        var context: JSON? { json["context"] }
        /// The decisions of several evaluations.
        var decisions: [Bool?]? { json["evaluations"]?.elements?.map { $0["decision"]?.boolean } }
        var mistake: String? { json["error_description"]?.string }
    }

    static let mcpPolicy: JSON = [
        "version": 1,
        "rules": [
            ["id": "read", "effect": "allow", "tools": ["read_*"]],
            ["id": "no-secret", "effect": "deny", "tools": ["read_secret"]],
            ["id": "small", "effect": "allow", "tools": ["pay"], "when": ["argument": "/amount", "lt": 10]],
            ["id": "write", "effect": "allow", "tools": ["write_*"], "scopes": ["all": ["write"]]],
            ["id": "session", "effect": "allow", "mcp_methods": ["tools/list", "@basics"]],
            ["id": "open", "effect": "allow", "subject_kind": "anyone", "mcp_methods": ["ping"]],
        ],
    ]
    static let httpPolicy: JSON = [
        "version": 1,
        "rules": [["id": "notes", "effect": "allow", "http_methods": ["GET"], "paths": ["/api/notes/*"]]],
    ]

    private static func resource(
        _ path: String,
        _ policy: JSON,
        speaksMCP: Bool = true
    ) throws -> ResourceConfiguration {
        var resource = try ResourceConfiguration(
            "https://mcp.example\(path)",
            authorizationServers: [],
            speaksMCP: speaksMCP,
            policies: [try Policy.json(policy)]
        )
        let verifier = FunctionVerifier("test") { token, _ in
            let subjects = ["good": "alice", "accent": "caf\u{E9}"]
            let text = String(decoding: token.bytes, as: UTF8.self)
            guard text != "down" else { return .unavailable(retryAfter: 7) }
            guard let subject = subjects[text] else { return .rejected(.unrecognizedToken) }
            return .verified(
                try TokenEvidence(
                    claims: [
                        "sub": .string(subject), "client_id": "app", "scope": "read", "exp": 4_102_444_800,
                        "aud": .string("https://mcp.example\(path)"),
                    ]
                )
            )
        }
        let issuer: IssuerIdentifier = "https://issuer.example"
        resource.verifiers = [AttachedVerifier(verifier, issuer: issuer)]
        return resource
    }

    init(
        token: String? = nil,
        url: String? = nil,
        trustedClients: [AddressRange] = AddressRange.loopback,
        tokenField: String? = nil,
        keepsDecisions: Bool = false
    ) throws {
        var mcp = try Self.resource("/mcp", Self.mcpPolicy)
        mcp.tokenField = tokenField
        let api = try Self.resource("/api", Self.httpPolicy, speaksMCP: false)
        var configuration = MCPAuthConfiguration(resources: [mcp, api])
        let (events, decisions) = (self.events, self.decisions)
        configuration.onEvent = { event in events.withLock { $0.append(event) } }
        if keepsDecisions { configuration.onDecision = { record in decisions.withLock { $0.append(record) } } }
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher())
        let settings = AuthZENSettings(
            try #require(ConfigurationFile.Listener("127.0.0.1:9005")),
            trustedClients: trustedClients,
            token: token.map { BearerSecret(Secret($0)) },
            url: url
        )
        var requestGuard = mcpAuth.requestGuard()
        requestGuard.door = "authzen"
        endpoint = AuthZENEndpoint(settings, requestGuard) { mcpAuth.resource(of: $0)?.tokenField }
    }

    static let onePath = "/access/v1/evaluation"
    static let manyPath = "/access/v1/evaluations"
    static let jsonFields: HTTPFields = [.contentType: "application/json"]

    /// The response to a body.
    func ask(
        _ body: String,
        _ method: HTTPRequest.Method = .post,
        at path: String = Self.onePath,
        from address: String? = "127.0.0.1",
        fields: HTTPFields = Self.jsonFields
    ) async -> Answer {
        let asked = HTTPRequest(method: method, scheme: "http", authority: "pdp", path: path, headerFields: fields)
        return Answer(await endpoint.response(to: asked, from: address, body: Array(body.utf8)))
    }

    /// The response to one question.
    func answer(_ question: JSON) async -> Answer { await ask(Self.text(question)) }

    /// The response to several questions.
    func answers(_ questions: JSON) async -> Answer { await ask(Self.text(questions), at: Self.manyPath) }

    static func text(_ json: JSON) -> String { String(decoding: json.encoded(), as: UTF8.self) }

    // MARK: Questions

    static func bearer(_ token: JSON = "good", id: JSON = "alice") -> JSON {
        ["type": "access_token", "id": id, "properties": ["access_token": token]]
    }

    static let anyone: JSON = ["type": "anyone", "id": ""]
    static let mcp: JSON = ["type": "mcp", "id": "https://mcp.example/mcp"]

    static func call(_ tool: JSON, _ arguments: JSON = [:]) -> JSON {
        ["name": "tools/call", "properties": ["name": tool, "arguments": arguments]]
    }

    static func question(_ action: JSON, resource: JSON = Self.mcp, subject: JSON = Self.bearer()) -> JSON {
        ["subject": subject, "action": action, "resource": resource]
    }

    static func http(_ method: JSON, _ url: JSON, subject: JSON = Self.bearer()) -> JSON {
        question(["name": method], resource: ["type": "http", "id": url], subject: subject)
    }
}
