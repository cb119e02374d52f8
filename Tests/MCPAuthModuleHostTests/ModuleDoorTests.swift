// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import Testing

/// Requests to a resource with a verifier module: what a module may decide, and what it may not.
@Suite(.timeLimit(.minutes(2))) struct ModuleDoorTests {
    private static func claims(_ more: String = "") -> String {
        #"{"sub":"alice","client_id":"c1","exp":1795425600\#(more)}"#
    }

    @Test(
        arguments: [
            (HostedVerifierTests.accept(claims(), "0", ""), "200"),
            (HostedVerifierTests.accept(claims(#","aud":"https://h.example/mcp""#), "0", ""), "200"),
            (HostedVerifierTests.accept(claims(#","aud":"https://h.example/free""#), "0", ""), "401 audience_mismatch"),
            (HostedVerifierTests.accept(claims(#","nbf":1795425061"#), "0", ""), "401 not_yet_valid"),
            (HostedVerifierTests.accept(claims(#","cnf":{"jkt":"x"}"#), "0", ""), "401 proof_required"),
            (HostedVerifierTests.accept(claims(#","token_type":"DPoP""#), "0", ""), "401 proof_required"),
            (HostedVerifierTests.accept(claims(), "1795424940", ""), "401 expired"),
            (HostedVerifierTests.accept(claims(), "1795424941", ""), "200"),
            (HostedVerifierTests.accept(#"{"sub":"a"}"#, "1795424940", ""), "401 expired"),
            (HostedVerifierTests.accept(#"{"sub":"a","exp":1795424940}"#, "1795429999", ""), "401 expired"),
            (HostedVerifierTests.accept(#"{"sub":"a","exp":1795424941}"#, "1795429999", ""), "200"),
            (HostedVerifierTests.accept(#"{"sub":"a"}"#, "0", ""), "503 verifier_unavailable, retry after 5"),
            (HostedVerifierTests.accept("garbage", "0", ""), "503 verifier_unavailable, retry after 5"),
            (
                HostedVerifierTests.accept(claims(#","iss":"https://other.example""#), "0", ""),
                "503 verifier_unavailable, retry after 5"
            ),
            ("answer(call, MCP_AUTH_VERDICT_NOT_MINE, \"\");", "401 unrecognized_token"),
            ("answer(call, MCP_AUTH_VERDICT_REJECT, \"\");", "401 rejected_by_module"),
            ("answer(call, MCP_AUTH_VERDICT_UNAVAILABLE, \"\");", "503 verifier_unavailable, retry after 5"),
            ("answer(call, MCP_AUTH_VERDICT_NONE, \"\");", "503 verifier_unavailable, retry after 5"),
            ("answer(call, 77, \"\");", "503 verifier_unavailable, retry after 5"),
            ("", "503 verifier_unavailable, retry after 5"),
        ]
    )
    func `the verdict of a module is checked like that of any verifier`(body: String, verdict: String) async throws {
        #expect(try await ModuleDoor(body: body).request("opaque") == verdict)
    }

    @Test(arguments: [
        ("give(result, claims->claims_json); return 0;", "200"),
        ("return 1;", "401 transform_failed"),
        ("give(result, (mcp_auth_bytes){ \"{}\", 2 }); return 0;", "401 transform_failed"),
        ("return 0;", "503 transformer_unavailable, retry after 5"),
        ("give(result, (mcp_auth_bytes){ \"[]\", 2 }); return 0;", "503 transformer_unavailable, retry after 5"),
    ])
    func `a transformer that refuses is 401, and one that violates its contract is 503`(
        body: String,
        verdict: String
    ) async throws {
        let door = try ModuleDoor(ModuleDoor.text(transformer: try HostedTransformerTests.module(body)))
        let token = String(decoding: Modules.token("greeter", 1_795_425_600).bytes, as: UTF8.self)
        #expect(try await door.request(token) == verdict)
    }

    @Test(
        .enabled(if: !Modules.areIsolated),
        arguments: [
            ("", Modules.pure, false), (#" "isolation": "thread","#, Modules.pure, false),
            (#" "isolation": "none","#, Modules.pure, true), (#" "isolation": "none","#, Modules.reentrant, false),
            (#" "isolation": "none","#, "MCP_AUTH_VERIFIER_PURE", false),
        ]
    )
    func `a module runs on the thread of a request only if both it and the operator allow that`(
        isolation: String,
        flags: String,
        runsHere: Bool
    ) async throws {
        let claims = #"{\"sub\":\"%lu\",\"client_id\":\"c\",\"exp\":1795425600}"#
        let body = #"""
            char claims[100];
            snprintf(claims, sizeof claims, "\#(claims)", (unsigned long)pthread_self());
            answer(call, MCP_AUTH_VERDICT_ACCEPT, claims);
            """#
        let path = try Modules.compile(change: ".flags = \(flags)", body: body, functions: "#include <pthread.h>\n")
        let door = try ModuleDoor(ModuleDoor.text(path, more: isolation))
        var wasHere = false
        for _ in 0..<64 {
            let before = pthread_self()
            let subject = await door.subject(of: "opaque")
            if subject == "\(before)", before == pthread_self() { wasHere = true }
        }
        #expect(wasHere == runsHere)
    }

    @Test(arguments: [
        #""nonce":"n""#, #""at_hash":"x""#, #""c_hash":"x""#, #""events":{}"#, #""token_use":"id_token""#,
        #""token_use":"refresh_token""#, #""token_type":"refresh_token""#, #""typ":"ID""#, #""typ":"Refresh""#,
        #""type":"logout_token""#, #""token_use":1e999"#,
    ])
    func `a token marked as another kind is refused, although a module accepted it`(mark: String) async throws {
        let door = try ModuleDoor(body: HostedVerifierTests.accept(Self.claims(",\(mark)"), "0", ""))
        #expect(try await door.request("opaque") == "401 wrong_token_type")
    }

    @Test func `a JWT that has such a mark itself is refused, although a module accepted it`() async throws {
        let door = try ModuleDoor(body: HostedVerifierTests.accept(Self.claims(), "0", ""))
        let key = try SigningKey(.es256)
        let logout = try key.sign(header: ["typ": "logout+jwt"], claims: ["sub": "alice"])
        #expect(try await door.request(logout) == "401 wrong_token_type")
        let identity = try key.sign(header: ["typ": "JWT"], claims: ["sub": "alice", "nonce": "n"])
        #expect(try await door.request(identity) == "401 wrong_token_type")
        let access = try key.sign(header: ["typ": "at+jwt"], claims: ["sub": "alice"])
        #expect(try await door.request(access) == "200")
    }

    @Test func `each resource has its own instance of a module, which knows its resource`() async throws {
        let body = #"""
            int is_mcp = request->resource.length == 21 && memcmp(request->resource.data, "https://h.example/mcp", 21) == 0;
            answer(call, is_mcp ? MCP_AUTH_VERDICT_REJECT : MCP_AUTH_VERDICT_NOT_MINE, "");
            """#
        let text = ModuleDoor.text(try Modules.compile(body: body)).replacing(#"["hmac"]"#, with: #"["custom"]"#)
        let door = try ModuleDoor(text)
        #expect(try await door.request("opaque") == "401 rejected_by_module")
        #expect(try await door.request("opaque", path: "/free") == "401 unrecognized_token")
    }

    @Test(arguments: [
        (Modules.pure, 0, 3), (Modules.reentrant, 3600, 3), (Modules.pure, 3600, 1), ("0", 0, 3),
    ])
    func `a verdict is kept only if the module is pure and says for how long`(
        flags: String,
        seconds: Int,
        asked: Int
    ) async throws {
        let gate = try Gate()
        let body = #"""
            note(the_host, "journal", "asked");
            if (access(path_of(the_host, "gate"), F_OK) == 0) { answer(call, MCP_AUTH_VERDICT_REJECT, ""); return; }
            \#(HostedVerifierTests.accept(Self.claims(), "0", "verdict.cache_seconds = \(seconds);"))
            """#
        let module = try Modules.compile(change: ".flags = \(flags)", schema: Gate.schema, body: body)
        let door = try ModuleDoor(ModuleDoor.text(module, config: gate.configuration))
        for _ in 0..<2 { #expect(try await door.request("opaque") == "200") }
        gate.open()
        #expect(try await door.request("opaque") == (asked == 1 ? "200" : "401 rejected_by_module"))
        #expect(gate.lines.count == asked)
    }

    @Test func `a module that blocks delays neither metadata nor other resources`() async throws {
        let gate = try Gate()
        let body = #"""
            note(the_host, "journal", "in");
            wait_for(the_host, "gate");
            \#(HostedVerifierTests.accept(Self.claims(), "0", ""))
            """#
        let module = try Modules.compile(schema: Gate.schema, body: body)
        let door = try ModuleDoor(ModuleDoor.text(module, config: gate.configuration))
        let hello = String(decoding: Modules.token("greeter", 1_795_425_600).bytes, as: UTF8.self)
        let answers = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<32 { group.addTask { try await door.request("opaque") } }
            try await gate.waitForLines(8)
            for _ in 0..<20 {
                #expect(door.metadataStatus() == 200)
                #expect(try await door.request(hello, path: "/free") == "200")
            }
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0 == "200" || $0.hasPrefix("503 ") }, "\(answers)")
    }

    @Test func `a module that blocks in create or destroy delays no request during a reload`() async throws {
        let gate = try Gate()
        let sleepy = try Modules.compile(
            schema: Gate.schema,
            body: "answer(call, MCP_AUTH_VERDICT_REJECT, \"\");",
            create: #"note(the_host, "journal", "in"); wait_for(the_host, "gate");"#,
            destroy: #"note(the_host, "journal", "out"); usleep(20000); note(the_host, "journal", "gone");"#
        )
        let plain = try Modules.compile(schema: Gate.schema, body: "answer(call, MCP_AUTH_VERDICT_NOT_MINE, \"\");")
        let door = try ModuleDoor(ModuleDoor.text(plain))
        try ModuleDoor.text(sleepy, config: gate.configuration)
            .write(toFile: door.path, atomically: true, encoding: .utf8)
        // More than there are threads for tasks, so that none of these threads is free by chance.
        let count = ProcessInfo.processInfo.activeProcessorCount + 2
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask { try await door.reload() } }
            try await gate.waitForLines(count)
            for _ in 0..<50 { #expect(try await door.request("opaque") == "401 unrecognized_token") }
            gate.open()
            try await group.waitForAll()
        }
        #expect(try await door.request("opaque") == "401 rejected_by_module")
        try ModuleDoor.text(plain).write(toFile: door.path, atomically: true, encoding: .utf8)
        try await door.reload()
        #expect(try await door.request("opaque") == "401 unrecognized_token")
        try await gate.waitForLines(3 * count)
        for line in ["in", "out", "gone"] { #expect(gate.lines.filter { $0 == line }.count == count) }
    }

    @Test func `a changed file is a new module after a reload, and one with a wrong hash keeps the old module`()
        async throws
    {
        let path = try Modules.compile(body: "answer(call, MCP_AUTH_VERDICT_REJECT, \"\");")
        let contents = try #require(FileManager.default.contents(atPath: path))
        let door = try ModuleDoor(ModuleDoor.text(path))
        #expect(door.files.contains(path))
        #expect(try await door.request("opaque") == "401 rejected_by_module")
        let other = try Modules.compile(body: "answer(call, MCP_AUTH_VERDICT_NOT_MINE, \"\");")
        try #require(FileManager.default.contents(atPath: other)).write(to: URL(filePath: path))
        #expect(try await door.request("opaque") == "401 rejected_by_module")
        try await door.reload()
        #expect(try await door.request("opaque") == "401 unrecognized_token")
        let pin = " \"sha256\": \"\(Digest.hexadecimalSHA256([UInt8](contents)))\","
        try ModuleDoor.text(path, more: pin).write(toFile: door.path, atomically: true, encoding: .utf8)
        let error = await #expect(throws: ConfigurationError.self) { try await door.reload() }
        #expect(error?.message.contains("not the pinned") == true, "\(error?.message ?? "")")
        #expect(try await door.request("opaque") == "401 unrecognized_token")
        try contents.write(to: URL(filePath: path))
        try await door.reload()
        #expect(try await door.request("opaque") == "401 rejected_by_module")
    }

    @Test(arguments: [
        (#"{"key":"k","scope":5}"#, "6:36: MA004: `config/scope` is a whole number, expected a string"),
        (#"{"key":"k","scpe":"s"}"#, "6:28: MA002: unknown key `scpe` in `config`, did you mean `scope`"),
        (#"{"key":"k"}"#, "6:17: MA003: missing key `scope` in `config`"),
        (#""text""#, "6:17: MA004: `config` must be an object"),
        (
            #"{"key":"other","scope":"s"}"#,
            "6:17: MA020: the module `hmac-token-c` cannot be configured: the secret that"
        ),
        (
            #"{"key":"k","scope":"a\"b"}"#,
            "6:17: MA020: the module `hmac-token-c` cannot be configured: `scope` must be"
        ),
    ])
    func `a mistake in config is reported with file, line and column`(config: String, message: String) throws {
        let text = ModuleDoor.text(Modules.hmac).replacing(
            #""config": { "key": "k", "scope": "read" }"#,
            with: #""config": \#(config)"#
        )
        .replacing(
            #""config": {} }"#,
            with: #""config": {"key":"k","scope":"s"}, "secrets": {"k": {"env":"HMAC_KEY"}} }"#
        )
        let error = #expect(throws: ConfigurationError.self) { try ModuleDoor(text) }
        #expect(error?.description.contains("mcp-auth.json:\(message)") == true, "\(error?.description ?? "")")
    }

    @Test func `a mistake that validate reports has the position of its pointer, or of config`() throws {
        for (pointer, place) in [("/gate", "4:25"), ("/gate/x", "4:17"), ("gate", "4:17"), ("", "4:17")] {
            let functions = """
                static void validate(const char *config, size_t length, void *context,
                                     void (*report)(void *, mcp_auth_bytes, mcp_auth_bytes)) {
                    report(context, (mcp_auth_bytes){ "\(pointer)", \(pointer.utf8.count) }, (mcp_auth_bytes){ "odd", 3 });
                }
                """
            let path = try Modules.compile(change: ".validate = validate", schema: Gate.schema, functions: functions)
            let error = #expect(throws: ConfigurationError.self) {
                try ModuleDoor(ModuleDoor.text(path, config: ["gate": "x"]))
            }
            let message = error?.description ?? ""
            #expect(message.contains("mcp-auth.json:\(place): MA005: `config\(pointer)`: odd"), "\(message)")
        }
    }

    @Test func `a path in config is relative to the configuration file`() async throws {
        let schema = #"{"properties":{"list":{"type":"string","format":"path"}}}"#
        let body = #"""
            int is_there = access(path_of(the_host, "list"), F_OK) == 0;
            answer(call, is_there ? MCP_AUTH_VERDICT_REJECT : MCP_AUTH_VERDICT_NOT_MINE, "");
            """#
        let door = try ModuleDoor(
            ModuleDoor.text(try Modules.compile(schema: schema, body: body), config: ["list": "allowed.txt"])
        )
        #expect(try await door.request("opaque") == "401 unrecognized_token")
        let list = door.path.replacing("mcp-auth.json", with: "allowed.txt")
        try "x".write(toFile: list, atomically: true, encoding: .utf8)
        #expect(try await door.request("opaque") == "401 rejected_by_module")
    }

    @Test func `a fault of a module is an event with the module's name from the configuration`() async throws {
        let door = try ModuleDoor(body: HostedVerifierTests.accept(#"{"sub":"secret-claim"}"#, "0", ""))
        _ = try await door.request("secret-token")
        let faults = door.events.all.filter { $0.code == .moduleFailed }.map(\.description)
        let expected = "accepted a token without an expiry: neither `exp` in the claims nor `not_after_unix_s`"
        #expect(faults == ["module_failed: the module `custom` \(expected)"])
        #expect(!door.events.all.contains { $0.description.contains("secret") })
    }
}
