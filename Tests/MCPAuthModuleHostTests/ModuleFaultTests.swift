// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import Testing

@testable import MCPAuthModuleHost

/// A fault of a module gives the verdict unavailable, never verified, and an event tells the operator what it did.
@Suite struct ModuleFaultTests {
    private static let accept = HostedVerifierTests.accept

    @Test(
        arguments: [
            (
                "the_host->complete(the_host, call, NULL);",
                "gave a verdict that is shorter than that of version 1.0: `struct_size` is too small"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999}"#, "0", "verdict.struct_size = 71;"),
                "gave a verdict that is shorter than that of version 1.0: `struct_size` is too small"
            ),
            (#"answer(call, MCP_AUTH_VERDICT_NONE, "{}");"#, "gave the verdict NONE (0), which decides nothing"),
            (#"answer(call, 5, "{}");"#, "gave a verdict that does not exist: 5"),
            (#"answer(call, 99, "{}");"#, "gave a verdict that does not exist: 99"),
            (#"answer(call, -1, "{}");"#, "gave a verdict that does not exist: -1"),
            (#"answer(call, 0x102, "{}");"#, "gave a verdict that does not exist: 258"),
            (accept("", "0", ""), "accepted a token with claims that are not valid JSON, or that have a name twice"),
            (accept("{", "0", ""), "accepted a token with claims that are not valid JSON, or that have a name twice"),
            (
                accept("secret-claim", "0", ""),
                "accepted a token with claims that are not valid JSON, or that have a name twice"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999} {}"#, "0", ""),
                "accepted a token with claims that are not valid JSON, or that have a name twice"
            ),
            (
                accept(#"{"sub":"secret-claim","sub":"b","exp":9999999999}"#, "0", ""),
                "accepted a token with claims that are not valid JSON, or that have a name twice"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999}"#, "0", "verdict.claims_json.data = NULL;"),
                "accepted a token with claims that are not valid JSON, or that have a name twice"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999}"#, "0", "verdict.claims_json.length--;"),
                "accepted a token with claims that are not valid JSON, or that have a name twice"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999}"#, "0", "verdict.claims_json.length = SIZE_MAX;"),
                "accepted a token with claims of more than 65536 bytes"
            ),
            (accept("[]", "1", ""), "accepted a token with claims that are not a JSON object"),
            (accept(#""secret-claim""#, "1", ""), "accepted a token with claims that are not a JSON object"),
            (accept("null", "1", ""), "accepted a token with claims that are not a JSON object"),
            (
                accept(#"{"sub":"a","exp":9999999999,"iss":"secret-claim"}"#, "0", ""),
                "accepted a token with an `iss` that is not the configured `issuer`"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999,"iss":"urn:example:hell"}"#, "0", ""),
                "accepted a token with an `iss` that is not the configured `issuer`"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999,"iss":"urn:example:hello/"}"#, "0", ""),
                "accepted a token with an `iss` that is not the configured `issuer`"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999,"iss":["urn:example:hello"]}"#, "0", ""),
                "accepted a token with an `iss` that is not the configured `issuer`"
            ),
            (
                accept(#"{"sub":"a"}"#, "0", ""),
                "accepted a token without an expiry: neither `exp` in the claims nor `not_after_unix_s`"
            ),
            (
                accept(#"{"sub":"a","exp":null}"#, "0", ""),
                "accepted a token without an expiry: neither `exp` in the claims nor `not_after_unix_s`"
            ),
            (
                accept(#"{"sub":"a","exp":"9999999999"}"#, "9999999999", ""),
                "accepted a token with an `exp`, `nbf` or `iat` that is not a number"
            ),
            (
                accept(#"{"sub":"a","exp":1e999}"#, "9999999999", ""),
                "accepted a token with an `exp`, `nbf` or `iat` that is not a number"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999,"nbf":"1"}"#, "0", ""),
                "accepted a token with an `exp`, `nbf` or `iat` that is not a number"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999,"iat":{}}"#, "0", ""),
                "accepted a token with an `exp`, `nbf` or `iat` that is not a number"
            ),
            (
                accept(#"{"sub":"a","exp":9999999999}"#, "-1", ""),
                "accepted a token with a `not_after_unix_s` below 0"
            ),
            (
                accept(#"{"exp":9999999999}"#, "0", ""),
                "accepted a token without a subject (`sub`) or client (`client_id`) that is a non-empty string"
            ),
            (
                accept(#"{"sub":null,"exp":9999999999}"#, "0", ""),
                "accepted a token without a subject (`sub`) or client (`client_id`) that is a non-empty string"
            ),
            (
                accept(#"{"sub":"","exp":9999999999}"#, "0", ""),
                "accepted a token without a subject (`sub`) or client (`client_id`) that is a non-empty string"
            ),
            (
                accept(#"{"sub":5,"client_id":"a","exp":9999999999}"#, "0", ""),
                "accepted a token without a subject (`sub`) or client (`client_id`) that is a non-empty string"
            ),
            (
                accept(#"{"sub":"a","client_id":["secret-claim"],"exp":9999999999}"#, "0", ""),
                "accepted a token without a subject (`sub`) or client (`client_id`) that is a non-empty string"
            ),
        ]
    )
    func `an event names the module and its fault in one sentence, without data from the module`(
        body: String,
        sentence: String
    ) async throws {
        let events = Events()
        let answer = try await Modules.verifier(body: body, events: events).ask(Array("secret-token".utf8))
        #expect(answer.word == "unavailable")
        #expect(events.all == [EngineEvent(.error, .moduleFailed, "the module `test` \(sentence)")])
    }

    @Test(
        arguments: [
            (
                "UNAVAILABLE", "unavailable",
                EngineEvent(.warning, .module, "test: unavailable: db_down: größer als `8`")
            ),
            (
                "REJECT", "rejected rejected_by_module",
                EngineEvent(.info, .module, "test: rejected: db_down: größer als `8`")
            ),
        ]
    )
    func `the reason and detail of a verdict reach the operator with their characters kept`(
        kind: String,
        word: String,
        event: EngineEvent
    ) async throws {
        let events = Events()
        let body = #"""
            mcp_auth_verdict verdict = a_verdict(MCP_AUTH_VERDICT_\#(kind), "");
            verdict.reason = (mcp_auth_bytes){ "db_down", 7 };
            verdict.operator_detail = (mcp_auth_bytes){ "größer als `8`", 16 };
            verdict.claims_json = (mcp_auth_bytes){ (const char *)1, 4096 };
            the_host->complete(the_host, call, &verdict);
            """#
        #expect(try await Modules.verifier(body: body, events: events).ask().word == word)
        #expect(events.all == [event])
    }

    @Test func `a module that rejects without a reason causes no event`() async throws {
        let events = Events()
        let verifier = try Modules.verifier(body: #"answer(call, MCP_AUTH_VERDICT_REJECT, "");"#, events: events)
        #expect(await verifier.ask().word == "rejected rejected_by_module")
        #expect(events.all.isEmpty)
    }

    @Test func `a module that is unavailable without a reason still causes an event`() async throws {
        let events = Events()
        let verifier = try Modules.verifier(body: #"answer(call, MCP_AUTH_VERDICT_UNAVAILABLE, "");"#, events: events)
        #expect(await verifier.ask().word == "unavailable")
        #expect(events.all == [EngineEvent(.warning, .module, "test: unavailable")])
    }

    @Test func `log lines of a module keep their characters, and only invisible ones are escaped`() async throws {
        let events = Events()
        let lines: [(level: Int, text: String, shown: String, as: EngineEvent.Level)] = [
            (0, "Пользователь 利用者 é ü 👍", "Пользователь 利用者 é ü 👍", .debug),
            (1, "a `b` \"c\" \\ 'd'", "a `b` \"c\" \\ 'd'", .info),
            (2, "a\nb\u{1B}[31m\r\u{7F}", #"a\u{A}b\u{1B}[31m\u{D}\u{7F}"#, .warning),
            (3, "x\u{202E}y\u{200B}z\u{2066}", #"x\u{202E}y\u{200B}z\u{2066}"#, .error), (9, "high", "high", .error),
            (-1, "low", "low", .debug),
        ]
        let body = lines.map {
            "the_host->log(the_host, \($0.level), \(octal($0.text)), \($0.text.utf8.count));"
        }
        _ = try await Modules.verifier(body: body.joined(separator: "\n"), events: events).ask()
        let expected = lines.map { EngineEvent($0.as, .module, "test: \($0.shown)") }
        #expect(events.all.dropLast() == expected[...])
    }

    @Test func `a long log line is cut between two characters, and invalid text does no harm`() async throws {
        let events = Events()
        let body = #"""
            char line[3000]; memset(line, 'a', sizeof line);
            memcpy(line + 1023, "\xC3\xBC", 2);
            the_host->log(the_host, 1, line, sizeof line);
            memcpy(line + 1022, "\xC3\xBC" "a", 3);
            the_host->log(the_host, 1, line, sizeof line);
            the_host->log(the_host, 1, "\xFFx", 2);
            the_host->log(the_host, 1, NULL, 7);
            the_host->log(the_host, 1, "x", SIZE_MAX);
            answer(call, MCP_AUTH_VERDICT_NOT_MINE, "");
            """#
        #expect(try await Modules.verifier(body: body, events: events).ask().word == "not mine")
        let run = String(repeating: "a", count: 1022)
        #expect(events.all.map(\.message) == ["test: \(run)a", "test: \(run)ü", "test: \u{FFFD}x", "test: ", "test: "])
    }

    /// A C string literal for any bytes.
    private func octal(_ text: String) -> String {
        "\"" + text.utf8.map { "\\" + ("00" + String($0, radix: 8)).suffix(3) }.joined() + "\""
    }
}
