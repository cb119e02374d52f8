// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthTesting
import Testing

/// What a recording of requests contains, and that it changes no decision.
@Suite struct RequestRecordingTests {
    private static let policy: JSON = [
        "version": 1,
        "rules": [
            [
                "id": "open", "effect": "allow", "subject_kind": "anyone", "mcp_methods": ["tools/list"],
                "tools": ["open"],
            ],
            ["id": "tools", "effect": "allow", "tools": ["*"]],
            ["id": "no", "effect": "deny", "tools": ["kill"]],
        ],
    ]

    private static func call(_ tool: String, _ arguments: String = "{}") -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)","arguments":\#(arguments)}}"#
    }

    @Test(arguments: [false, true], ["open", "kill", "other"])
    func `a recording changes no decision, also on routes with required scopes`(
        isRecorded: Bool,
        tool: String
    ) async throws {
        let (door, issuer, lines) = try Self.door(isRecorded: isRecorded)
        let routes = try door.mcpAuth.requestGuard(
            resource: "https://api.example.com/notes",
            audience: [],
            requiredScopes: ["read:notes"]
        )
        for guards in [nil, routes] {
            for scopes in [["read:notes"], ["other"], nil] {
                let bearer = try scopes.map { ["Bearer \(try issuer.token(scopes: $0))"] } ?? []
                let answer = try await door.request(authorization: bearer, body: Self.call(tool), through: guards)
                let isOpen = tool == "open" && guards == nil
                let expected =
                    switch scopes {
                    case nil: isOpen ? "200" : "401 no_credentials"
                    case _ where tool == "kill": "403 denied_by_policy"
                    case ["other"] where guards != nil: "403 insufficient_scope"
                    default: "200"
                    }
                #expect(answer.verdict == expected, "\(tool), \(scopes ?? []), \(guards != nil)")
            }
        }
        #expect(lines.withLock(\.count) == (isRecorded ? 6 : 0))
    }

    @Test func `names are recorded as the client sent them, and only listed claims and arguments`() async throws {
        let (door, issuer, lines) = try Self.door(isRecorded: true)
        let token = try issuer.token(scopes: ["read:notes"], claims: ["tenant": "t1", "email": "a@example.com"])
        let name = String(repeating: "n", count: 1500) + "`\u{202E}"
        let deep = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        let body = Self.call(name, #"{"amount":1e400,"secret":"s3cret","deep":\#(deep)}"#)
        _ = try await door.request(authorization: ["Bearer \(token)"], body: body)
        let text = try #require(lines.withLock(\.first))
        #expect(!text.contains("a@example.com") && !text.contains("s3cret") && !text.contains(token))
        let line = try JSON(parsing: Array(text.utf8))
        let message: JSON = ["method": "tools/call", "name": .string(name), "arguments": ["amount": .unrepresentable]]
        #expect(line["messages"] == [message])
        #expect(line["claims"]?["tenant"] == "t1" && line["claims"]?["scope"] == "read:notes")
        #expect(line["claims"]?["iss"] == .string(issuer.identifier.description) && line["subject_kind"] == "user")
        #expect(line["recorded_claims"] == ["tenant"] && line["recorded_arguments"] == ["amount"])
    }

    @Test func `a list that is filtered is no request`() async throws {
        let (door, issuer, lines) = try Self.door(isRecorded: true)
        let list = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
        let answer = try await door.request(authorization: ["Bearer \(try issuer.token())"], body: list)
        let request = HTTPRequest(method: .post, scheme: "https", authority: "api.example.com", path: "/notes")
        let shown = try door.mcpAuth.filter(
            ["tools": [["name": "open"], ["name": "kill"], ["name": "other"]]],
            .tools,
            for: answer.authInfo,
            answering: request,
            addingSecuritySchemes: true
        )
        #expect(shown["tools"]?.elements?.compactMap { $0["name"] } == ["open", "other"])
        #expect(answer.status == 200 && lines.withLock(\.count) == 1)
    }

    private static func door(isRecorded: Bool) throws -> (Door, TestIssuer, Lock<[String]>) {
        let issuer = try TestIssuer(audience: "https://api.example.com/notes")
        let lines = Lock<[String]>([])
        let resource = try ResourceConfiguration(
            "https://api.example.com/notes",
            authorizationServers: [issuer.server],
            policies: [try .json(policy)]
        )
        let recording = RequestRecording(claims: ["tenant"], arguments: ["amount"]) { line in
            lines.withLock { $0.append(line) }
        }
        return (try Door([resource], issuer: issuer, recording: isRecorded ? recording : nil), issuer, lines)
    }
}
