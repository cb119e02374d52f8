// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthCore
import MCPAuthJSON
import Testing

@testable import MCPAuthModuleHost

/// Transformers of modules: what they give, and what happens when they violate their contract.
@Suite(.timeLimit(.minutes(2))) struct HostedTransformerTests {
    static func module(_ body: String) throws -> String {
        try Modules.compile(
            table: ".transformers = transformers, .transformer_count = 1",
            after: """
                static int32_t transform(void *instance, const mcp_auth_claims *claims, void *result,
                                         void (*give)(void *, mcp_auth_bytes)) {
                    const mcp_auth_host *the_host = instance; (void)the_host; (void)claims; (void)result; (void)give;
                    \(body)
                }
                static const mcp_auth_transformer transformer = { .struct_size = sizeof(mcp_auth_transformer),
                    .name = "test", .config_schema_json = \(Modules.literal(Gate.schema)), .create = create,
                    .destroy = destroy, .transform = transform };
                static const mcp_auth_transformer *const transformers[] = { &transformer };
                """
        )
    }

    private static func transformer(
        _ body: String,
        _ configuration: JSON = [:],
        limits: ModuleLimits = ModuleLimits(),
        events: Events = Events()
    ) throws -> HostedTransformer {
        let component = try Modules.library(try module(body)).component(.transformer, named: nil)
        return try HostedTransformer(
            name: "test",
            configuration: ModuleConfiguration(configuration, of: component) { $0 },
            limits: limits,
            secrets: [:],
            onEvent: events.add
        )
    }

    private static func give(_ json: String, times: Int = 1) -> String {
        """
        static const char text[] = \(Modules.literal(json));
        for (int i = 0; i < \(times); i++) give(result, (mcp_auth_bytes){ text, sizeof text - 1 });
        return 0;
        """
    }

    @Test func `a transformer receives the claims and the issuer, and gives new claims`() throws {
        let body = #"""
            if (claims->issuer.length != 17 || memcmp(claims->issuer.data, "https://i.example", 17) != 0) return 1;
            char text[1024];
            snprintf(text, sizeof text, "{\"was\":%.*s}", (int)claims->claims_json.length, claims->claims_json.data);
            give(result, (mcp_auth_bytes){ text, strlen(text) });
            return 0;
            """#
        let transformer = try Self.transformer(body)
        // More often than it takes to be proven quick.
        for number in 0..<40 {
            let claims: [String: JSON] = ["n": .integer(Int64(number)), "scope": ["a"]]
            #expect(try transformer.transform(claims, of: "https://i.example") == ["was": .object(claims)])
        }
        #expect(throws: (any Error).self) { try transformer.transform([:], of: "https://other") }
    }

    @Test(arguments: [
        (give("{}", times: 0), "called `give` 0 times for one token, expected once"),
        (give("{}", times: 2), "called `give` 2 times for one token, expected once"),
        (give("[]"), "gave claims that are not a JSON object without duplicate names"),
        (give(#"{"a":1,"a":2}"#), "gave claims that are not a JSON object without duplicate names"),
        (give("{"), "gave claims that are not a JSON object without duplicate names"),
        (
            "give(result, (mcp_auth_bytes){ (const char *)1, SIZE_MAX }); return 0;",
            "gave claims of more than 65536 bytes"
        ),
    ])
    func `a fault refuses the token, and an event names it`(body: String, sentence: String) throws {
        let events = Events()
        let transformer = try Self.transformer(body, events: events)
        #expect(throws: (any Error).self) { try transformer.transform(["sub": "a"], of: "https://i.example") }
        #expect(events.all == [EngineEvent(.error, .moduleFailed, "the module `test` \(sentence)")])
    }

    @Test func `a transformer that was quick and then blocks delays the request for a bounded time`() throws {
        let gate = try Gate()
        var limits = ModuleLimits()
        limits.transformSeconds = 0.1
        let body = """
            if (claims->issuer.length == 2) wait_for(the_host, "gate");
            \(Self.give("{}"))
            """
        let transformer = try Self.transformer(body, gate.configuration, limits: limits)
        for _ in 0..<40 { #expect(try transformer.transform([:], of: "https://i.example") == [:]) }
        // On this thread, it would not return before the gate opens.
        #expect(throws: (any Error).self) { try transformer.transform([:], of: "no") }
        gate.open()
    }

    @Test(.enabled(if: !Modules.areIsolated))
    func `a transformer whose threads are all blocked delays no request`() throws {
        let gate = try Gate()
        var limits = ModuleLimits()
        (limits.threads, limits.transformSeconds) = (2, 1)
        let transformer = try Self.transformer(
            #"wait_for(the_host, "gate"); return 1;"#,
            gate.configuration,
            limits: limits
        )
        for _ in 0..<2 { #expect(throws: (any Error).self) { try transformer.transform([:], of: "https://i.example") } }
        let start = MonotonicTime.now
        Thread.sleep(forTimeInterval: 0.2)
        for _ in 0..<10 {
            #expect(throws: (any Error).self) { try transformer.transform([:], of: "https://i.example") }
        }
        #expect(start.duration(to: .now) < 5)
        gate.open()
    }

    @Test func `a transformer that blocks delays the request for a bounded time`() throws {
        let gate = try Gate()
        let events = Events()
        var limits = ModuleLimits()
        limits.transformSeconds = 0.05
        let transformer = try Self.transformer(
            #"wait_for(the_host, "gate"); return 1;"#,
            gate.configuration,
            limits: limits,
            events: events
        )
        let start = MonotonicTime.now
        #expect(throws: (any Error).self) { try transformer.transform([:], of: "https://i.example") }
        #expect(start.duration(to: .now) < 5)
        // An isolated one is ended, which is reported at any time after.
        let messages = events.all.map(\.message).filter { !$0.contains("has no process") }
        #expect(messages == ["the module `test` did not answer within 0.05 s"])
        gate.open()
    }
}
