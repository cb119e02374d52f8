// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

/// Genuine tokens that are not access tokens: every mark with every kind of verifier.
@Suite struct TokenMarkTests {
    /// What verifies the token.
    enum Verifier: String, CaseIterable, Sendable {
        /// The keys of the issuer.
        case keys
        /// Introspection of an opaque token; the marks are in the response.
        case introspection
        /// Introspection of a JWT; the marks are in the response.
        case introspectedJWT
        /// Introspection of a JWT; the marks are only in the token.
        case introspectedMarkedJWT
        /// A function; the marks are in its verdict.
        case function
        /// A function that verifies a JWT; the marks are only in the token.
        case functionMarkedJWT
    }

    /// A mark, its value, and whether a token with it is refused.
    static let marks: [(name: String, value: JSON, isRefused: Bool)] = [
        ("nonce", "n-0S6", true), ("at_hash", "x", true), ("c_hash", "x", true), ("s_hash", "x", true),
        ("events", ["http://schemas.openid.net/event/backchannel-logout": [:]], true), ("events", [:], true),
        ("token_introspection", ["active": true], true),
        ("token_use", "id_token", true), ("token_use", "refresh_token", true), ("token_use", "id", true),
        ("token_use", "access_token", false), ("token_use", "access", false), ("token_use", 1, true),
        ("tokenName", "id_token", true), ("tokenName", "access_token", false), ("purpose", "id", true),
        ("purpose", "care", false),
        ("token_type", "refresh_token", true), ("token_type", "id_token", true), ("token_type", "", true),
        ("token_type", "Bearer", false), ("token_type", "access_token", false),
        ("token_type", "urn:ietf:params:oauth:token-type:access_token", false),
        ("token_type", "urn:ietf:params:oauth:token-type:refresh_token", true), ("token_type", ["Bearer"], true),
        ("typ", "ID", true), ("typ", "Refresh", true), ("typ", "Offline", true), ("typ", "Logout", true),
        ("typ", "Bearer", false), ("typ", "at+jwt", false), ("typ", 7, true),
        ("type", "refresh_token", true), ("type", "ID", true), ("type", "logout_token", true),
        ("type", "employee", false),
        ("type", 3, false),
        // Null is no mark, because some serializers write absent values as null.
        ("nonce", .null, false), ("at_hash", .null, false), ("events", .null, false), ("token_use", .null, false),
        ("token_type", .null, false), ("typ", .null, false), ("type", .null, false),
        ("token_introspection", .null, false),
        // A value that cannot be represented counts as present.
        ("token_use", .unrepresentable, true), ("nonce", .unrepresentable, true),
    ]

    @Test(arguments: Verifier.allCases, marks.indices)
    func `a token with a mark of another kind of token is refused`(verifier: Verifier, index: Int) async throws {
        let (name, value, isRefused) = Self.marks[index]
        let answer = try await Self.answer(verifier, marked: [name: value])
        #expect(answer.verdict == (isRefused ? "401 wrong_token_type" : "200"), "\(verifier): \(name) \(value)")
    }

    @Test(
        arguments: Verifier.allCases,
        ["logout+jwt", "application/logout+jwt", "secevent+jwt", "dpop+jwt", "id+jwt", "rt+jwt"]
    )
    func `a JWT whose typ names another kind of token is refused`(verifier: Verifier, type: String) async throws {
        guard verifier != .introspection, verifier != .function else { return }
        #expect(try await Self.answer(verifier, headerType: type).verdict == "401 wrong_token_type")
        for type in ["JWT", "at+jwt", "application/at+jwt", nil] {
            #expect(try await Self.answer(verifier, headerType: type).verdict == "200", "\(type ?? "none")")
        }
    }

    @Test(arguments: Verifier.allCases)
    func `a mark that is configured for the access tokens of an issuer is accepted, and no other mark is`(
        verifier: Verifier
    ) async throws {
        guard verifier != .function, verifier != .functionMarkedJWT else { return }
        let ignored: Set<String> = ["nonce"]
        #expect(try await Self.answer(verifier, marked: ["nonce": "n"], ignoring: ignored).verdict == "200")
        let marked: [String: JSON] = ["nonce": "n", "at_hash": "x"]
        #expect(try await Self.answer(verifier, marked: marked, ignoring: ignored).verdict == "401 wrong_token_type")
        let typed: [String: JSON] = ["nonce": "n", "typ": "ID"]
        #expect(try await Self.answer(verifier, marked: typed, ignoring: ignored).verdict == "401 wrong_token_type")
    }

    // Lenient parsers read a token with such an ending as the original JWT.
    @Test(arguments: ["=", "~", ".", "..", ".x"])
    func `text appended to a JWT hides none of its marks`(ending: String) async throws {
        let marks: [String: JSON] = ["nonce": "n"]
        let marked = try await Self.answer(.functionMarkedJWT, marked: marks, ending: ending)
        #expect(marked.verdict == "401 wrong_token_type")
        #expect(try await Self.answer(.functionMarkedJWT, ending: ending).verdict == "200")
        let shown = try await Self.answer(.introspectedMarkedJWT, marked: marks, ending: ending)
        #expect(shown.verdict == (ending.hasPrefix(".") ? "401 wrong_token_type" : "401 malformed_token"))
    }

    @Test func `a mark that is accepted for one issuer is refused for another`() async throws {
        let fetcher = FixtureFetcher([:])
        let lenient = try FixtureIssuer("https://one.example", fetcher: fetcher)
        let strict = try FixtureIssuer("https://two.example", fetcher: fetcher)
        let servers = [
            AuthorizationServer(issuer: "https://one.example", discovery: .oidc, accessTokenMarks: ["nonce"]),
            AuthorizationServer(issuer: "https://two.example", discovery: .oidc),
        ]
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: servers)
        let door = try Door([resource], fetcher: fetcher)
        for (issuer, status) in [(lenient, 200), (strict, 401)] {
            let token = try issuer.token(["nonce": "n"])
            #expect(try await door.request(authorization: ["Bearer \(token)"]).status == status)
        }
    }

    private static func answer(
        _ verifier: Verifier,
        marked marks: [String: JSON] = [:],
        headerType: String? = "at+jwt",
        ignoring ignored: Set<String> = [],
        ending: String = ""
    ) async throws -> Door.Answer {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let isInToken = [.keys, .introspectedMarkedJWT, .functionMarkedJWT].contains(verifier)
        let statement = claims(of: issuer, isInToken ? [:] : marks, ["active": true])
        let token =
            verifier == .introspection || verifier == .function
            ? "opaque"
            : try issuer.token(
                rawHeader: headerType.map { #"{"alg":"ES256","kid":"KID","typ":"\#($0)"}"# }
                    ?? #"{"alg":"ES256","kid":"KID"}"#,
                rawClaims: claims(of: issuer, isInToken ? marks : [:])
            )
        var server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc, accessTokenMarks: ignored)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        switch verifier {
        case .keys: break
        case .introspection, .introspectedJWT, .introspectedMarkedJWT:
            issuer.fetcher.serve(statement, at: "https://issuer.example/introspect")
            server.introspection = .init(
                endpoint: "https://issuer.example/introspect",
                authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s3cret")),
                tokens: verifier == .introspection ? .opaque : .any
            )
            resource.authorizationServers = [server]
        case .function, .functionMarkedJWT:
            let text = String(decoding: statement, as: UTF8.self)
            resource.verifiers = [
                AttachedVerifier(
                    FunctionVerifier("f") { _, _ in .verified(try TokenEvidence(parsing: Array(text.utf8))) },
                    issuer: "https://issuer.example"
                )
            ]
        }
        return try await Door([resource], fetcher: issuer.fetcher).request(
            authorization: ["Bearer \(token)\(ending)"]
        )
    }

    /// The claims of a valid token with more members, as JSON text; an unrepresentable value is written as `1e999`.
    private static func claims(
        of issuer: FixtureIssuer,
        _ marks: [String: JSON],
        _ more: [String: JSON] = [:]
    ) -> [UInt8] {
        let members = marks.merging(more) { $1 }.map { name, value in
            let text = value == .unrepresentable ? "1e999" : String(decoding: value.encoded(), as: UTF8.self)
            return "\"\(name)\":\(text)"
        }
        return Array(issuer.claims((members + [#""x":0"#]).joined(separator: ",")).utf8)
    }
}
