// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import Testing

@testable import MCPAuthModuleHost

/// The verdicts of the example module, and how the host handles what modules return.
@Suite struct HostedVerifierTests {
    static let now = NumericDate(1_795_425_000)

    @Test func `the C module accepts its token and names the caller`() async throws {
        guard case .verified(let evidence) = try await Modules.hmacVerifier().ask(Self.token(600)) else {
            Issue.record("not accepted")
            return
        }
        #expect(evidence.document.root["sub"]?.string == "greeter")
        #expect(evidence.document.root["exp"]?.integer == 1_795_425_600)
        #expect(evidence.issuer == "urn:example:hello")
        #expect(evidence.audience == "https://h.example/mcp")
    }

    private static func token(_ life: Int) -> [UInt8] {
        Modules.token("greeter", Int(now.secondsSinceEpoch) + life).bytes
    }

    @Test(arguments: [
        "hmac.greeter.1795425600.00", "hmac.greeter.1795425600." + String(repeating: "0", count: 64),
        "hmac.Greeter.1795425600." + String(repeating: "0", count: 64), "hmac.", "hmac...",
        "hmac.a\"b.1795425600." + String(repeating: "0", count: 64),
    ])
    func `a forged or malformed token is rejected`(text: String) async throws {
        let answer = try await Modules.hmacVerifier().ask(Array(text.utf8))
        #expect(answer.word == "rejected rejected_by_module")
    }

    @Test func `a token is rejected once it has expired at the time of the call`() async throws {
        let verifier = try Modules.hmacVerifier()
        #expect(await verifier.ask(Self.token(0)).word == "rejected rejected_by_module")
        #expect(await verifier.ask(Self.token(1)).word == "verified")
        #expect(await verifier.ask(Self.token(1), now: Self.now.adding(1)).word == "rejected rejected_by_module")
    }

    @Test func `a token with one changed character is rejected`() async throws {
        var bytes = Self.token(600)
        bytes[7] ^= 1
        #expect(try await Modules.hmacVerifier().ask(bytes).word == "rejected rejected_by_module")
    }

    @Test(arguments: ["", "x", "hell", "eyJhbGciOiJub25lIn0.e30."])
    func `a token of another kind gets the verdict not mine`(text: String) async throws {
        #expect(try await Modules.hmacVerifier().ask(Array(text.utf8)).word == "not mine")
    }

    @Test func `a module sees the token, resource, scheme and deadline, and nothing else of the request`()
        async throws
    {
        let body = #"""
            #define is(bytes, text) ((bytes).length == strlen(text) && memcmp((bytes).data, text, (bytes).length) == 0)
            int good = request->struct_size == sizeof *request && is(request->token, "a.b")
                && is(request->resource, "https://h.example/mcp") && is(request->scheme, "Bearer")
                && request->deadline_unix_s == 1795425005 && the_host->now_unix_s(the_host, call) == 1795425000
                && request->unverified_issuer.length == 0 && request->method.length == 0 && request->url.length == 0;
            answer(call, good ? MCP_AUTH_VERDICT_NOT_MINE : MCP_AUTH_VERDICT_REJECT, "");
            """#
        let verifier = try Modules.verifier(body: body)
        #expect(await verifier.ask(Array("a.b".utf8), now: Self.now.adding(0.75)).word == "not mine")
    }

    @Test func `the first of several completions counts`() async throws {
        let accept = #"answer(call, MCP_AUTH_VERDICT_ACCEPT, "{\"sub\":\"a\",\"exp\":9999999999}");"#
        let reject = #"answer(call, MCP_AUTH_VERDICT_REJECT, "");"#
        #expect(try await Modules.verifier(body: reject + accept).ask().word == "rejected rejected_by_module")
        #expect(try await Modules.verifier(body: accept + reject).ask().word == "verified")
    }

    @Test func `another call number has no time, and completing it has no effect`() async throws {
        let body = #"""
            for (uint64_t other = 0; other < 64; other++) if (other != call) {
                if (the_host->now_unix_s(the_host, other) <= 9999999999) return;
                answer(other, MCP_AUTH_VERDICT_ACCEPT, "{\"sub\":\"a\",\"exp\":9999999999}");
            }
            answer(call, MCP_AUTH_VERDICT_REJECT, "");
            """#
        let verifier = try Modules.verifier(body: body)
        for _ in 0..<5 { #expect(await verifier.ask().word == "rejected rejected_by_module") }
    }

    @Test func `the expiry of a verdict replaces a missing exp`() async throws {
        for (claims, seconds) in [(#"{"client_id":"a"}"#, 60), (#"{"client_id":"a","exp":null}"#, 1)] {
            let verifier = try Modules.verifier(body: Self.accept(claims, "1795425000 + \(seconds)", ""))
            guard case .verified(let evidence) = await verifier.ask() else {
                Issue.record("not accepted")
                return
            }
            #expect(evidence.notAfter == Self.now.adding(Double(seconds)))
        }
    }

    @Test func `the expiry of a verdict is kept in addition to exp, and 0 means no expiry`() async throws {
        let claims = #"{"sub":"a","exp":1795429999}"#
        guard
            case .verified(let shorter) = try await Modules.verifier(body: Self.accept(claims, "1", "")).ask(),
            case .verified(let none) = try await Modules.verifier(body: Self.accept(claims, "0", "")).ask()
        else {
            Issue.record("not accepted")
            return
        }
        #expect(shorter.notAfter == NumericDate(1))
        #expect(none.notAfter == nil)
    }

    @Test(arguments: [
        #"{"sub":"a","exp":1795425600}"#, #"{"client_id":"a","exp":1795425600.5}"#,
        #"{"sub":"a","client_id":"b","exp":1795425600,"iss":"urn:example:hello","nbf":1,"iat":1}"#,
        #"{"sub":"a","exp":1795425600,"iss":null,"nbf":null,"client_id":null}"#,
        #"{"sub":"a","exp":1795425600,"big":123456789012345678901234567890,"nul":"\u0000"}"#,
    ])
    func `complete claims are accepted`(claims: String) async throws {
        #expect(try await Modules.verifier(body: Self.accept(claims, "0", "")).ask().word == "verified")
    }

    @Test func `claims of exactly the maximum length are accepted, and longer ones are not`() async throws {
        let events = Events()
        for (length, word) in [(65_536, "verified"), (65_537, "unavailable")] {
            let body = #"""
                static char claims[70000];
                int end = sprintf(claims, "{\"sub\":\"a\",\"exp\":1795425600}");
                memset(claims + end, ' ', sizeof claims - end);
                mcp_auth_verdict verdict = a_verdict(MCP_AUTH_VERDICT_ACCEPT, "");
                verdict.claims_json = (mcp_auth_bytes){ claims, \#(length) };
                the_host->complete(the_host, call, &verdict);
                """#
            #expect(try await Modules.verifier(body: body, events: events).ask().word == word)
        }
        let messages = events.all.map(\.message)
        #expect(messages == ["the module `test` accepted a token with claims of more than 65536 bytes"])
    }

    /// C code that accepts with these claims and this expiry, after a last change to the verdict.
    static func accept(_ claims: String, _ end: String, _ also: String) -> String {
        """
        mcp_auth_verdict verdict = a_verdict(MCP_AUTH_VERDICT_ACCEPT, \(Modules.literal(claims)));
        verdict.not_after_unix_s = \(end);
        \(also)
        the_host->complete(the_host, call, &verdict);
        """
    }
}

extension TokenVerdict {
    /// The answer in a word or two.
    var word: String {
        switch self {
        case .verified: "verified"
        case .rejected(let reason, _): "rejected \(reason)"
        case .notMine: "not mine"
        case .unavailable(.verifierUnavailable, retryAfter: 5, _): "unavailable"
        case .unavailable(let reason, let seconds, _): "unavailable \(reason) \(seconds)"
        }
    }
}
