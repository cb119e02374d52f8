// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// Rows B of the attack catalogue: the form, encoding and JSON of tokens; prepared tokens are in `AttackTokenTests`.
@Suite struct TokenFormatAttackTests {
    @Test func `B1 and B9 an encrypted token is refused without a fetch, whatever its header`() async throws {
        let (door, issuer) = try Door.notes()
        let headers: [JSON] = [
            ["alg": "RSA-OAEP-256", "enc": "A256GCM"], ["alg": "dir", "enc": "A128GCM", "zip": "DEF"],
            ["alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2s": "AAAAAAAAAAA", "p2c": 2_147_483_647],
            ["alg": "none", "cty": "JWT", "enc": "A256GCM"],
        ]
        for header in headers {
            let token =
                Base64URL.encode(header.encoded()) + ".AAAA.AAAA." + String(repeating: "A", count: 4000) + ".AAAA"
            let answer = try await door.request(authorization: ["Bearer \(token)"])
            #expect(answer.verdict == "401 encrypted_token")
        }
        #expect(issuer.fetcher.requests.isEmpty)
    }

    @Test func `B2 a token of only dots is refused without a fetch`() async throws {
        let (door, issuer) = try Door.notes()
        for count in [1, 2, 3, 16_000, 2_000_000] {
            let dots = String(repeating: ".", count: count)
            let status = count > 16 * 1024 ? 431 : 401
            #expect(try await door.request(authorization: ["Bearer \(dots)"]).status == status)
        }
        #expect(issuer.fetcher.requests.isEmpty)
    }

    @Test func `B3 no part of a token may have padding, white space or characters of another alphabet`() async throws {
        let (door, issuer) = try Door.notes()
        let parts = try issuer.token(["x": "\u{3FF}\u{3FF}\u{3FF}?>"]).split(separator: ".").map(String.init)
        for index in 0..<3 {
            for ending in ["=", "==", "+", "/", "%", "*"] {
                var changed = parts
                changed[index] += ending
                let token = changed.joined(separator: ".")
                let reason = index == 0 ? "unrecognized_token" : "malformed_token"
                #expect(
                    try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 \(reason)",
                    "part \(index) and \(ending)"
                )
            }
            for ending in ["\u{0}", " ", "\n", "\t", "\u{FF0E}", "\u{A0}"] {
                var changed = parts
                changed[index] += ending
                #expect(try await !door.isAllowed(Array(changed.joined(separator: ".").utf8)))
            }
        }
    }

    @Test(arguments: [
        #""crit":[]"#, #""crit":["exp"]"#, #""crit":["alg"]"#, #""crit":["x","x"],"x":1"#,
        #""crit":["b64"],"b64":true"#,
        #""crit":null"#, #""crit":"exp""#, #""crit":{}"#, #""b64":false"#, #""b64":true"#,
        #""crit":["http://example.invalid/UNDEFINED"],"http://example.invalid/UNDEFINED":true"#,
    ])
    func `B4 and B5 a header with crit or b64 is refused`(member: String) async throws {
        let (door, issuer) = try Door.notes()
        let header = #"{"alg":"ES256","kid":"KID","typ":"at+jwt",\#(member)}"#
        let token = try issuer.token(rawHeader: header, rawClaims: Array(issuer.claims("\"x\":1").utf8))
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 malformed_token")
    }

    @Test(arguments: [
        #""sub":"bob""#, #""s\u0075b":"bob""#, #""\u0065xp":1795425600"#, #""aud":"https://api.example.com/notes""#,
        #""\u0061ud":"https://api.example.com/notes""#, #""x":{"a":1,"\u0061":2}"#, #""x":[{"a":1,"a":1}]"#,
    ])
    func `B6 a duplicate member in the claims is refused, even if one is escaped`(member: String) async throws {
        let (door, issuer) = try Door.notes()
        let claims = try issuer.token(rawClaims: Array(issuer.claims(member).utf8))
        #expect(try await door.request(authorization: ["Bearer \(claims)"]).verdict == "401 malformed_token")
    }

    @Test(arguments: [#""alg":"none""#, #""\u0061lg":"ES256""#, #""kid":"KID""#, #""\u006bid":"KID""#])
    func `B6 a duplicate member in the header is refused, even if one is escaped`(member: String) async throws {
        let (door, issuer) = try Door.notes()
        let header = #"{"alg":"ES256","kid":"KID","typ":"at+jwt",\#(member)}"#
        let token = try issuer.token(rawHeader: header, rawClaims: Array(issuer.claims("\"x\":1").utf8))
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == "401 unrecognized_token")
    }

    /// Changes to the text of a JSON object in UTF-8; most make it invalid.
    private static let broken: [(name: String, change: @Sendable (String) -> [UInt8])] = [
        ("byte order mark", { [0xEF, 0xBB, 0xBF] + Array($0.utf8) }),
        ("UTF-16", { $0.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } }),
        ("trailing bytes", { Array($0.utf8) + Array("x".utf8) }), ("two objects", { Array(($0 + $0).utf8) }),
        ("trailing NUL", { Array($0.utf8) + [0] }),
        ("trailing comma", { Array($0.dropLast().utf8) + Array(",}".utf8) }),
        ("comment", { Array($0.dropLast().utf8) + Array("/**/}".utf8) }),
        ("single quotes", { Array($0.replacing("\"", with: "'").utf8) }),
        ("NaN", { Array($0.dropLast().utf8) + Array(",\"n\":NaN}".utf8) }),
        ("Infinity", { Array($0.dropLast().utf8) + Array(",\"n\":-Infinity}".utf8) }),
        ("escaped NUL", { Array($0.dropLast().utf8) + Array(",\"n\":\"\\u0000\"}".utf8) }),
        ("lone surrogate", { Array($0.dropLast().utf8) + Array(",\"n\":\"\\ud800\"}".utf8) }),
        ("broken UTF-8", { Array($0.dropLast().utf8) + Array(",\"n\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8) }),
        ("overlong UTF-8", { Array($0.dropLast().utf8) + Array(",\"n\":\"".utf8) + [0xC0, 0xAF] + Array("\"}".utf8) }),
        (
            "surrogate in UTF-8",
            { Array($0.dropLast().utf8) + Array(",\"n\":\"".utf8) + [0xED, 0xA0, 0x80, 0x22, 0x7D] }
        ),
        ("leading zero", { Array($0.dropLast().utf8) + Array(",\"n\":01}".utf8) }),
        ("bare control", { Array($0.dropLast().utf8) + Array(",\"n\":\"\t\"}".utf8) }),
        ("array", { Array("[\($0)]".utf8) }), ("string", { _ in Array("\"x\"".utf8) }),
        ("null", { _ in Array("null".utf8) }),
        ("empty", { _ in [] }), ("white space", { _ in Array("  ".utf8) }),
    ]

    @Test func `B7 the header and the payload must be JSON objects in UTF-8`() async throws {
        let (door, issuer) = try Door.notes()
        let claims = issuer.claims("\"x\":1")
        let header = #"{"alg":"ES256","kid":"\#(issuer.key.keyID)","typ":"at+jwt"}"#
        func signed(_ header: [UInt8], _ claims: [UInt8]) throws -> String {
            let input = Base64URL.encode(header) + "." + Base64URL.encode(claims)
            return input + "." + Base64URL.encode(try issuer.key.sign(Array(input.utf8)))
        }
        let good = try signed(Array(header.utf8), Array(claims.utf8))
        #expect(try await door.request(authorization: ["Bearer \(good)"]).status == 200)
        for (name, change) in Self.broken {
            let badClaims = try signed(Array(header.utf8), change(claims))
            let verdict = try await door.request(authorization: ["Bearer \(badClaims)"]).verdict
            let isHarmless = ["byte order mark", "escaped NUL", "lone surrogate"].contains(name)
            #expect(verdict == (isHarmless ? "200" : "401 malformed_token"), "payload: \(name)")
            let badHeader = try signed(change(header), Array(claims.utf8))
            let other = try await door.request(authorization: ["Bearer \(badHeader)"]).verdict
            #expect(other == "401 unrecognized_token", "header: \(name)")
        }
    }

    @Test(arguments: [(31, "200"), (32, "401 malformed_token"), (5500, "401 malformed_token")])
    func `B8 the nesting depth of the claims is limited`(depth: Int, verdict: String) async throws {
        let (door, issuer) = try Door.notes()
        let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let token = try issuer.token(rawClaims: Array(issuer.claims("\"x\":\(nested)").utf8))
        #expect(token.utf8.count < 16 * 1024)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).verdict == verdict)
    }

    @Test func `B8 a token with 1200 claims is accepted, and one that is too long is refused`() async throws {
        let (door, issuer) = try Door.notes()
        let many = (0..<1200).map { "\"\(String($0, radix: 36))\":0" }.joined(separator: ",")
        let token = try issuer.token(rawClaims: Array(issuer.claims(many).utf8))
        #expect(token.utf8.count < 16 * 1024)
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        let long = try issuer.token(["x": .string(String(repeating: "x", count: 200_000))])
        #expect(try await door.request(authorization: ["Bearer \(long)"]).verdict == "431 token_too_long")
    }

    @Test func `B9 and B10 zip and cty of a signed token are ignored, and a nested token is refused`() async throws {
        let (door, issuer) = try Door.notes()
        for header in [["typ": "at+jwt", "zip": "DEF"], ["typ": "at+jwt", "cty": "JWT"]] as [[String: JSON]] {
            #expect(try await door.request(authorization: ["Bearer \(try issuer.token(header: header))"]).status == 200)
        }
        let nested = try issuer.key.sign(header: ["cty": "JWT"], claims: .string(try issuer.token()))
        #expect(try await door.request(authorization: ["Bearer \(nested)"]).verdict == "401 malformed_token")
    }

    @Test(arguments: [
        ("kid", "401 unknown_key"), ("typ", "401 wrong_token_type"), ("iss", "401 untrusted_issuer"),
        ("aud", "401 audience_mismatch"), ("scope", "401 invalid_claim"), ("exp", "401 missing_expiry"),
    ])
    func `B11 no value of a token appears in a challenge, or unescaped in a log`(
        member: String,
        verdict: String
    ) async throws {
        let events = Lock<[EngineEvent]>([])
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: fetcher)
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        let configuration = MCPAuthConfiguration(resources: [resource]) { event in events.withLock { $0.append(event) }
        }
        let door = Door(
            mcpAuth: try MCPAuth(configuration, fetcher: fetcher),
            resource: resource.metadata.resource,
            now: NumericDate(1_795_425_000)
        )
        let hostile: JSON = "\"\r\nX-Injected: yes, error=\"none\u{1B}[31m"
        let isHeader = ["kid", "typ"].contains(member)
        let standard: [String: JSON] = ["typ": "at+jwt"]
        let token = try issuer.token(
            isHeader ? [:] : [member: hostile],
            header: isHeader ? standard.merging([member: hostile]) { $1 } : standard
        )
        let answer = try await door.request(authorization: ["Bearer \(token)"])
        #expect(answer.verdict == verdict)
        let plain = try await door.request(authorization: ["Bearer no-such-token"])
        #expect(answer.challenge == plain.challenge, "what failed is for nobody but the operator")
        let logged = events.withLock { $0.map(\.message) }
        #expect(!logged.isEmpty)
        for message in logged {
            #expect(!message.contains("Injected") && !message.utf8.contains { $0 < 0x20 }, "\(message)")
        }
    }
}
