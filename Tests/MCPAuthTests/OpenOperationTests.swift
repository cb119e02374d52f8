// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthTesting
import Testing

/// Requests without a token, at resources with rules for anyone and without.
@Suite struct OpenOperationTests {
    private static let open: JSON = [
        "version": 1,
        "rules": [
            ["id": "open", "effect": "allow", "subject_kind": "anyone", "tools": ["weather"]],
            ["id": "pay", "effect": "allow", "tools": ["pay"], "scopes": ["all": ["pay"]]],
            [
                "id": "small", "effect": "allow", "subject_kind": "anyone", "tools": ["quote"],
                "when": ["argument": "/amount", "lte": 10],
            ],
            ["id": "quote", "effect": "allow", "tools": ["quote"], "scopes": ["all": ["quote"]]],
        ],
    ]
    private static let closed: JSON = ["version": 1, "rules": [["id": "a", "effect": "allow", "targets": "any"]]]

    private static func call(_ tool: String, _ arguments: String = "{}") -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)","arguments":\#(arguments)}}"#
    }

    @Test(arguments: [
        (call("weather"), "200", nil), (call("pay"), "401 no_credentials", "pay"),
        (call("quote", #"{"amount":10}"#), "200", nil),
        (call("quote", #"{"amount":11}"#), "401 no_credentials", "quote"),
        (call("quote"), "401 no_credentials", "quote"), (call("other"), "401 no_credentials", nil),
        ("[\(call("weather")),\(call("pay"))]", "401 no_credentials", "pay"),
        ("[\(call("weather")),\(call("weather"))]", "200", nil), ("hello", "401 no_credentials", nil),
        ("", "401 no_credentials", nil), ("[]", "401 no_credentials", nil),
        (#"{"Method":"tools/call"}"#, "401 no_credentials", nil),
    ])
    func `without a token the answer is what is open, or a challenge with the scopes of the operation`(
        body: String,
        verdict: String,
        scope: String?
    ) async throws {
        let (door, _) = try Self.door(Self.open)
        let answer = try await door.request(body: body)
        #expect(answer.verdict == verdict && answer.authInfo == nil)
        if answer.status == 401 {
            let begin = scope.map { #"Bearer scope="\#($0)", resource_metadata="# } ?? "Bearer resource_metadata="
            #expect(answer.challenge?.hasPrefix(begin) == true, "\(answer.challenge ?? "")")
        }
    }

    @Test func `a token that was presented and is not good is refused, never taken for anyone`() async throws {
        let (door, issuer) = try Self.door(Self.open)
        for (field, verdict) in [
            ("Bearer garbage", "401 unrecognized_token"), ("Bearer \(try issuer.token(lifetime: -600))", "401 expired"),
            ("Bearer a b", "400 malformed_credentials"), ("Basic eDp5", "401 no_credentials"),
            ("DPoP \(try issuer.token())", "401 no_credentials"), ("Bearer \(try issuer.token())", "200"),
        ] {
            let answer = try await door.request(authorization: [field], body: Self.call("weather"))
            #expect(answer.verdict == verdict, "\(field.prefix(12))")
        }
        let twice = try await door.request(authorization: ["Bearer a", "Bearer b"], body: Self.call("weather"))
        #expect(twice.verdict == "400 malformed_credentials")
    }

    @Test func `without a rule for anyone no body is read without a token`() async throws {
        for (policy, credentials, isRead) in [
            (Self.closed, nil, false), (Self.open, nil, true), (Self.open, "Basic eDp5", false),
        ] as [(JSON, String?, Bool)] {
            let (door, _) = try Self.door(policy)
            var request = HTTPRequest(method: .post, scheme: "https", authority: "api.example.com", path: "/notes")
            if let credentials { request.headerFields[.authorization] = credentials }
            let asked = Lock<[Int]>([])
            _ = await door.mcpAuth.authorize(request) { most in
                asked.withLock { $0.append(most) }
                return .bytes(Array(Self.call("weather").utf8))
            }
            #expect(asked.withLock { $0 } == (isRead ? [65_536] : []))
        }
    }

    @Test func `the maximum size of such a body can be set, and a body that is late is 408`() async throws {
        let (door, _) = try Self.door(Self.open) { $0.maximumBodyBytesWithoutToken = 2048 }
        let request = HTTPRequest(method: .post, scheme: "https", authority: "api.example.com", path: "/notes")
        for (body, status) in [
            (CollectedBody.tooLarge, 401), (.tooLate, 408), (.bytes(Array(Self.call("weather").utf8)), 200),
        ] {
            let decision = await door.mcpAuth.authorize(request) { most in
                #expect(most == 2048)
                return body
            }
            switch decision {
            case .allow(let caller): #expect(status == 200 && caller == nil)
            case .deny(let denial): #expect(denial.status == status)
            }
        }
        for bytes in [1023, 1_048_577, -1] {
            #expect(throws: ConfigurationError.self) {
                try Self.door(Self.open) { $0.maximumBodyBytesWithoutToken = bytes }
            }
        }
    }

    @Test func `scopes that a route requires are required of everybody`() async throws {
        let (door, issuer) = try Self.door(Self.open)
        let route = try door.mcpAuth.requestGuard(resource: "https://api.example.com/notes", requiredScopes: ["base"])
        let without = try await door.request(body: Self.call("weather"), through: route)
        #expect(without.verdict == "401 no_credentials")
        #expect(without.challenge?.contains(#"scope="base""#) == true)
        let token = try issuer.token(scopes: ["base"])
        let with = try await door.request(
            authorization: ["Bearer \(token)"],
            body: Self.call("weather"),
            through: route
        )
        #expect(with.status == 200)
    }

    @Test func `a refusal without a token is reported once, with the operation and the rules`() async throws {
        let events = Lock<[EngineEvent]>([])
        let deny: JSON = ["id": "no", "effect": "deny", "tools": ["weather"]]
        let policy: JSON = ["version": 1, "rules": .array((Self.open["rules"]?.elements ?? []) + [deny])]
        let (door, _) = try Self.door(policy) { configuration in
            configuration.onEvent = { event in events.withLock { $0.append(event) } }
        }
        _ = try await door.request(body: Self.call("weather"))
        let told = events.withLock { $0 }
        #expect(told.map(\.reason) == [.noCredentials])
        #expect(told.first?.metadata["operation"] == "tools/call" && told.first?.metadata["rules"] == "no")
        #expect(told.first?.metadata["subject"] == nil)
        let diagnosis = "the policy: expected a token for `tools/call`, found a refusal by `no`"
        #expect(told.first?.message.contains(diagnosis) == true, "\(told)")
    }

    @Test func `paths of plain HTTP can be open too`() async throws {
        let policy: JSON = [
            "version": 1,
            "rules": [
                ["id": "open", "effect": "allow", "subject_kind": "anyone", "paths": ["/notes/open/**"]],
                ["id": "rest", "effect": "allow", "paths": ["/notes/**"], "scopes": ["all": ["read"]]],
            ],
        ]
        let (door, _) = try Self.door(policy, speaksMCP: false)
        for (path, verdict) in [
            ("/notes/open/a", "200"), ("/notes/open", "401 no_credentials"), ("/notes/a", "401 no_credentials"),
            ("/notes/open/../a", "400 ambiguous_target"),
        ] {
            for method in [HTTPRequest.Method.get, .post, .delete] {
                #expect(try await door.request(method: method, path: path).verdict == verdict, "\(method) \(path)")
            }
        }
    }

    @Test func `tests can run a handler without a token`() async throws {
        let (door, _) = try Self.door(Self.open)
        let notes = "https://api.example.com/notes"
        let anybody = TestIdentity.withoutToken
        let caller = try await anybody.run(tool: "weather", at: notes, of: door.mcpAuth) { info in
            #expect(AuthInfo.current == nil)
            return info
        }
        #expect(caller == nil)
        let refused = await #expect(throws: TestIdentity.Refused.self) {
            try await anybody.run(tool: "pay", at: notes, of: door.mcpAuth) { _ in }
        }
        #expect(refused?.denial.reason == .noCredentials)
    }

    private static func door(
        _ policy: JSON,
        speaksMCP: Bool = true,
        _ change: (inout MCPAuthConfiguration) -> Void = { _ in }
    ) throws -> (Door, TestIssuer) {
        let issuer = try TestIssuer(audience: "https://api.example.com/notes")
        let resource = try ResourceConfiguration(
            issuer.audience,
            authorizationServers: [issuer.server],
            speaksMCP: speaksMCP,
            policies: [.json(policy)]
        )
        var configuration = MCPAuthConfiguration(resources: [resource]) { _ in }
        change(&configuration)
        let mcpAuth = try MCPAuth(configuration, fetcher: TestFetcher(issuer))
        return (Door(mcpAuth: mcpAuth, resource: resource.metadata.resource, now: NumericDate.now()), issuer)
    }
}
