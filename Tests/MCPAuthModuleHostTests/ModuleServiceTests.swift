// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

@testable import MCPAuthModuleHost

/// What the host tells a module about a request, and what it does for a module.
@Suite(.timeLimit(.minutes(2))) struct ModuleServiceTests {
    private static let helpers = #"""
        #define is(bytes, text) ((bytes).length == strlen(text) && memcmp((bytes).data, text, (bytes).length) == 0)
        """#

    private static func fields(_ list: (String, String)...) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in list {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return fields
    }

    private static let request = ProtectedResourceRequest(
        method: .post,
        authority: "h.example:8443",
        path: "/mcp/x",
        operation: .mcp([.call(method: "tools/call", name: "pay"), .response]),
        fields: fields(
            ("x-key", "one"),
            ("cookie", "secret"),
            ("authorization", "Bearer secret"),
            ("x-other", "2"),
            ("X-Key", "two")
        )
    )

    @Test(arguments: [
        (
            Modules.reentrant + " | MCP_AUTH_VERIFIER_NEEDS_OPERATION | MCP_AUTH_VERIFIER_NEEDS_ISSUER",
            #"""
            is(request->method, "POST") && is(request->url, "https://h.example:8443/mcp/x") && request->field_count == 2
            && is(request->fields[0].name, "x-key") && is(request->fields[0].value, "one")
            && is(request->fields[1].value, "two") && is(request->unverified_issuer, "https://i.example")
            && is(request->operation_json, "[{\"method\":\"tools/call\",\"name\":\"pay\"},{\"message\":\"@response\"}]")
            && request->time_left_ms > 1000 && request->time_left_ms <= 5000
            """#
        ),
        (
            Modules.pure,
            """
            request->method.length == 0 && request->url.length == 0 && request->field_count == 0
            && request->unverified_issuer.length == 0 && request->operation_json.length == 0
            """
        ),
    ])
    func `a module is told what it asks for, and a pure one nothing but the token`(
        flags: String,
        condition: String
    ) async throws {
        let fields = #".request_fields = (const char *const[]){ "x-key", "x-none", NULL }"#
        let path = try Modules.compile(
            change: ".flags = \(flags), \(fields)",
            body: "answer(call, \(condition) ? MCP_AUTH_VERDICT_NOT_MINE : MCP_AUTH_VERDICT_REJECT, \"\");",
            functions: Self.helpers
        )
        let library = try Modules.library(path)
        let verifier = try HostedVerifier(
            name: "test",
            configuration: ModuleConfiguration([:], of: library.component(.verifier, named: nil)) { $0 },
            issuer: "urn:example:hello",
            resource: ResourceIdentifier("https://h.example/mcp"),
            readIssuer: { _ in "https://i.example" },
            secrets: [:],
            onEvent: { _ in }
        )
        #expect(verifier.needsOperation == flags.contains("OPERATION"))
        let token = AccessToken(bytes: Array("t".utf8))
        #expect(await verifier.verify(token, of: Self.request, now: NumericDate(1_795_425_000)).word == "not mine")
    }

    @Test func `counters become events, with the names of module and counter, and only so many`() async throws {
        let events = Events()
        let body = #"""
            char name[80];
            for (int i = 0; i < 70; i++) {
                snprintf(name, sizeof name, "c%d", i);
                the_host->count(the_host, (mcp_auth_bytes){ name, strlen(name) }, 2);
            }
            the_host->count(the_host, (mcp_auth_bytes){ "c0", 2 }, 3);
            the_host->count(the_host, (mcp_auth_bytes){ "c1", 2 }, -1);
            the_host->count(the_host, (mcp_auth_bytes){ "not a name", 10 }, 1);
            the_host->count(the_host, (mcp_auth_bytes){ NULL, 0 }, 1);
            answer(call, MCP_AUTH_VERDICT_NOT_MINE, "");
            """#
        _ = try await Modules.verifier(body: body, events: events).ask()
        let counted = events.all.filter { $0.code == .moduleCounted }
        #expect(counted.count == 65 && counted.allSatisfy { $0.metadata["module"] == "test" && $0.level == .debug })
        #expect(counted.last?.metadata == ["module": "test", "counter": "c0", "by": "3"])
    }

    @Test func `random bytes differ`() async throws {
        let body = #"""
            char one[32], two[32];
            int good = the_host->random(the_host, one, 32) == 0 && the_host->random(the_host, two, 32) == 0
                && memcmp(one, two, 32) != 0 && the_host->random(the_host, NULL, 1) == -1;
            answer(call, good ? MCP_AUTH_VERDICT_NOT_MINE : MCP_AUTH_VERDICT_REJECT, "");
            """#
        #expect(try await Modules.verifier(body: body).ask().word == "not mine")
    }

    // MARK: Fetches

    /// Fetches, and answers with the status and the body of the response as subject.
    private static func fetching(_ request: String) -> (functions: String, body: String) {
        let functions = #"""
            static void give(const mcp_auth_host *host, uint64_t call, int32_t kind, const char *claims);
            static mcp_auth_verdict a_verdict(int32_t kind, const char *claims);
            static void done(void *instance, uint64_t call, void *user, const mcp_auth_http_response *response) {
                char claims[512];
                if (user != (void *)7) abort();
                if (response->status == 0) {
                    mcp_auth_verdict verdict = a_verdict(MCP_AUTH_VERDICT_UNAVAILABLE, "");
                    verdict.operator_detail = response->error;
                    const mcp_auth_host *host = instance;
                    host->complete(host, call, &verdict);
                    return;
                }
                snprintf(claims, sizeof claims, "{\"sub\":\"%d %.*s\",\"exp\":1795425600}", response->status,
                         (int)response->body.length, response->body.data);
                give(instance, call, MCP_AUTH_VERDICT_ACCEPT, claims);
            }
            """#
        let body = #"""
            static const char *url; static char text[512];
            int64_t length = the_host->config_string(the_host, (mcp_auth_bytes){ "url", 3 }, text, sizeof text);
            url = text;
            mcp_auth_field fields[] = { { { "x-test", 6 }, { "yes", 3 } }, { { "authorization", 13 }, { "Bearer k", 8 } } };
            mcp_auth_http_request order;
            memset(&order, 0, sizeof order);
            order.struct_size = sizeof order;
            order.url = (mcp_auth_bytes){ url, (size_t)length };
            order.fields = fields; order.field_count = 2;
            \#(request)
            if (the_host->http_fetch(the_host, call, &order, (void *)7, done) != 0) answer(call, MCP_AUTH_VERDICT_REJECT, "");
            """#
        return (functions, body)
    }

    private struct Recorder: HTTPFetcher {
        let requests = Lock<[FetchRequest]>([])
        var answer: Result<FetchResponse, FetchError> = .success(FetchResponse(status: 200, body: Array("ok".utf8)))

        func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
            requests.withLock { $0.append(request) }
            return try answer.get()
        }
    }

    private static func ask(
        _ url: String,
        _ request: String = "",
        hosts: [String],
        _ fetcher: any HTTPFetcher,
        flags: String = Modules.reentrant,
        events: Events = Events()
    ) async throws -> TokenVerdict {
        let (functions, body) = fetching(request)
        let path = try Modules.compile(
            change: ".flags = \(flags)",
            schema: #"{"properties":{"url":{"type":"string"}}}"#,
            body: body,
            functions: functions
        )
        let library = try Modules.library(path)
        let verifier = try Modules.verifier(library, ["url": .string(url)], hosts: hosts, events: events)
        verifier.use(fetcher)
        return await verifier.ask()
    }

    private static func subject(_ verdict: TokenVerdict) -> String? {
        guard case .verified(let evidence) = verdict else { return nil }
        return evidence.document.root["sub"]?.string
    }

    @Test(arguments: ["0", Modules.reentrant, Modules.pure])
    func `a module fetches from a listed host, with its fields, body and limits`(flags: String) async throws {
        let fetcher = Recorder()
        let post =
            #"order.method = (mcp_auth_bytes){ "POST", 4 }; order.body = (mcp_auth_bytes){ "{}", 2 };"#
            + "order.timeout_ms = 500; order.maximum_bytes = 1000;"
        let verdict = try await Self.ask(
            "https://api.example/user",
            post,
            hosts: ["api.example"],
            fetcher,
            flags: flags
        )
        #expect(Self.subject(verdict) == "200 ok")
        let request = try #require(fetcher.requests.withLock(\.first))
        #expect(request.url.description == "https://api.example/user" && request.form == Array("{}".utf8))
        #expect(request.authorization == "Bearer k" && request.accept == "application/json")
        #expect(request.fields == Self.fields(("x-test", "yes")))
        #expect(request.maximumBytes == 1000 && request.timeout == 0.5 && !request.mustReachPublicAddress)
        #expect(!"\(request)".contains("Bearer"))
    }

    @Test(arguments: [
        ("https://evil.example/user", "", "is not allowed: `hosts` does not list it"),
        ("https://api.example:8443/user", "", "is not allowed: `hosts` does not list it"),
        ("https://api.example@evil.example/", "", "no valid URL"), ("no url", "", "no valid URL"),
        ("https://api.example/", #"order.method = (mcp_auth_bytes){ "PUT", 3 };"#, "a fetch has the method `PUT`"),
        ("https://api.example/", #"order.body = (mcp_auth_bytes){ "{}", 2 };"#, "a GET with a body"),
        ("https://api.example/", #"fields[0].name = (mcp_auth_bytes){ "host", 4 };"#, "sets the field `host`"),
        (
            "https://api.example/", #"fields[0].value = (mcp_auth_bytes){ "a\r\nb: c", 7 };"#,
            "a field that is not valid"
        ),
        ("https://api.example/", "order.struct_size = 8;", "too short"),
        ("https://api.example/", "order.field_count = 33;", "too long"),
        ("https://api.example/", "order.url.length = SIZE_MAX;", "too long"),
        (
            "https://api.example/",
            #"order.method = (mcp_auth_bytes){ "POST", 4 }; order.body = (mcp_auth_bytes){ text, 70000 };"#, "too long"
        ),
    ])
    func `a fetch that is not allowed is refused, and the operator is told why`(
        url: String,
        request: String,
        reason: String
    ) async throws {
        let events = Events()
        let fetcher = Recorder()
        let verdict = try await Self.ask(url, request, hosts: ["api.example"], fetcher, events: events)
        #expect(verdict.word == "rejected rejected_by_module")
        #expect(fetcher.requests.withLock(\.isEmpty))
        #expect(events.all.contains { $0.level == .error && $0.message.contains(reason) }, "\(events.all)")
    }

    @Test func `a fetch without a response tells why`() async throws {
        let events = Events()
        let fetcher = Recorder(answer: .failure(FetchError("no route")))
        let verdict = try await Self.ask("https://api.example/", hosts: ["api.example"], fetcher, events: events)
        #expect(verdict.word == "unavailable")
        #expect(events.all.contains { $0.message.contains("no route") })
    }

    #if AsyncHTTPClient
    @Test func `a module fetches over loopback by the client of the engine`() async throws {
        let server = try ScriptedServer { request in
            let isRight = request.fields["x-test"] == "yes" && request.fields["authorization"] == "Bearer k"
            let text = "\(request.path) \(isRight)"
            return [.send("HTTP/1.1 203 X\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")]
        }
        defer { server.stop() }
        let host = "127.0.0.1:\(server.port)"
        let verdict = try await Self.ask("http://\(host)/user", hosts: [host], AsyncHTTPFetcher())
        #expect(Self.subject(verdict) == "203 /user true")
    }
    #endif
}
