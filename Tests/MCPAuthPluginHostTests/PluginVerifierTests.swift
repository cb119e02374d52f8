// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuthJSON
import MCPAuthLock
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPluginHost

@Suite struct PluginVerifierTests {
    static let now = NumericDate(1_795_425_000)
    private static let request = ProtectedResourceRequest(
        method: .post,
        authority: "h.example",
        path: "/mcp",
        credentials: .none
    )

    @Test func `the C module accepts its token and names the caller`() async throws {
        guard
            case .verified(let evidence) = try await Modules.helloVerifier().verify(
                Modules.token("greeter", 1_795_425_600),
                of: Self.request,
                now: Self.now
            )
        else {
            Issue.record("not accepted")
            return
        }
        #expect(evidence.document.root["sub"]?.string == "greeter")
        #expect(evidence.document.root["exp"]?.integer == 1_795_425_600)
        #expect(evidence.issuer == "urn:example:hello")
        #expect(evidence.audience == "https://h.example/mcp")
    }

    @Test(arguments: [
        "hello.greeter.1795425600.00", "hello.greeter.1795425600." + String(repeating: "0", count: 64),
        "hello.Greeter.1795425600." + String(repeating: "0", count: 64), "hello.", "hello...",
        "hello.a\"b.1795425600." + String(repeating: "0", count: 64),
    ])
    func `a forged or malformed token is rejected`(text: String) async throws {
        guard
            case .rejected(.rejectedByModule) = try await Modules.helloVerifier().verify(
                AccessToken(bytes: Array(text.utf8)),
                of: Self.request,
                now: Self.now
            )
        else {
            Issue.record("not rejected")
            return
        }
    }

    @Test func `an expired token is rejected by the time of the call`() async throws {
        guard
            case .rejected = try await Modules.helloVerifier().verify(
                Modules.token("greeter", 1_795_424_999),
                of: Self.request,
                now: Self.now
            )
        else {
            Issue.record("not rejected")
            return
        }
    }

    @Test(arguments: ["", "x", "hell", "eyJhbGciOiJub25lIn0.e30."])
    func `a token of another kind is not the module's`(text: String) async throws {
        guard
            case .notMine = try await Modules.helloVerifier().verify(
                AccessToken(bytes: Array(text.utf8)),
                of: Self.request,
                now: Self.now
            )
        else {
            Issue.record("claimed")
            return
        }
    }

    @Test(arguments: [
        "", "answer(call, MCP_AUTH_VERDICT_NONE, \"\");", "answer(call, 99, \"\");",
        "answer(call + 1, MCP_AUTH_VERDICT_ACCEPT, \"{\\\"sub\\\":\\\"a\\\",\\\"exp\\\":9999999999}\");",
        "answer(call, MCP_AUTH_VERDICT_ACCEPT, \"\");", "answer(call, MCP_AUTH_VERDICT_ACCEPT, \"[]\");",
        "answer(call, MCP_AUTH_VERDICT_ACCEPT, \"{\\\"sub\\\":\\\"a\\\"}\");",
        "answer(call, MCP_AUTH_VERDICT_ACCEPT, \"{\\\"exp\\\":9999999999}\");",
        "answer(call, MCP_AUTH_VERDICT_ACCEPT, \"{\\\"sub\\\":\\\"a\\\",\\\"exp\\\":9999999999,\\\"iss\\\":\\\"other\\\"}\");",
        "answer(call, MCP_AUTH_VERDICT_ACCEPT, \"{\\\"sub\\\":\\\"a\\\",\\\"sub\\\":\\\"b\\\",\\\"exp\\\":9999999999}\");",
        "answer(call, MCP_AUTH_VERDICT_ACCEPT, \"{\\\"sub\\\":null,\\\"exp\\\":9999999999}\");",
        "answer(call, MCP_AUTH_VERDICT_ACCEPT, \"{\\\"sub\\\":\\\"a\\\",\\\"exp\\\":\\\"never\\\"}\");",
        "answer(call, MCP_AUTH_VERDICT_UNAVAILABLE, \"\");",
    ])
    func `a module that does not decide properly makes the token unavailable, never accepted`(body: String) async throws
    {
        let library = try Modules.library(try Modules.compile(body: body))
        let answer = try await Modules.verifier(library, [:]).verify(
            AccessToken(bytes: [1]),
            of: Self.request,
            now: Self.now
        )
        guard case .unavailable(.verifierUnavailable, _) = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test func `the first of several completions counts`() async throws {
        let body = """
            answer(call, MCP_AUTH_VERDICT_REJECT, ""); \
            answer(call, MCP_AUTH_VERDICT_ACCEPT, "{\\"sub\\":\\"a\\",\\"exp\\":9999999999}");
            """
        let library = try Modules.library(try Modules.compile(body: body))
        guard
            case .rejected = try await Modules.verifier(library, [:]).verify(
                AccessToken(bytes: [1]),
                of: Self.request,
                now: Self.now
            )
        else {
            Issue.record("the second completion won")
            return
        }
    }

    @Test func `a token with one changed character is rejected`() async throws {
        var bytes = Modules.token("greeter", 1_795_425_600).bytes
        bytes[7] ^= 1
        guard
            case .rejected = try await Modules.helloVerifier().verify(
                AccessToken(bytes: bytes),
                of: Self.request,
                now: Self.now
            )
        else {
            Issue.record("not rejected")
            return
        }
    }

    @Test func `a length that no memory can have makes the token unavailable`() async throws {
        let body = """
            mcp_auth_verdict verdict; memset(&verdict, 0, sizeof verdict); \
            verdict.struct_size = sizeof verdict; verdict.kind = MCP_AUTH_VERDICT_ACCEPT; \
            verdict.claims_json.data = "{}"; verdict.claims_json.length = SIZE_MAX; \
            the_host->complete(the_host, call, &verdict); the_host->log(the_host, 0, "x", SIZE_MAX);
            """
        let verifier = try Modules.verifier(try Modules.library(try Modules.compile(body: body)))
        guard case .unavailable = await verifier.verify(AccessToken(bytes: [1]), of: Self.request, now: Self.now) else {
            Issue.record("decided")
            return
        }
    }

    @Test func `the end given by the verdict stands in for a missing exp`() async throws {
        let body = """
            mcp_auth_verdict verdict; memset(&verdict, 0, sizeof verdict); \
            verdict.struct_size = sizeof verdict; verdict.kind = MCP_AUTH_VERDICT_ACCEPT; \
            verdict.claims_json.data = "{\\"client_id\\":\\"a\\"}"; verdict.claims_json.length = 17; \
            verdict.not_after_unix_s = the_host->now_unix_s(the_host, call) + 60; \
            the_host->complete(the_host, call, &verdict);
            """
        let verifier = try Modules.verifier(try Modules.library(try Modules.compile(body: body)))
        guard
            case .verified(let evidence) = await verifier.verify(
                AccessToken(bytes: [1]),
                of: Self.request,
                now: Self.now
            )
        else {
            Issue.record("not accepted")
            return
        }
        #expect(evidence.notAfter == Self.now.adding(60))
    }

    @Test func `for a call that is not open everything has expired`() async throws {
        let body = """
            answer(call, the_host->now_unix_s(the_host, call + 1) > 9999999999 ? MCP_AUTH_VERDICT_REJECT : 0, "");
            """
        let verifier = try Modules.verifier(try Modules.library(try Modules.compile(body: body)))
        guard case .rejected = await verifier.verify(AccessToken(bytes: [1]), of: Self.request, now: Self.now) else {
            Issue.record("an early time was given")
            return
        }
    }

    @Test func `what a module logs reaches the operator on one printable line`() async throws {
        let lines = Lock<[String]>([])
        let library = try Modules.library(try Modules.compile(body: "the_host->log(the_host, 1, \"a\\nb\", 3);"))
        let verifier = try Modules.verifier(
            library,
            log: { level, line in lines.withLock { $0.append("\(level) \(line)") } }
        )
        _ = await verifier.verify(AccessToken(bytes: [1]), of: Self.request, now: Self.now)
        let logged = lines.withLock { $0 }
        #expect(logged.count == 1)
        #expect(logged.first?.hasPrefix("1 a") == true)
        #expect(logged.first?.contains("\n") == false)
    }
}
