// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthPolicy
import MCPAuthTesting
import TestSupport
import Testing

/// Step-up by a newer or stronger sign-in (RFC 9470).
@Suite struct SignInTests {
    private static let policy = #"""
        {"version":1,"rules":[
          {"id":"read","effect":"allow","tools":["list"],"scopes":{"all":["read:notes"]}},
          {"id":"purge","effect":"allow","tools":["purge"],"scopes":{"all":["admin:notes"]},
           "acr":["urn:mfa","urn:hwk"],"max_age_seconds":300}]}
        """#

    @Test(
        arguments: [
            ("read:notes", nil, nil, 403, "insufficient_scope"),
            ("admin:notes", nil, nil, 401, "insufficient_authentication"),
            ("admin:notes", "urn:pwd", 10.0, 401, "insufficient_authentication"),
            ("admin:notes", "urn:hwk", 301, 401, "insufficient_authentication"),
            ("admin:notes", "urn:hwk", -61, 401, "insufficient_authentication"),
            ("admin:notes", "urn:hwk", 300, 200, nil), ("admin:notes", "urn:mfa", 0, 200, nil),
        ] as [(String, String?, Double?, Int, String?)]
    )
    func `scopes are checked before the sign-in`(
        scope: String,
        acr: String?,
        age: Double?,
        status: Int,
        reason: String?
    ) async throws {
        let answer = try await Self.answer(scope: scope, acr: acr, age: age, tool: "purge")
        #expect(answer.status == status)
        #expect(answer.reason == reason)
    }

    @Test func `the challenge names the accepted acr values and the maximum age`() async throws {
        let answer = try await Self.answer(scope: "admin:notes", acr: "urn:pwd", age: 10, tool: "purge")
        let challenge = try #require(answer.challenge)
        #expect(challenge.hasPrefix(#"Bearer error="insufficient_user_authentication", "#))
        #expect(challenge.contains(#"acr_values="urn:mfa urn:hwk", max_age="300""#))
        #expect(!challenge.contains("scope="))
    }

    @Test func `a require rule can require a sign-in for every operation`() async throws {
        let policy =
            #"{"version":1,"required_scopes":["read:notes"],"rules":[{"id":"r","effect":"require","targets":"any","acr":["urn:mfa"]}]}"#
        let weak = try await Self.answer(scope: "read:notes", acr: "urn:pwd", age: nil, tool: "list", policy)
        #expect(weak.status == 401)
        let strong = try await Self.answer(scope: "read:notes", acr: "urn:mfa", age: nil, tool: "list", policy)
        #expect(strong.status == 200)
    }

    @Test func `requirements that no sign-in can meet are refused with 403`() async throws {
        let policy =
            #"{"version":1,"required_scopes":["read:notes"],"rules":[{"id":"a","effect":"require","targets":"any","acr":["x"]},{"id":"b","effect":"require","targets":"any","acr":["y"]}]}"#
        for acr in ["x", "y", "z"] {
            let answer = try await Self.answer(scope: "read:notes", acr: acr, age: nil, tool: "list", policy)
            #expect(answer.status == 403, "after a sign-in for one, the other would be lacking")
        }
    }

    @Test func `the challenge names only acr values that meet all requirements`() async throws {
        let policy =
            #"{"version":1,"required_scopes":["read:notes"],"rules":[{"id":"a","effect":"require","targets":"any","acr":["x","y"]},{"id":"b","effect":"require","targets":"any","acr":["y","z"]}]}"#
        let answer = try await Self.answer(scope: "read:notes", acr: "x", age: nil, tool: "list", policy)
        #expect(answer.challenge?.contains(#"acr_values="y""#) == true)
    }

    @Test(arguments: [
        (#""effect":"deny","acr":["x"]"#, "MA011"), (#""effect":"allow","acr":[]"#, "MA005"),
        (#""effect":"allow","acr":["a b"]"#, "MA005"), (#""effect":"allow","max_age_seconds":-1"#, "MA005"),
    ])
    func `an invalid sign-in requirement is refused at load`(members: String, code: String) {
        let text = #"{"version":1,"rules":[{"id":"a","targets":"any",\#(members)}]}"#
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
        }
        #expect(error?.code.description == code)
    }

    private static func answer(
        scope: String,
        acr: String?,
        age: Double?,
        tool: String,
        _ policy: String = policy
    ) async throws -> Door.Answer {
        let issuer = try TestIssuer(audience: "https://api.example.com/notes")
        let resource = try ResourceConfiguration(
            issuer.audience,
            authorizationServers: [issuer.server],
            policies: [.json(JSON(text: policy))]
        )
        let door = try Door([resource], issuer: issuer)
        var claims: [String: JSON] = [:]
        claims["acr"] = acr.map(JSON.string)
        claims["auth_time"] = age.map { .number(door.now.secondsSinceEpoch - $0) }
        let token = try issuer.token(scopes: [scope], claims: claims)
        let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)"}}"#
        return try await door.request(authorization: ["Bearer \(token)"], body: body)
    }
}
