// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthPolicy
import MCPAuthVerification
import TestSupport

/// Policy documents: a mistake is reported with its position, and a valid document can be evaluated for any request.
struct PolicyTarget: FuzzTarget {
    private let inputs: [PolicyInput]

    static func seeds() throws -> [[UInt8]] {
        let files = try Seeds.documents(in: ["policies/examples"]).map { JSON($0).encoded() }
        let conditions = [
            #"{"claim":"/tenant","equals":"acme"}"#, #"{"raw_claim":"/level","in":[1,2.5,"x",null,true]}"#,
            #"{"all":[{"claim":"/groups","contains":"staff"},{"not":{"claim":"/gone","exists":true}}]}"#,
            #"{"any":[{"claim":"/groups","contains_any":["a","staff"]},{"claim":"/groups","contains_all":["staff"]}]}"#,
            #"{"claim":"/groups","subset_of":["staff","owners"]}"#, #"{"claim":"/tenant","prefix":"ac"}"#,
            #"{"claim":"/tenant","suffix":"me"}"#, #"{"claim":"/tenant","glob":"*c*e"}"#,
            #"{"claim":"/level","gte":3}"#, #"{"claim":"/since","lt":"2026-01-31T00:00:00.5+01:00"}"#,
            #"{"claim":"/address/0/a~1b","absent":true}"#,
        ]
        let rules =
            conditions.map { #"{"id":"c","effect":"deny","targets":"any","when":\#($0)}"# } + [
                #"{"id":"a","effect":"allow","http_methods":["POST"],"paths":["/mcp/**","/*"],"enforce":false}"#,
                #"{"id":"b","effect":"allow","mcp_methods":["@basics","tools/*"],"scopes":{"all":["r"],"any":["w"]}}"#,
                #"{"id":"s","effect":"require","targets":"any","acr":["gold","silver"],"max_age_seconds":60}"#,
                #"{"id":"i","effect":"allow","tools":["create_*"],"issuers":["urn:x"],"client_ids":["c"]}"#,
                #"{"id":"u","effect":"allow","resource_uris":["file:///**"],"prompts":["p"],"subject_kind":"user"}"#,
            ]
        let wrapped = rules.map { #"{"version":1,"scope_implies":{"w":["r"]},"rules":[\#($0)]}"# }
        let short = #"{"version":1,"required_scopes":["r","w"],"scope_implies":{"a":["b"],"b":["c"]}}"#
        let all = #"{"$schema":"x","version":1,"rules":[\#(rules.prefix(3).joined(separator: ",\n"))]}"#
        return files + (wrapped + [short, all]).map { Array($0) }
    }

    init() throws {
        let operations: [RequestOperation] = [
            .http, .unknown, .mcp([.call(method: "tools/call", name: "create_note")]), .mcp([.stream]),
            .mcp([.call(method: "initialize", name: nil), .call(method: "tools/call", name: nil), .response]),
            .mcp([.call(method: "resources/read", name: "file:///a/b")]),
            .mcp([.call(method: "prompts/get", name: "p")]), .mcp([.sessionEnd]),
        ]
        let claims = [
            #"{"sub":"alice","client_id":"c","aud":"https://h.example/mcp","exp":1795425600}"#,
            """
            {"sub":"bob","client_id":"d","aud":["https://h.example/mcp"],"exp":1795425600,"scope":"r w","acr":"gold",\
            "auth_time":1795424990,"groups":["staff",7],"tenant":"acme","level":3,"since":"2025-01-01T00:00:00Z",\
            "address":[{"a/b":null}],"roles":"admin"}
            """,
        ]
        let callers = try claims.map(Self.caller)
        inputs = callers.flatMap { caller in
            operations.map { operation in
                let isGet = operation == .http || operation == .mcp([.stream])
                return PolicyInput(
                    authInfo: caller,
                    request: ProtectedResourceRequest(
                        method: isGet ? .get : .post,
                        path: "/mcp/a",
                        operation: operation
                    ),
                    now: NumericDate(1_795_425_000)
                )
            }
        }
    }

    func check(_ input: [UInt8]) {
        let policy: CompiledPolicy
        do throws(ConfigurationError) {
            policy = try CompiledPolicy(file: "policy.json", bytes: input)
        } catch {
            guard let place = error.location else { fatalError("broken promise: a mistake has a place") }
            promise(place.file == "policy.json" && place.line >= 1 && place.column >= 1, "which is in the file")
            promise(place.line <= input.count { $0 == 0x0A } + 1, "within its lines")
            promise(!error.message.isEmpty && !error.message.contains("\n"), "and is told in one line")
            return
        }
        let policies = PolicySet([policy])
        let twice = policies.adding(policy)
        for input in inputs {
            let answer = policies.evaluate(input)
            promise(policies.explain(input, revealingClaims: true).answer == answer, "the explanation is the answer's")
            _ = policies.explain(input, revealingClaims: false)
            promise(answer.kind.isAllow == twice.evaluate(input).kind.isAllow, "a policy twice says the same")
            let scopes = policies.scopesToRequest(for: input.request)
            promise(scopes == twice.scopesToRequest(for: input.request), "and asks for the same scopes")
        }
    }

    /// A caller with these claims, made in the only possible way: from a token that the engine accepts.
    private static func caller(claims: String) throws -> AuthInfo {
        let identifier = "https://h.example/mcp"
        var resource = try ResourceConfiguration(identifier, authorizationServers: [])
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("fuzz") { _, _ in .verified(try TokenEvidence(parsing: Array(claims.utf8))) },
                issuer: "urn:x"
            )
        ]
        let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [resource], onEvent: { _ in }), fetcher: NoFetcher())
        var request = HTTPRequest(method: .get, scheme: "https", authority: "h.example", path: "/mcp")
        request.headerFields[.authorization] = "Bearer x"
        let asked = request
        let decision = waiting {
            await mcpAuth.authorize(asked, now: { NumericDate(1_795_425_000) }, body: { _ in .bytes([]) })
        }
        guard case .allow(let caller?) = decision else { fatalError("the caller is allowed in") }
        return caller
    }
}

extension PolicyDecision.Kind {
    fileprivate var isAllow: Bool {
        if case .allow = self { true } else { false }
    }
}

private struct NoFetcher: HTTPFetcher {
    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        throw FetchError("there is no network")
    }
}
