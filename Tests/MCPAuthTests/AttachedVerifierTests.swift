// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

/// Verifiers that an application attaches; the mandatory checks still apply.
@Suite struct AttachedVerifierTests {
    private struct Broken: Error {}

    private static let claims = """
        {"sub":"key-7","client_id":"c7","aud":"https://api.example.com/notes","exp":1795425600,"scope":"read:notes"}
        """

    enum Answer: Sendable {
        /// A verified token with these claims, as JSON text.
        case claims(String)
        case verdict(TokenVerdict)
    }

    @Test(
        arguments: [
            (.claims(claims), 200, nil), (.verdict(.rejected()), 401, "rejected_by_verifier"),
            (.verdict(.rejected(Denial.Reason(rawValue: "key_withdrawn"))), 401, "key_withdrawn"),
            (.verdict(.notMine()), 401, "unrecognized_token"),
            (.verdict(.unavailable(retryAfter: 7)), 503, "verifier_unavailable"),
            (.claims("[]"), 503, "verifier_unavailable"),
            (.claims("{"), 503, "verifier_unavailable"),
            (.claims(#"{"a":1,"a":1}"#), 503, "verifier_unavailable"),
            (.claims(#"{"iss":"https://other.example"}"#), 503, "verifier_unavailable"),
            (.claims(claims.replacing("/notes", with: "/other")), 401, "audience_mismatch"),
            (.claims(claims.replacing("1795425600", with: "1")), 401, "expired"),
            (.claims(claims.replacing("exp", with: "xp")), 401, "missing_expiry"),
            (.claims(claims.replacing("{", with: #"{"cnf":{},"#)), 401, "proof_required"),
            (.claims(claims.replacing("{", with: #"{"token_type":"DPoP","#)), 401, "proof_required"),
            (
                .claims(claims.replacing("sub", with: "x").replacing("client_id", with: "y")), 401,
                "invalid_claim"
            ),
        ] as [(Answer, Int, String?)]
    )
    func `the verdict of an attached verifier is checked like that of any verifier`(
        said: Answer,
        status: Int,
        reason: String?
    ) async throws {
        let door = try Self.door { _, _ in
            switch said {
            case .claims(let text): try .verified(text: text)
            case .verdict(let verdict): verdict
            }
        }
        let answer = try await door.request(authorization: ["Bearer opaque"])
        #expect(answer.status == status)
        #expect(answer.reason == reason)
    }

    @Test func `an unavailable verifier sets Retry-After`() async throws {
        let answer = try await Self.door { _, _ in .unavailable(retryAfter: 7) }.request(authorization: ["Bearer x"])
        #expect(answer.retryAfter == "7")
    }

    @Test func `the expiry and audience in the evidence of a verifier are checked`() async throws {
        let claims: [String: JSON] = ["sub": "key-7"]
        for (end, audience, verdict) in [
            (1_795_425_600, "https://api.example.com/notes", "200"),
            (1_795_424_000, "https://api.example.com/notes", "401 expired"),
            (1_795_425_600, "https://api.example.com/other", "401 audience_mismatch"),
        ] {
            let door = try Self.door { _, _ in
                .verified(try TokenEvidence(claims: claims, notAfter: NumericDate(Double(end)), audience: audience))
            }
            #expect(try await door.request(authorization: ["Bearer opaque"]).verdict == verdict)
        }
    }

    @Test func `a verifier of an authorization server verifies tokens of that issuer`() async throws {
        var server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        server.verifiers = [FunctionVerifier("own") { _, _ in try .verified(text: Self.claims) }]
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        let door = Door(
            mcpAuth: try MCPAuth(
                MCPAuthConfiguration(resources: [resource], onEvent: { _ in }),
                fetcher: FixtureFetcher([:])
            ),
            resource: resource.metadata.resource,
            now: NumericDate(1_795_425_000)
        )
        let answer = try await door.request(authorization: ["Bearer opaque"])
        #expect(answer.authInfo?.issuer == "https://issuer.example")
    }

    @Test func `an error thrown by a verifier is 503 and is reported as verifier_failed`() async throws {
        let events = Lock<[EngineEvent]>([])
        let onEvent: EngineEventHandler = { event in events.withLock { $0.append(event) } }
        let door = try Self.door(onEvent: onEvent) { _, _ in throw Broken() }
        #expect(try await door.request(authorization: ["Bearer opaque"]).status == 503)
        #expect(events.withLock { $0 }.map(\.code) == [.verifierFailed, .requestDenied])
    }

    @Test func `a request stops waiting for a verifier at the time limit or when it is cancelled`() async throws {
        let events = Lock<[EngineEvent]>([])
        let onEvent: EngineEventHandler = { event in events.withLock { $0.append(event) } }
        let late = try Self.door(seconds: 0.05, onEvent: onEvent) { _, _ in
            // Ignores cancellation, as application functions often do.
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + 2) { continuation.resume() }
            }
            return try .verified(text: Self.claims)
        }
        #expect(try await late.request(authorization: ["Bearer opaque"]).verdict == "503 verifier_unavailable")
        #expect(events.withLock { $0 }.first?.message == "api keys: no answer within 0.05 s")
        let patient = try Self.door(seconds: 3600) { _, _ in
            try await Task.sleep(for: .seconds(5))
            return try .verified(text: Self.claims)
        }
        let request = Task { try await patient.request(authorization: ["Bearer opaque"]).verdict }
        request.cancel()
        #expect(try await request.value == "503 verifier_unavailable")
    }

    @Test func `a verifier sees the request, and is called each time unless its verdict may be kept`() async throws {
        for (seconds, asked) in [(0.0, 3), (60, 1)] {
            let seen = Lock<[String]>([])
            let door = try Self.door { token, request in
                seen.withLock { $0.append("\(request.method) \(request.path) \(token)") }
                return try .verified(text: Self.claims, keptFor: seconds)
            }
            for _ in 0..<3 { #expect(try await door.request(authorization: ["Bearer opaque"]).status == 200) }
            #expect(seen.withLock { $0 } == Array(repeating: "POST /notes <redacted>", count: asked))
        }
    }

    @Test func `a verdict from before a purge is not remembered after it`() async throws {
        let asked = Lock(0)
        let server = Lock<MCPAuth?>(nil)
        let door = try Self.door { _, _ in
            asked.withLock { $0 += 1 }
            server.withLock { $0 }?.purge()
            return try .verified(text: Self.claims, keptFor: 60)
        }
        server.withLock { $0 = door.mcpAuth }
        defer { server.withLock { $0 = nil } }
        for _ in 0..<2 { #expect(try await door.request(authorization: ["Bearer opaque"]).status == 200) }
        #expect(asked.withLock { $0 } == 2)
    }

    @Test func `a verifier that needs the operation is called for every request`() async throws {
        let asked = Lock(0)
        let door = try Self.door(needsOperation: true) { _, _ in
            asked.withLock { $0 += 1 }
            return try .verified(text: Self.claims, keptFor: 60)
        }
        for _ in 0..<3 { #expect(try await door.request(authorization: ["Bearer opaque"]).status == 200) }
        #expect(asked.withLock { $0 } == 3)
    }

    @Test(arguments: [Double.infinity, .nan]) func `an exp that is not finite is missing`(end: Double) async throws {
        let door = try Self.door { _, _ in
            try .verified(claims: ["sub": "a", "aud": "https://api.example.com/notes", "exp": .number(end)])
        }
        #expect(try await door.request(authorization: ["Bearer opaque"]).verdict == "401 missing_expiry")
    }

    @Test func `a verifier that needs the operation can see it`() async throws {
        let seen = Lock<[RequestOperation]>([])
        let door = try Self.door(needsOperation: true) { _, request in
            seen.withLock { $0.append(request.operation) }
            return try .verified(text: Self.claims)
        }
        #expect(try await door.request(authorization: ["Bearer opaque"]).status == 200)
        #expect(try await door.request(authorization: ["Bearer opaque"], method: .get).status == 200)
        #expect(seen.withLock { $0 } == [.mcp([.call(method: "tools/list", name: nil)]), .mcp([.stream])])
    }

    @Test func `a token that a verifier rejects or cannot check is not verified with issuer keys`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let door = try Self.door(fetcher: issuer.fetcher) { _, _ in .rejected() }
        #expect(
            try await door.request(authorization: ["Bearer \(try issuer.token())"]).verdict
                == "401 rejected_by_verifier"
        )
        let unsure = try Self.door(fetcher: issuer.fetcher) { _, _ in .unavailable(retryAfter: 1) }
        #expect(try await unsure.request(authorization: ["Bearer \(try issuer.token())"]).status == 503)
        #expect(issuer.fetcher.requests.isEmpty)
    }

    @Test func `a token that is not for the verifier is verified with the keys of its issuer`() async throws {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        let door = try Self.door(fetcher: issuer.fetcher) { _, _ in .notMine() }
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 200)
    }

    private static func door(
        needsOperation: Bool = false,
        seconds: Double = 5,
        fetcher: FixtureFetcher = FixtureFetcher([:]),
        onEvent: @escaping EngineEventHandler = { _ in },
        verify: @escaping FunctionVerifier.Function
    ) throws -> Door {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("api keys", needsOperation: needsOperation, function: verify),
                issuer: "urn:example:keys"
            )
        ]
        var configuration = MCPAuthConfiguration(resources: [resource], onEvent: onEvent)
        configuration.fetchDeadline = seconds
        return Door(
            mcpAuth: try MCPAuth(configuration, fetcher: fetcher),
            resource: resource.metadata.resource,
            now: NumericDate(1_795_425_000)
        )
    }
}
