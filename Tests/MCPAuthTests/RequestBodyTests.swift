// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthPolicy
import MCPAuthSigning
import TestSupport
import Testing

/// When the body of a request is read, and what happens meanwhile.
@Suite struct RequestBodyTests {
    @Test func `a body is read once, and only for a token that is valid at this resource`() async throws {
        let (door, issuer) = try Door.notes()
        let cases: [(authorization: String?, status: Int, reads: Int)] = [
            (nil, 401, 0), ("Bearer x", 401, 0), ("Bearer a, Bearer b", 400, 0),
            ("Bearer \(try issuer.token(key: SigningKey(.es256)))", 401, 0),
            ("Bearer \(try issuer.token(["exp": 1_795_424_000]))", 401, 0),
            ("Bearer \(try issuer.token(["aud": "https://api.example.com/other"]))", 401, 0),
            ("Bearer \(try issuer.token(["cnf": ["jkt": "x"]]))", 401, 0), ("Bearer \(try issuer.token())", 200, 1),
        ]
        for (authorization, status, reads) in cases {
            let count = Lock(0)
            let outcome = await door.mcpAuth.requestGuard().check(
                Self.request(authorization),
                now: { door.now },
                body: { _ in
                    count.withLock { $0 += 1 }
                    return .bytes(Self.list)
                }
            )
            #expect(Self.status(outcome) == status, "\(authorization ?? "")")
            #expect(count.withLock { $0 } == reads, "\(authorization ?? "")")
        }
    }

    @Test(arguments: [true, false])
    func `a verifier function sees the operation only if it declares the need`(needsOperation: Bool) async throws {
        let seen = Lock<[RequestOperation]>([])
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [])
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("keys", needsOperation: needsOperation) { _, request in
                    seen.withLock { $0.append(request.operation) }
                    return .rejected()
                },
                issuer: "urn:keys"
            )
        ]
        let door = try Door([resource], fetcher: FixtureFetcher([:]))
        let reads = Lock(0)
        for authorization in [nil, "Bearer x"] {
            let now = { @Sendable in door.now }
            _ = await door.mcpAuth.requestGuard().check(Self.request(authorization), now: now) { _ in
                reads.withLock { $0 += 1 }
                return .bytes(Self.list)
            }
        }
        #expect(reads.withLock { $0 } == (needsOperation ? 1 : 0))
        #expect(seen.withLock { $0 } == [needsOperation ? .mcp([.call(method: "tools/list", name: nil)]) : .unknown])
    }

    @Test func `a token that is revoked while the body of its request is read is refused`() async throws {
        let (door, issuer) = try Door.notes()
        let outcome = await door.mcpAuth.requestGuard().check(
            Self.request("Bearer \(try issuer.token())"),
            now: { door.now },
            body: { _ in
                door.mcpAuth.replaceRevocations(
                    with: RevocationList([.init(issuer: "https://issuer.example", tokenID: "j1")])
                )
                return .bytes(Self.list)
            }
        )
        #expect(Self.status(outcome) == 401)
    }

    @Test func `without a token, the challenge names the scopes required for the method and path`() async throws {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        resource.speaksMCP = false
        let policy =
            #"{"version":1,"rules":[{"id":"r","effect":"allow","http_methods":["GET"],"paths":["/notes/**"],"scopes":{"all":["read:notes"]}}]}"#
        resource.policies = [Policy(try CompiledPolicy(file: "p.json", bytes: Array(policy.utf8)))]
        let door = try Door([resource], fetcher: FixtureFetcher([:]))
        let answer = try await door.request(method: .get, path: "/notes/1")
        #expect(answer.verdict == "401 no_credentials")
        #expect(answer.challenge?.contains(#"scope="read:notes""#) == true)
    }

    @Test func `a body that is too large is 413, and an error while reading it is passed to the host`() async throws {
        struct Broken: Error {}
        let (door, issuer) = try Door.notes()
        let request = Self.request("Bearer \(try issuer.token())")
        let outcome = await door.mcpAuth.requestGuard().check(request, now: { door.now }, body: { _ in .tooLarge })
        #expect(Self.status(outcome) == 413)
        await #expect(throws: Broken.self) {
            try await door.mcpAuth.requestGuard().check(request, now: { door.now }, body: { _ in throw Broken() })
        }
    }

    @Test func `a token that expires while the body of its request is read is refused`() async throws {
        let (door, issuer) = try Door.notes()
        let request = Self.request("Bearer \(try issuer.token())")
        for (seconds, isAllowed) in [(30.0, true), (3600, false)] {
            let clock = Lock(door.now)
            let outcome = await door.mcpAuth.requestGuard().check(
                request,
                now: { clock.withLock { $0 } },
                body: { _ in
                    clock.withLock { $0 = $0.adding(seconds) }
                    return .bytes(Self.list)
                }
            )
            if case .proceed = outcome {
                #expect(isAllowed)
            } else {
                #expect(!isAllowed)
            }
        }
    }

    private static let list = Array(#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.utf8)

    private static func request(_ authorization: String?) -> HTTPRequest {
        var request = HTTPRequest(method: .post, scheme: "https", authority: "api.example.com", path: "/notes")
        request.headerFields[.authorization] = authorization
        return request
    }

    private static func status(_ outcome: RequestGuard.Action) -> Int {
        switch outcome {
        case .proceed: 200
        case .respond(let response, _): response.head.status.code
        }
    }
}
