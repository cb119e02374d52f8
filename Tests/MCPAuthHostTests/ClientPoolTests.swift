// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
import AsyncHTTPClient
import MCPAuthConcurrency
import MCPAuthVerification
import TestSupport
import Testing

@testable import MCPAuth

/// How many HTTP clients a pool has, and how long it keeps them.
@Suite struct ClientPoolTests {
    private struct Failed: Error {}

    /// Keeps all pools: before a pool is released, its clients would have to be shut down.
    private static let pools = Lock<[ClientPool]>([])

    private static func pool(most: Int, _ time: TestTime = TestTime()) -> ClientPool {
        let pool = ClientPool(most: most, clock: time.clock)
        pools.withLock { $0.append(pool) }
        return pool
    }

    private static func key(_ address: String?, tls: TLSSettings? = nil) -> ClientPool.Key {
        ClientPool.Key(
            isSecure: tls != nil,
            tls: tls,
            authorities: SystemAuthorities(environment: [:]),
            pin: address.map { .init(host: "issuer.example", address: $0) }
        )
    }

    private static func client(_ pool: ClientPool, _ key: ClientPool.Key) async throws -> ObjectIdentifier {
        try await pool.withClient(key) { ObjectIdentifier($0) }
    }

    @Test func `requests with the same key share a client, and each key has its own`() async throws {
        let pool = Self.pool(most: 10)
        let tls = TLSSettings(authorities: Array(try Vectors.text("tls/ca.pem").utf8))
        let keys = [
            Self.key(nil), Self.key("192.0.2.1"), Self.key("192.0.2.2"), Self.key(nil, tls: tls),
            Self.key("192.0.2.1", tls: tls),
        ]
        var clients = Set<ObjectIdentifier>()
        for key in keys + keys { clients.insert(try await Self.client(pool, key)) }
        #expect(clients.count == keys.count)
        #expect(pool.count == keys.count)
    }

    @Test func `the least recently used client makes room, but never one that is in use`() async throws {
        let time = TestTime()
        let pool = Self.pool(most: 2, time)
        let first = try await Self.client(pool, Self.key("192.0.2.1"))
        time.pass(1)
        _ = try await Self.client(pool, Self.key("192.0.2.2"))
        time.pass(1)
        #expect(try await Self.client(pool, Self.key("192.0.2.1")) == first)
        _ = try await Self.client(pool, Self.key("192.0.2.3"))
        #expect(pool.count == 2)
        #expect(try await Self.client(pool, Self.key("192.0.2.1")) == first, "the second one made room")
        try await pool.withClient(Self.key("192.0.2.1")) { _ -> Void in
            try await pool.withClient(Self.key("192.0.2.2")) { _ -> Void in
                await #expect(throws: FetchError.self) { try await Self.client(pool, Self.key("192.0.2.3")) }
            }
        }
        _ = try await Self.client(pool, Self.key("192.0.2.3"))
    }

    @Test func `a client that was idle for a minute is removed at the next request`() async throws {
        let time = TestTime()
        let pool = Self.pool(most: 10, time)
        for number in 1...5 { _ = try await Self.client(pool, Self.key("192.0.2.\(number)")) }
        time.pass(59)
        _ = try await Self.client(pool, Self.key("192.0.2.5"))
        #expect(pool.count == 5)
        time.pass(1)
        _ = try await Self.client(pool, Self.key("192.0.2.5"))
        #expect(pool.count == 1)
    }

    @Test func `an address that did not answer is not preferred for a minute`() async throws {
        let time = TestTime()
        let pool = Self.pool(most: 10, time)
        let addresses = ["192.0.2.1", "192.0.2.2"]
        _ = try await Self.client(pool, Self.key("192.0.2.2"))
        #expect(pool.preferredAddress(addresses) { Self.key($0) } == "192.0.2.2", "it has a client")
        await #expect(throws: Failed.self) {
            try await pool.withClient(Self.key("192.0.2.2")) { _ -> Void in throw Failed() }
        }
        #expect(pool.preferredAddress(addresses) { Self.key($0) } == "192.0.2.1")
        #expect(pool.count == 0)
        await #expect(throws: Failed.self) {
            try await pool.withClient(Self.key("192.0.2.1")) { _ -> Void in throw Failed() }
        }
        #expect(pool.preferredAddress(addresses) { Self.key($0) } == "192.0.2.1", "all of them failed")
        time.pass(30)
        await #expect(throws: Failed.self) {
            try await pool.withClient(Self.key("192.0.2.1")) { _ -> Void in throw Failed() }
        }
        #expect(pool.preferredAddress(addresses) { Self.key($0) } == "192.0.2.2", "its failure is older")
        time.pass(30)
        #expect(pool.preferredAddress(addresses) { Self.key($0) } == "192.0.2.2", "its failure is a minute old")
        await #expect(throws: Failed.self) { try await pool.withClient(Self.key(nil)) { _ -> Void in throw Failed() } }
        #expect(pool.count == 1, "one that looks names up is kept")
        _ = try await Self.client(pool, Self.key("192.0.2.1"))
        #expect(pool.preferredAddress(addresses) { Self.key($0) } == "192.0.2.1", "it answered since it failed")
    }

    @Test func `settings that cannot be used create no client`() async throws {
        let pool = Self.pool(most: 10)
        let tls = TLSSettings(authorities: Array("no certificate".utf8))
        await #expect(throws: FetchError.self) { try await Self.client(pool, Self.key(nil, tls: tls)) }
        #expect(pool.count == 0)
    }
}
#endif
