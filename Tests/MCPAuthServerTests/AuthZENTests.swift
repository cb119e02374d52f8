// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import MCPAuthServer
import Testing

/// What a gateway is told that asks with the AuthZEN Authorization API 1.0.
@Suite struct AuthZENTests {
    // MARK: Decisions

    @Test(
        arguments: [
            ("read_file", [:], true), ("read_secret", [:], false), ("pay", ["amount": 9], true),
            ("pay", ["amount": 10], false), ("pay", [:], false), ("other", [:], false),
            ("read_file", ["amount": .unrepresentable], true),
        ] as [(String, JSON, Bool)]
    )
    func `rules for tools and arguments decide about a message`(
        tool: String,
        arguments: JSON,
        isAllowed: Bool
    ) async throws {
        let question = Gateway.question(Gateway.call(.string(tool), arguments))
        let answer = try await Gateway().ask(String(decoding: question.encodedExactly(), as: UTF8.self))
        #expect(answer.status == 200 && answer.decision == isAllowed)
        #expect(answer.fields[.contentType] == "application/json" && answer.fields[.cacheControl] == "no-store")
        if !isAllowed {
            let told: JSON = [
                "status": 403, "error": "access_denied", "error_description": "the caller may not do this",
            ]
            #expect(answer.context == told)
        }
    }

    @Test(
        arguments: [
            (["name": "tools/list"], true), (["name": "tools/list", "properties": ["cursor": "x"]], true),
            (["name": "ping"], true), (["name": "prompts/list"], false), (["name": "tools/call"], false),
            (["name": ""], false), (["name": "Tools/list"], false),
        ] as [(JSON, Bool)]
    )
    func `an action is an MCP method with or without parameters`(action: JSON, isAllowed: Bool) async throws {
        #expect(try await Gateway().answer(Gateway.question(action)).decision == isAllowed)
    }

    @Test(
        arguments: [
            ("GET", "https://mcp.example/api/notes/1", true, nil),
            ("GET", "HTTPS://MCP.Example:443/api/notes/1", true, nil),
            ("GET", "http://mcp.example/api/notes/1?all=1", true, nil),
            ("POST", "https://mcp.example/api/notes/1", false, 403),
            ("GET", "https://mcp.example/api/other", false, 403),
            ("GET", "https://mcp.example/api/notes/%2e%2e/x", false, 400),
            ("GET", "https://other.example/api/notes/1", false, 404), ("GET", "https://mcp.example/", false, 404),
            // At an MCP server: the event stream, and a message that is not known.
            ("GET", "https://mcp.example/mcp", true, nil), ("POST", "https://mcp.example/mcp", false, 403),
        ] as [(String, String, Bool, Int64?)]
    )
    func `rules for methods and paths decide about an HTTP request`(
        method: String,
        url: String,
        isAllowed: Bool,
        status: Int64?
    ) async throws {
        let answer = try await Gateway().answer(Gateway.http(.string(method), .string(url)))
        #expect(answer.status == 200 && answer.decision == isAllowed)
        if let status { #expect(answer.context?["status"] == .integer(status)) }
    }

    @Test func `an allowed caller is described`() async throws {
        let answer = try await Gateway().answer(Gateway.question(Gateway.call("read_file")))
        let caller: JSON = [
            "subject": "alice", "issuer": "https://issuer.example", "client_id": "app", "scope": "read",
        ]
        #expect(answer.decision == true && answer.context == caller)
    }

    @Test func `a refusal has what the client would be told`() async throws {
        let gateway = try Gateway()
        let lacking = await gateway.answer(Gateway.question(Gateway.call("write_file")))
        #expect(lacking.status == 200 && lacking.decision == false && lacking.context?["status"] == 403)
        #expect(lacking.context?["error"] == "insufficient_scope")
        #expect(lacking.context?["www_authenticate"]?.string?.contains("write") == true)

        let bad = await gateway.answer(Gateway.question(["name": "ping"], subject: Gateway.bearer("bad")))
        #expect(bad.decision == false && bad.context?["status"] == 401 && bad.context?["error"] == "invalid_token")
        #expect(bad.context?["www_authenticate"]?.string?.hasPrefix(#"Bearer error="invalid_token""#) == true)

        let down = await gateway.answer(Gateway.question(["name": "ping"], subject: Gateway.bearer("down")))
        #expect(down.decision == false && down.context?["status"] == 503 && down.context?["retry_after"] == 7)

        let names = [lacking, bad, down].map { answer in Set((answer.context?.members ?? [:]).keys) }
        let refused: Set = ["status", "www_authenticate", "error", "error_description"]
        #expect(names == [refused, refused, ["status", "retry_after", "error", "error_description"]])
    }

    // MARK: Subjects

    @Test func `anyone is a caller without a token`() async throws {
        let gateway = try Gateway()
        let ping = await gateway.answer(Gateway.question(["name": "ping"], subject: Gateway.anyone))
        #expect(ping.json == ["decision": true])
        let call = await gateway.answer(Gateway.question(Gateway.call("read_file"), subject: Gateway.anyone))
        #expect(call.decision == false && call.context?["status"] == 401)
        #expect(call.context?["www_authenticate"]?.string?.hasPrefix("Bearer resource_metadata=") == true)
        let stranger: JSON = ["type": "anyone", "id": "alice", "properties": ["name": "alice"]]
        #expect(await gateway.answer(Gateway.question(["name": "ping"], subject: stranger)).json == ["decision": true])
    }

    @Test(
        arguments: [
            ("good", "alice", true), ("good", "", true), ("good", "Alice", false), ("good", "bob", false),
            ("good", "alice ", false), ("accent", "caf\u{E9}", true), ("accent", "cafe\u{301}", false),
            ("accent", "cafe", false), ("accent", "", true),
        ]
    )
    func `the id of a subject is empty, or that of the token, byte for byte`(
        token: String,
        id: String,
        isAllowed: Bool
    ) async throws {
        let gateway = try Gateway(keepsDecisions: true)
        let subject = Gateway.bearer(.string(token), id: .string(id))
        // The last one would be allowed for anyone.
        for action in [Gateway.call("read_file"), ["name": "ping"]] as [JSON] {
            let answer = await gateway.answer(Gateway.question(action, subject: subject))
            #expect(answer.decision == isAllowed)
            if !isAllowed { #expect(answer.context?["status"] == 403 && answer.context?["error"] == "access_denied") }
        }
        let records = gateway.decisions.withLock { $0 }
        #expect(records.map(\.door) == ["authzen", "authzen"], "one record for each question")
        let reason = isAllowed ? nil : Denial.Reason.unexpectedClaimValue
        #expect(records.map(\.denial?.reason) == [reason, reason])
    }

    @Test(
        arguments: [
            ["access_token": ""], ["access_token": .null], [:], ["accessToken": "good"], nil,
        ] as [JSON?]
    )
    func `a subject without its token is no anyone`(properties: JSON?) async throws {
        let gateway = try Gateway()
        for id in ["", "alice"] {
            var subject: [String: JSON] = ["type": "access_token", "id": .string(id)]
            subject["properties"] = properties
            let call = await gateway.answer(Gateway.question(Gateway.call("read_file"), subject: .object(subject)))
            #expect(call.status == 200 && call.decision == false && call.context?["status"] == 401)
            #expect(call.context?["www_authenticate"]?.string?.hasPrefix("Bearer resource_metadata=") == true)
            let ping = await gateway.answer(Gateway.question(["name": "ping"], subject: .object(subject)))
            #expect(ping.status == 200 && ping.decision == false && ping.context?["status"] == 401)
        }
    }

    @Test(
        arguments: [
            ("bad", 401), ("a b", 400), (" good", 400), ("good ", 400), ("good,", 400), ("good\n", 400),
            ("g\u{E9}", 400), ("good\u{7F}", 400), (",", 400), (" ", 400), ("Bearer good", 400),
        ] as [(String, Int64)]
    )
    func `a token that is not good is never taken for another one, or for none`(
        token: String,
        status: Int64
    ) async throws {
        for field in [nil, "X-Edge-Assertion"] {
            let gateway = try Gateway(tokenField: field)
            let question = Gateway.question(["name": "ping"], subject: Gateway.bearer(.string(token), id: ""))
            let answer = await gateway.answer(question)
            #expect(answer.status == 200 && answer.decision == false && answer.context?["status"] == .integer(status))
        }
    }

    @Test func `a resource with a field of its own for tokens gets the token there`() async throws {
        let gateway = try Gateway(tokenField: "X-Edge-Assertion")
        let answer = await gateway.answer(Gateway.question(Gateway.call("read_file")))
        #expect(answer.decision == true && answer.context?["subject"] == "alice")
        #expect(await gateway.answer(Gateway.http("GET", "https://mcp.example/api/notes/1")).decision == true)
    }

    // MARK: Messages

    @Test(arguments: [
        (#"{"name":"read_file"}"#, true), (#" { "name" : "read_file" } "#, true),
        (#"{"name":"read\u005ffile"}"#, true),
        (#"{"name":"read_file","n":1e999}"#, true), (#"{"name":"read_file","n":18446744073709551616}"#, true),
        // Another parser may read another tool.
        (#"{"name":"read_file","Name":"read_secret"}"#, false),
        (#"{"name":"read_file","name\u0000":"read_secret"}"#, false),
        (#"{"name":"read_file\u0000"}"#, false), (#"{"name":"read_secret"}"#, false),
        (#"{"name":["read_file"]}"#, false),
        ("null", false), ("{}", false),
    ])
    func `parameters are decided on as they were written`(properties: String, isAllowed: Bool) async throws {
        let body = Gateway.text(Gateway.question(["name": "tools/call", "properties": "HERE"]))
        let answer = try await Gateway().ask(body.replacing(#""HERE""#, with: properties))
        #expect(answer.status == 200 && answer.decision == isAllowed, "\(answer.text)")
    }

    @Test(
        arguments: [
            ("2026-07-28", "read_file", true), ("2026-07-28", "read_caf\u{E9}", true), ("2026-07-28", "read_ ", true),
            ("2026-07-28", "read_secret", false), ("2025-11-25", "read_file", true), ("2027-01-01", "read_file", true),
            ("a\nb", "read_file", false), (" 2026-07-28", "read_file", false), (["2026-07-28"], "read_file", false),
        ] as [(JSON, String, Bool)]
    )
    func `a message that names its revision needs no more than one that does not`(
        version: JSON,
        tool: String,
        isAllowed: Bool
    ) async throws {
        let properties: JSON = [
            "name": .string(tool), "_meta": ["io.modelcontextprotocol/protocolVersion": version],
        ]
        let question = Gateway.question(["name": "tools/call", "properties": properties])
        let answer = try await Gateway().answer(question)
        #expect(answer.status == 200 && answer.decision == isAllowed, "\(answer.text)")
        if answer.context?["status"] == 400 {
            #expect(answer.context?["error"] == "invalid_request")
            #expect(answer.context?["error_description"]?.string != nil)
        }
    }

    // MARK: Mistakes

    /// A question with one entity replaced by a JSON text, or left out.
    private static func replacing(_ name: String, _ text: String?) -> String {
        var members = [
            "subject": Gateway.text(Gateway.bearer()), "action": Gateway.text(Gateway.call("read_file")),
            "resource": Gateway.text(Gateway.mcp),
        ]
        members[name] = text
        return "{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    static let mistakes: [(String, String?, String)] = [
        ("subject", nil, "expected a member, found none at /subject"),
        ("action", nil, "expected a member, found none at /action"),
        ("resource", "null", "expected a member, found none at /resource"),
        ("subject", #""alice""#, "expected an object, found a string at /subject"),
        ("action", "1", "expected an object, found a number at /action"),
        ("resource", "true", "expected an object, found a boolean at /resource"),
        ("context", "[]", "expected an object, found an array at /context"),
        ("subject", #"{"id":""}"#, "expected a member, found none at /subject/type"),
        ("subject", #"{"type":1,"id":""}"#, "expected a string, found a number at /subject/type"),
        (
            "subject", #"{"type":"user","id":"alice"}"#,
            "expected `access_token` or `anyone`, found another text at /subject/type"
        ),
        ("subject", #"{"type":"anyone"}"#, "expected a member, found none at /subject/id"),
        ("subject", #"{"type":"anyone","id":7}"#, "expected a string, found a number at /subject/id"),
        (
            "subject", #"{"type":"anyone","id":"\u0000"}"#,
            "expected a string of Unicode characters without U+0000, found another string at /subject/id"
        ),
        (
            "subject", #"{"type":"access_token","id":"","properties":{"access_token":["good"]}}"#,
            "expected a string, found an array at /subject/properties/access_token"
        ),
        (
            "subject", #"{"type":"access_token","id":"","properties":"good"}"#,
            "expected an object, found a string at /subject/properties"
        ),
        (
            "subject", #"{"type":"anyone","id":"","properties":{"access_token":"good"}}"#,
            "expected no token of a subject of the type `anyone`, found one at /subject/properties/access_token"
        ),
        ("action", "{}", "expected a member, found none at /action/name"),
        ("action", #"{"name":123}"#, "expected a string, found a number at /action/name"),
        ("action", #"{"name":"ping","properties":[]}"#, "expected an object, found an array at /action/properties"),
        ("resource", #"{"id":"x"}"#, "expected a member, found none at /resource/type"),
        ("resource", #"{"type":"mcp"}"#, "expected a member, found none at /resource/id"),
        (
            "resource", #"{"type":"record","id":"x"}"#,
            "expected `http` or `mcp`, found another text at /resource/type"
        ),
        (
            "resource", #"{"type":"mcp","id":"https://mcp.example/mcp","properties":1}"#,
            "expected an object, found a number at /resource/properties"
        ),
    ]

    @Test(arguments: mistakes) func `a question with a mistake is 400 and names its place`(
        name: String,
        text: String?,
        mistake: String
    ) async throws {
        try await Self.expectMistake(mistake, in: Self.replacing(name, text))
    }

    @Test(arguments: [
        ("[]", "expected an object, found an array"), (#""x""#, "expected an object, found a string"),
        ("{}", "expected a member, found none at /subject"), ("null", "expected an object, found null"),
    ])
    func `what is no question is 400`(body: String, mistake: String) async throws {
        try await Self.expectMistake(mistake, in: body)
    }

    private static func expectMistake(_ mistake: String, in body: String) async throws {
        for path in [Gateway.onePath, Gateway.manyPath] {
            let gateway = try Gateway()
            let answer = await gateway.ask(body, at: path)
            #expect(answer.status == 400 && answer.decision == nil && answer.mistake == mistake)
            #expect(answer.json["error"] == "invalid_request" && answer.fields[.cacheControl] == "no-store")
            #expect(gateway.events.withLock { $0.compactMap(\.reason) } == [.unreadableForwarding])
        }
    }

    @Test(
        arguments: [
            "mcp.example/mcp", "/mcp", "", "ftp://mcp.example/mcp", "https://", "https://alice@mcp.example/mcp",
            "https://mcp.example/mcp#x", "https://mcp.example/m cp", "https://mcp.example/caf\u{E9}", "urn:mcp",
        ]
    )
    func `a resource is the absolute URL of a request`(url: String) async throws {
        let answer = try await Gateway().answer(Gateway.http("GET", .string(url)))
        #expect(answer.status == 400 && answer.mistake?.hasSuffix("found another text at /resource/id") == true)
    }

    @Test(arguments: ["get", "Get", "", "G ET", "CONNECT", "TRACE"])
    func `a method in lower case would escape the rules, and is refused`(method: String) async throws {
        let answer = try await Gateway().answer(Gateway.http(.string(method), "https://mcp.example/api/notes/1"))
        #expect(answer.status == 400 && answer.mistake?.hasSuffix("found another text at /action/name") == true)
    }

    @Test(arguments: [
        "", " ", "{", "nonsense", #"{"subject":}"#, "{} {}", "{\"a\":\"\u{1}\"}",
        #"{"subject":{"type":"anyone","id":"","id":"x"}}"#, #"{"subject":{},"subject":{}}"#,
        #"{"other":[{"a":1,"\u0061":2}]}"#,
        String(repeating: "[", count: 300) + String(repeating: "]", count: 300),
    ])
    func `what is not JSON, or has duplicate members, is 400`(body: String) async throws {
        for path in [Gateway.onePath, Gateway.manyPath] {
            let answer = try await Gateway().ask(body, at: path)
            #expect(answer.status == 400 && answer.json["error"] == "invalid_request")
            #expect(answer.mistake?.hasPrefix("expected JSON without duplicate members, found ") == true)
        }
    }

    @Test func `members that are not known, and the context, change nothing`() async throws {
        var members = Gateway.question(Gateway.call("read_file")).members ?? [:]
        members["context"] = ["time": "1985-10-26T01:22-07:00", "decision": false]
        members["future"] = ["nested": true]
        members["options"] = 1
        members["evaluations"] = 1
        #expect(try await Gateway().answer(.object(members)).decision == true)
    }

    @Test func `a body that is too large is 413`() async throws {
        let answer = try await Gateway().ask(String(repeating: " ", count: ProtectedResource.bodyBytes + 1))
        #expect(answer.status == 413 && answer.json["error"] == "request_too_large")
    }

    // MARK: Several questions

    private static func batch(_ tools: [String], _ semantic: JSON? = nil) -> JSON {
        var members: [String: JSON] = [
            "subject": Gateway.bearer(), "resource": Gateway.mcp,
            "evaluations": .array(tools.map { ["action": Gateway.call(.string($0))] }),
        ]
        if let semantic { members["options"] = ["evaluations_semantic": semantic, "other": 1] }
        return .object(members)
    }

    @Test(
        arguments: [
            (nil, ["read_a", "other", "read_b"], [true, false, true]),
            ("execute_all", ["read_a", "other", "read_b"], [true, false, true]),
            ("deny_on_first_deny", ["read_a", "other", "read_b"], [true, false]),
            ("deny_on_first_deny", ["read_a", "read_b"], [true, true]),
            ("permit_on_first_permit", ["other", "read_a", "read_b"], [false, true]),
            ("permit_on_first_permit", ["other", "more"], [false, false]),
        ] as [(JSON?, [String], [Bool?])]
    )
    func `several questions are answered in order, up to the answer that decides`(
        semantic: JSON?,
        tools: [String],
        decisions: [Bool?]
    ) async throws {
        let answer = try await Gateway().answers(Self.batch(tools, semantic))
        #expect(answer.status == 200 && answer.decision == nil && answer.decisions == decisions)
        #expect(answer.json.members?.keys.sorted() == ["evaluations"])
    }

    @Test func `defaults stand for whole entities that a question does not have`() async throws {
        let questions: JSON = [
            "subject": Gateway.bearer("bad"), "action": Gateway.call("read_file"), "resource": Gateway.mcp,
            "evaluations": [
                ["subject": Gateway.bearer()], ["subject": Gateway.bearer(), "action": Gateway.call("other")], [:],
                ["subject": .null], ["subject": Gateway.anyone, "action": ["name": "ping"]],
                // Not merged with the default: its token is not that of the default.
                ["subject": ["type": "access_token", "id": ""]], ["resource": ["id": "https://mcp.example/mcp"]],
            ],
        ]
        let answer = try await Gateway().answers(questions)
        #expect(answer.decisions == [true, false, false, false, true, false, false])
        let statuses = answer.json["evaluations"]?.elements?.map { $0["context"]?["status"] }
        #expect(statuses == [nil, 403, 401, 401, nil, 401, 400])
    }

    @Test func `a mistake in one question is the answer to that question`() async throws {
        let questions: JSON = [
            "subject": Gateway.bearer(), "action": "default",
            "evaluations": [
                ["action": ["name": "ping"], "resource": Gateway.mcp], ["action": ["name": "ping"]], [:], 7,
                ["resource": Gateway.mcp], ["action": ["name": "ping"], "resource": ["type": "mcp", "id": 1]],
            ],
        ]
        let gateway = try Gateway()
        let answer = await gateway.answers(questions)
        #expect(answer.decisions == [true, false, false, false, false, false])
        let contexts = answer.json["evaluations"]?.elements?.dropFirst().map { $0["context"] }
        #expect(contexts?.allSatisfy { $0?["status"] == 400 && $0?["error"] == "invalid_request" } == true)
        #expect(
            contexts?.map { $0?["error_description"]?.string } == [
                "expected a member, found none at /evaluations/1/resource",
                "expected an object, found a string at /action",
                "expected an object, found a number at /evaluations/3",
                "expected an object, found a string at /action",
                "expected a string, found a number at /evaluations/5/resource/id",
            ]
        )
        #expect(gateway.events.withLock { $0.count { $0.reason == .unreadableForwarding } } == 5)
        // A mistake ends what a denial ends.
        let first: JSON = ["evaluations": [[:], [:]], "options": ["evaluations_semantic": "deny_on_first_deny"]]
        #expect(await gateway.answers(first).decisions == [false])
    }

    @Test func `without evaluations it is one question`() async throws {
        let gateway = try Gateway()
        for evaluations in [nil, [], .null] as [JSON?] {
            var members = Gateway.question(Gateway.call("read_file")).members ?? [:]
            members["evaluations"] = evaluations
            let answer = await gateway.answers(.object(members))
            #expect(answer.decision == true && answer.decisions == nil)
        }
    }

    @Test func `what is said for all questions may not make each of them long`() async throws {
        let gateway = try Gateway()
        for (bytes, status) in [(1_000, 200), (100_000, 400)] {
            var members = Self.batch(Array(repeating: "read_a", count: 100)).members ?? [:]
            members["context"] = ["text": .string(String(repeating: "x", count: bytes))]
            let answer = await gateway.answers(.object(members))
            #expect(answer.status == status, "\(bytes) bytes: \(answer.text.prefix(300))")
        }
    }

    @Test func `the number of questions and the options are checked`() async throws {
        let gateway = try Gateway()
        let most = await gateway.answers(Self.batch(Array(repeating: "read_a", count: 100)))
        #expect(most.decisions == [Bool?](repeating: true, count: 100))
        let more = Array(repeating: "read_a", count: 101)
        for (questions, mistake) in [
            (Self.batch(more), "expected at most 100 elements, found 101 at /evaluations"),
            (["evaluations": [:]], "expected an array, found an object at /evaluations"),
            (["evaluations": [[:]], "options": []], "expected an object, found an array at /options"),
            (Self.batch(["a"], 1), "expected a string, found a number at /options/evaluations_semantic"),
        ] as [(JSON, String)] {
            let answer = await gateway.answers(questions)
            #expect(answer.status == 400 && answer.mistake == mistake)
        }
        let unknown = await gateway.answers(Self.batch(["a"], "all"))
        #expect(unknown.status == 400)
        #expect(unknown.mistake?.hasSuffix("found another text at /options/evaluations_semantic") == true)
    }
}
