// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import TestSupport
import Testing

/// Authorization compares bytes, unlike Swift strings, where U+212A KELVIN SIGN is equivalent to `K`.
@Suite struct EquivalentTextTests {
    @Test(arguments: [("client_id", #""client_ids":["K1"]"#), ("sub", #""when":{"claim":"/sub","equals":"K1"}"#)])
    func `a policy compares clients and claims byte by byte`(claim: String, rule: String) async throws {
        let policy = #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any",\#(rule)}]}"#
        let (door, issuer) = try Door.notes(policy: policy)
        let genuine = try issuer.token([claim: "K1"])
        #expect(try await door.request(authorization: ["Bearer \(genuine)"]).status == 200)
        let equivalent = try issuer.token([claim: "\u{212A}1"])
        #expect(try await door.request(authorization: ["Bearer \(equivalent)"]).status == 403)
    }

    @Test func `issuer identifiers are compared byte by byte`() {
        let issuer = IssuerIdentifier("https://issuer.example/K")
        #expect(issuer == IssuerIdentifier("https://issuer.example/K"))
        for other in ["https://issuer.example/\u{212A}", "https://issuer.example/k", "https://issuer.example/K/"] {
            #expect(issuer != IssuerIdentifier(other), "\(other)")
        }
    }

    @Test func `entries of the revocation list are compared byte by byte`() async throws {
        let (door, issuer) = try Door.notes()
        door.mcpAuth.replaceRevocations(
            with: RevocationList([
                .init(issuer: "https://issuer.example", subject: "K"),
                .init(issuer: "https://issuer.example", clientID: "K"),
                .init(issuer: "https://issuer.example", tokenID: "K"),
            ])
        )
        for claim in ["sub", "client_id", "jti"] {
            let denied = try issuer.token([claim: "K"])
            #expect(try await door.request(authorization: ["Bearer \(denied)"]).verdict == "401 revoked", "\(claim)")
            let other = try issuer.token([claim: "\u{212A}"])
            #expect(try await door.request(authorization: ["Bearer \(other)"]).status == 200, "\(claim)")
        }
    }

    @Test func `tool names are compared byte by byte, in a policy and in the Mcp-Name field`() async throws {
        let policy = #"{"version":1,"rules":[{"id":"r","effect":"allow","tools":["K"]}]}"#
        let (door, issuer) = try Door.notes(policy: policy)
        let bearer = ["Bearer \(try issuer.token())"]
        func call(_ name: String) -> String {
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(name)"}}"#
        }
        #expect(try await door.request(authorization: bearer, body: call("K")).status == 200)
        #expect(try await door.request(authorization: bearer, body: call("\u{212A}")).status == 403)
        let fields = [("Mcp-Method", "tools/call"), ("Mcp-Name", "=?base64?4oSq?=")]
        #expect(try await door.request(authorization: bearer, fields: fields, body: call("K")).status == 400)
    }

    @Test(arguments: ["/notes//admin", "//notes/admin", "/notes/./admin", "/notes/%61dmin"])
    func `an ambiguous path is refused on the routes of one resource too`(path: String) async throws {
        let policy =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any"},{"id":"d","effect":"deny","paths":["/notes/admin"]}]}"#
        let (door, issuer) = try Door.notes(policy: policy)
        let routes = try door.mcpAuth.requestGuard(
            resource: "https://api.example.com/notes",
            audience: [],
            requiredScopes: []
        )
        let bearer = ["Bearer \(try issuer.token())"]
        #expect(try await door.request(authorization: bearer, path: "/notes/admin", through: routes).status == 403)
        #expect(try await door.request(authorization: bearer, path: path, through: routes).status == 400)
    }

    @Test(arguments: [
        "/notes/admin/", "/notes/a:b", "/notes/a%3Ab", "/notes/a%3ab/", "/notes/caf%C3%A9", "/notes/caf%c3%a9",
        "/notes/x|y", "/notes/x%7Cy", "/notes/x%7cy/", "/notes/tree/", "/notes/tree/leaf", "/notes/tree/leaf/",
    ])
    func `a path rule applies to every spelling that a host routes to the same handler`(path: String) async throws {
        let policy =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any"},{"id":"d","effect":"deny","paths":["/notes/admin","/notes/a:b","/notes/caf%C3%A9","/notes/x%7Cy","/notes/tree/**"]}]}"#
        let (door, issuer) = try Door.notes(policy: policy)
        let bearer = ["Bearer \(try issuer.token())"]
        #expect(try await door.request(authorization: bearer, path: path).verdict == "403 denied_by_policy")
        for other in ["/notes/other/", "/notes/tree", "/notes/trees/"] {
            #expect(try await door.request(authorization: bearer, path: other).status == 200, "\(other)")
        }
    }

    @Test func `a require rule for everything below a path applies to the path with a slash`() async throws {
        let policy =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","targets":"any"},{"id":"r","effect":"require","paths":["/notes/tree/**"],"scopes":{"all":["admin"]}}]}"#
        let (door, issuer) = try Door.notes(policy: policy)
        let bearer = ["Bearer \(try issuer.token())"]
        #expect(try await door.request(authorization: bearer, path: "/notes/tree/").verdict == "403 insufficient_scope")
        #expect(try await door.request(authorization: bearer, path: "/notes/tree").status == 200)
    }

    @Test func `an allow rule for everything below a path does not allow the path with a slash`() async throws {
        let policy = #"{"version":1,"rules":[{"id":"a","effect":"allow","paths":["/notes/tree/**","/notes/leaf/*"]}]}"#
        let (door, issuer) = try Door.notes(policy: policy)
        let bearer = ["Bearer \(try issuer.token())"]
        for path in ["/notes/tree", "/notes/tree/", "/notes/leaf", "/notes/leaf/"] {
            #expect(try await door.request(authorization: bearer, path: path).status == 403, "\(path)")
        }
        for path in ["/notes/tree/one", "/notes/tree/one/", "/notes/tree/one/two/", "/notes/leaf/one/"] {
            #expect(try await door.request(authorization: bearer, path: path).status == 200, "\(path)")
        }
    }

    @Test(arguments: [
        "/notes/admin/", "/notes/a%3Ab", "/notes/caf%c3%a9", "/notes/%2A", "/notes/caf\u{E9}", "/notes/%61dmin",
        "/notes//admin", "/notes/../admin", "/notes/a b", "/notes/a;b", "**/a%3Ab", "/notes/x|y", "/notes/*/", "*/",
    ])
    func `a rule with a path that no request path can match is refused at load`(pattern: String) {
        let policy = #"{"version":1,"rules":[{"id":"d","effect":"deny","paths":["\#(pattern)"]}]}"#
        #expect(throws: ConfigurationError.self) { try Door.notes(policy: policy) }
    }

    @Test func `a client_id claim is ignored if the mapping reads the client from another claim`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let policy =
            #"{"version":1,"rules":[{"id":"r","effect":"allow","targets":"any","when":{"claim":"/client_id","equals":"admin"}}]}"#
        let mapping = ClaimMapping(clientID: ["azp"])
        let door = try Door.notes(trusting: [issuer], claims: mapping, policy: policy, fetcher: issuer.fetcher)
        let own = try issuer.token(["client_id": "admin"])
        #expect(try await door.request(authorization: ["Bearer \(own)"]).status == 403)
        let mapped = try issuer.token(["azp": "admin"])
        #expect(try await door.request(authorization: ["Bearer \(mapped)"]).status == 200)
    }

    @Test(arguments: ["client_id", "sub", "scope", "aud"])
    func `client, subject, scope and audience cannot be bounded like other claims`(claim: String) throws {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.allowedClaims = ["https://issuer.example": [claim: ["x"]]]
        #expect(throws: ConfigurationError.self) {
            try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: FixtureFetcher([:]))
        }
    }

    @Test func `the audience and the issuer of a token are compared byte by byte`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example/K", fetcher: FixtureFetcher([:]))
        let door = try Door.notes(trusting: [issuer], fetcher: issuer.fetcher)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
        let other = try issuer.token(["iss": "https://issuer.example/\u{212A}"])
        #expect(try await door.request(authorization: ["Bearer \(other)"]).reason == "untrusted_issuer")
        let elsewhere = try issuer.token(["aud": "https://api.example.com/notes\u{301}"])
        #expect(try await door.request(authorization: ["Bearer \(elsewhere)"]).reason == "audience_mismatch")
    }

    @Test(arguments: [
        "notes://a/../b", "notes://a/..\u{2F}\u{301}b", "notes://a/%2e%2E/b", "notes://a\\..\\b", "notes://a/.",
    ])
    func `a dot segment in a resource URI is found in any spelling`(uri: String) async throws {
        let policy = #"{"version":1,"rules":[{"id":"r","effect":"allow","resource_uris":["notes://**"]}]}"#
        let (door, issuer) = try Door.notes(policy: policy)
        let message: JSON = ["jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": ["uri": .string(uri)]]
        let body = String(decoding: message.encoded(), as: UTF8.self)
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"], body: body).status == 403)
    }
}
