// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

@testable import MCPAuthJOSE
@testable import MCPAuthVerification

/// The keys of one issuer from the first token on, with a test clock.
@Suite struct KeyLifeTests {
    private static let start = NumericDate(1_795_425_000)
    private static let jwks = "https://issuer.example/jwks"

    @Test func `an unknown kid causes one fetch per cool-down, however many tokens have one`() async throws {
        let (directory, fetcher, key) = try Self.directory()
        #expect(await Self.ask(directory, key.keyID, at: 0).isKeys)
        for number in 0..<10_000 {
            #expect(await !Self.ask(directory, "unknown-\(number)", at: 1 + Double(number) / 1000).isKeys)
        }
        #expect(fetcher.requests.count { $0 == Self.jwks } == 1, "the first set is not yet 30 seconds old")
        for number in 0..<10_000 {
            _ = await Self.ask(directory, "unknown-\(number)", at: 31 + Double(number) / 1000)
        }
        #expect(fetcher.requests.count { $0 == Self.jwks } == 2)
        #expect(await Self.ask(directory, key.keyID, at: 42).isKeys)
    }

    @Test func `a token newer than the key set may be tried again, and an older one is invalid`() async throws {
        let (directory, _, key) = try Self.directory()
        #expect(await Self.ask(directory, key.keyID, at: 0).isKeys)
        guard case .unknown = await Self.ask(directory, "new", issuedAt: -5, at: 1) else {
            Issue.record("the key set is younger than the token")
            return
        }
        guard case .pending(let retryAfter) = await Self.ask(directory, "new", issuedAt: 5, at: 6) else {
            Issue.record("a key published since may be the token's")
            return
        }
        #expect(retryAfter == 24)
        guard case .unknown = await Self.ask(directory, "new", issuedAt: 1000, at: 6) else {
            Issue.record("nobody signs in the future")
            return
        }
    }

    @Test func `concurrent requests for keys share one fetch`() async throws {
        let (directory, fetcher, key) = try Self.directory()
        fetcher.hold()
        let answers = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { await Self.ask(directory, key.keyID, at: 0).isKeys } }
            while fetcher.received.isEmpty { await Task.yield() }
            fetcher.release()
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(answers == 50)
        #expect(fetcher.requests.count { $0 == Self.jwks } == 1)
    }

    @Test func `keys are used for a day while their issuer is down, and no longer`() async throws {
        let (directory, fetcher, key) = try Self.directory()
        #expect(await Self.ask(directory, key.keyID, at: 0).isKeys)
        fetcher.setDown(true)
        for hours in 1..<24 { #expect(await Self.ask(directory, key.keyID, at: Double(hours) * 3600).isKeys) }
        guard case .unavailable = await Self.ask(directory, key.keyID, at: 24 * 3600 + 1) else {
            Issue.record("keys of yesterday are still used")
            return
        }
        fetcher.setDown(false)
        // A background refresh may have failed just before; the next one is allowed after half a minute.
        let isBack = await Self.ask(directory, key.keyID, at: 24 * 3600 + 60).isKeys
        let isBackLater = await Self.ask(directory, key.keyID, at: 24 * 3600 + 120).isKeys
        #expect(isBack || isBackLater)
    }

    @Test func `the pause after failed fetches grows up to the cool-down`() async throws {
        let (directory, fetcher, key) = try Self.directory()
        fetcher.setDown(true)
        for second in 0..<300 { _ = await Self.ask(directory, key.keyID, at: Double(second)) }
        // 1, 2, 4, 8 and 16 seconds between the first six, then 30.
        #expect((10...16).contains(fetcher.requests.count))
    }

    @Test func `a purge forgets all keys at once, and the next fetch ignores the cool-down`() async throws {
        let (directory, fetcher, old) = try Self.directory()
        #expect(await Self.ask(directory, old.keyID, at: 0).isKeys)
        let new = try SigningKey(.es256)
        fetcher.serve(Self.set([new.publicJWK]), at: Self.jwks)
        #expect(await Self.ask(directory, new.keyID, at: 31).isKeys)
        #expect(await Self.ask(directory, old.keyID, at: 32).isKeys, "it vanished a second ago")
        #expect(await !Self.ask(directory, "another", at: 32).isKeys, "it answers for its own name only")
        directory.purge()
        #expect(await !Self.ask(directory, old.keyID, at: 33).isKeys)
        #expect(await Self.ask(directory, new.keyID, at: 33).isKeys)
    }

    @Test func `a fetch that began before a purge does not bring back old keys`() async throws {
        let (directory, fetcher, old) = try Self.directory()
        fetcher.time.follow(Self.start)
        _ = await directory.metadata()
        fetcher.hold()
        async let early = Self.ask(directory, old.keyID, at: 0)
        while !fetcher.requests.contains(Self.jwks) { await Task.yield() }
        directory.purge()
        fetcher.serve(Self.set([try SigningKey(.es256).publicJWK]), at: Self.jwks)
        fetcher.release()
        _ = await early
        #expect(await !Self.ask(directory, old.keyID, at: 1).isKeys)
    }

    @Test func `a key that is published with its private part is refused without a grace period`() async throws {
        let events = Lock<[EngineEvent]>([])
        let (directory, fetcher, key) = try Self.directory { event in events.withLock { $0.append(event) } }
        #expect(await Self.ask(directory, key.keyID, at: 0).isKeys)
        fetcher.serve(Self.set([key.publicJWK.merging(patch: ["d": "AAAA"])]), at: Self.jwks)
        _ = await Self.ask(directory, "another", at: 31)
        #expect(await !Self.ask(directory, key.keyID, at: 32).isKeys)
        #expect(events.withLock { $0 }.contains { $0.code == .keysSkipped && $0.level == .error })
    }

    @Test func `a key whose kid is reused stays valid with the new key during the grace period`() async throws {
        let (directory, fetcher, old) = try Self.directory()
        #expect(await Self.ask(directory, old.keyID, at: 0).isKeys)
        let new = try SigningKey(.es256)
        fetcher.serve(Self.set([new.publicJWK.merging(patch: ["kid": .string(old.keyID)])]), at: Self.jwks)
        _ = await Self.ask(directory, "another", at: 31)
        guard case .keys(let both, _) = await Self.ask(directory, old.keyID, at: 32) else {
            Issue.record("no key")
            return
        }
        #expect(both.count == 2)
        guard case .keys(let one, _) = await Self.ask(directory, old.keyID, at: 31 + 7201) else {
            Issue.record("no key")
            return
        }
        #expect(one.count == 1)
    }

    @Test func `several keys with one kid are tried, at most four`() async throws {
        let (directory, fetcher, key) = try Self.directory()
        let others = try (0..<5).map { _ in
            try SigningKey(.es256).publicJWK.merging(patch: ["kid": .string(key.keyID)])
        }
        fetcher.serve(Self.set([key.publicJWK] + others), at: Self.jwks)
        guard case .keys(let keys, _) = await Self.ask(directory, key.keyID, at: 0) else {
            Issue.record("no key")
            return
        }
        #expect(keys.count == 4)
    }

    @Test func `a key that replaced another with the same kid is fetched at most once per cool-down`()
        async throws
    {
        let (directory, fetcher, old) = try Self.directory()
        guard case .keys(let tried, _) = await Self.ask(directory, old.keyID, at: 0) else {
            Issue.record("no key")
            return
        }
        let new = try SigningKey(.es256)
        fetcher.serve(Self.set([new.publicJWK.merging(patch: ["kid": .string(old.keyID)])]), at: Self.jwks)
        for second in 1..<30 {
            #expect(await Self.askInstead(directory, of: tried, old.keyID, at: Double(second)) == nil)
        }
        #expect(fetcher.requests.count { $0 == Self.jwks } == 1)
        let found = await Self.askInstead(directory, of: tried, old.keyID, at: 31)
        #expect(found?.isKeys == true)
        for second in 0..<29 { _ = await Self.askInstead(directory, of: tried, old.keyID, at: 32 + Double(second)) }
        #expect(fetcher.requests.count { $0 == Self.jwks } == 2)
    }

    @Test func `a fetch that returns no other key for a kid gives no key to try`() async throws {
        let (directory, fetcher, key) = try Self.directory()
        guard case .keys(let tried, _) = await Self.ask(directory, key.keyID, at: 0) else {
            Issue.record("no key")
            return
        }
        #expect(await Self.askInstead(directory, of: tried, key.keyID, at: 31) == nil)
        #expect(fetcher.requests.count { $0 == Self.jwks } == 2)
        fetcher.setDown(true)
        #expect(await Self.askInstead(directory, of: tried, key.keyID, at: 62) == nil)
        #expect(await Self.ask(directory, key.keyID, at: 63).isKeys, "an issuer that is down takes no key away")
    }

    @Test func `skipped keys are reported once, with the reason, however often the set changes`() async throws {
        let events = Lock<[EngineEvent]>([])
        let (directory, fetcher, key) = try Self.directory { event in events.withLock { $0.append(event) } }
        let omitted: [JSON] = [
            ["kty": "RSA", "kid": "e1", "use": "enc", "n": "AQAB", "e": "AQAB"],
            ["kty": "RSA", "kid": "w1", "n": "AQ==", "e": "AQAB"],
        ]
        for round in 0..<6 {
            fetcher.serve(Self.set([key.publicJWK] + (round % 2 == 0 ? omitted : [])), at: Self.jwks)
            _ = await Self.ask(directory, "unknown", at: Double(round) * 31)
        }
        let told = events.withLock { $0.filter { $0.code == .keysSkipped } }
        #expect(told.map(\.level) == [.info, .warning])
        #expect(told.first?.message.contains("`kid` `e1`, of the JWK Set of `https://issuer.example`") == true)
        #expect(told.last?.message.contains("`n` is not base64url without padding") == true)
    }

    @Test(arguments: [100, 101])
    func `a set of up to a hundred keys is read, and a larger one is not`(count: Int) async throws {
        let (directory, fetcher, key) = try Self.directory()
        let filler = (1..<count).map { key.publicJWK.merging(patch: ["kid": .string("k\($0)")]) }
        fetcher.serve(Self.set([key.publicJWK] + filler), at: Self.jwks)
        #expect(await Self.ask(directory, key.keyID, at: 0).isKeys == (count == 100))
    }

    @Test(arguments: [
        ("<html>", 200), ("[]", 200), (#"{"keys":{}}"#, 200), (#"{"keys":[],"keys":[]}"#, 200), (#"{"keys":[]}"#, 500),
        ("{\"keys\":[]}" + String(repeating: " ", count: 512 * 1024), 200),
    ])
    func `an invalid key set leaves the previous one in use`(body: String, status: Int) async throws {
        let (directory, fetcher, key) = try Self.directory()
        #expect(await Self.ask(directory, key.keyID, at: 0).isKeys)
        fetcher.serve(Array(body.utf8), at: Self.jwks, status: status)
        _ = await Self.ask(directory, "another", at: 31)
        #expect(fetcher.requests.count { $0 == Self.jwks } == 2)
        #expect(await Self.ask(directory, key.keyID, at: 32).isKeys)
        #expect(directory.lastError != nil)
    }

    private static func directory(
        onEvent: @escaping EngineEventHandler = { _ in }
    ) throws -> (IssuerDocuments, FixtureFetcher, SigningKey) {
        let key = try SigningKey(.es256)
        let metadata: JSON = ["issuer": "https://issuer.example", "jwks_uri": .string(jwks)]
        let fetcher = FixtureFetcher([
            "https://issuer.example/.well-known/openid-configuration": metadata.encoded(), jwks: set([key.publicJWK]),
        ])
        let directory = IssuerDocuments(
            issuer: "https://issuer.example",
            source: .oidc,
            fetcher: fetcher,
            onEvent: onEvent
        )
        return (directory, fetcher, key)
    }

    private static func askInstead(
        _ directory: IssuerDocuments,
        of tried: [JWK],
        _ keyID: String,
        at seconds: Double
    ) async -> IssuerDocuments.KeyAnswer? {
        (directory.fetcher as? FixtureFetcher)?.time.follow(start.adding(seconds))
        return await directory.keys(insteadOf: tried, keyID: ExactString(keyID), algorithm: .es256)
    }

    private static func set(_ keys: [JSON]) -> [UInt8] {
        (["keys": .array(keys)] as JSON).encoded()
    }

    private static func ask(
        _ directory: IssuerDocuments,
        _ keyID: String,
        issuedAt: Double? = nil,
        at seconds: Double
    ) async -> IssuerDocuments.KeyAnswer {
        (directory.fetcher as? FixtureFetcher)?.time.follow(start.adding(seconds))
        return await directory.keys(
            keyID: ExactString(keyID),
            algorithm: .es256,
            tokenIssuedAt: issuedAt.map(start.adding),
            now: start.adding(seconds)
        )
    }
}
