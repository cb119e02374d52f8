// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import AsyncHTTPClient
internal import MCPAuthCore
internal import MCPAuthConcurrency
internal import MCPAuthVerification
internal import NIOCore
internal import NIOSSL

/// The HTTP clients of this process, each with its own connection pool.
///
/// A client has fixed TLS settings and a fixed address, so there is one for each combination in use, up to a limit. A
/// client that was idle for a minute is shut down at the next request; its idle connections are closed earlier. So
/// outdated files and addresses do not stay in use.
final class ClientPool: Sendable {
    /// What distinguishes a client from others.
    struct Key: Hashable, Sendable {
        /// A host whose address is given and not looked up.
        struct Pin: Hashable, Sendable {
            let host: String
            let address: String
        }

        let isSecure: Bool
        let tls: TLSSettings?
        let authorities: SystemAuthorities
        let pin: Pin?
    }

    private struct Member {
        let key: Key
        let client: HTTPClient
        var users = 0
        var lastUsed: Uptime
    }

    private struct State {
        var members: [Int: Member] = [:]
        /// The members that take new users.
        var byKey: [Key: Int] = [:]
        var nextNumber = 0
        /// When a request to an address last failed.
        var failures: [Key: Uptime] = [:]
    }

    /// One for the process, because a client that is no longer needed must be shut down.
    static let shared = ClientPool(most: 64)

    /// Seconds without use after which a client is shut down.
    private static let idleTime = 60.0

    private let most: Int
    private let clock: SteadyClock
    private let state = Lock(State())

    init(most: Int, clock: SteadyClock = .system) {
        self.most = most
        self.clock = clock
    }

    /// The number of clients.
    var count: Int { state.withLock { $0.members.count } }

    /// Lends a client.
    ///
    /// - Throws: ``FetchError`` when too many clients are in use or the client cannot be made; also what `body` throws.
    func withClient<Result: Sendable>(
        _ key: Key,
        _ body: (HTTPClient) async throws -> Result
    ) async throws -> Result {
        let (number, client) = try borrow(key)
        do {
            let result = try await body(client)
            giveBack(number, isGood: true)
            return result
        } catch {
            // The next request then tries another address.
            giveBack(number, isGood: key.pin == nil)
            throw error
        }
    }

    /// The address of a host to connect to: one that did not fail within the last minute, if there is one.
    ///
    /// Among these, an address that already has a client is preferred, so that a name with many addresses does not use
    /// many clients. When all failed, it is the one whose failure is the oldest.
    func preferredAddress(_ addresses: [String], _ key: (_ address: String) -> Key) -> String? {
        let now = clock.now
        return state.withLock { state in
            let good = addresses.filter { state.failures[key($0)].map { now.since($0) >= Self.idleTime } ?? true }
            guard good.isEmpty else { return good.first { state.byKey[key($0)] != nil } ?? good.first }
            let failed = addresses.map { (address: $0, time: state.failures[key($0)] ?? .distantPast) }
            return failed.min { $0.time < $1.time }?.address
        }
    }

    private func borrow(_ key: Key) throws(FetchError) -> (Int, HTTPClient) {
        let now = clock.now
        let (result, idle) = state.withLock { state in
            var idle = Self.removeIdle(&state, now)
            if let number = state.byKey[key], let client = state.members[number]?.client {
                state.members[number]?.users += 1
                return (Swift.Result<(Int, HTTPClient), FetchError>.success((number, client)), idle)
            }
            if state.members.count >= most { idle += Self.removeLeastRecent(&state) }
            guard state.members.count < most else {
                return (.failure(FetchError("too many different servers are being asked at once")), idle)
            }
            do throws(FetchError) {
                let client = try Self.makeClient(key)
                state.nextNumber += 1
                state.members[state.nextNumber] = Member(key: key, client: client, users: 1, lastUsed: now)
                state.byKey[key] = state.nextNumber
                return (.success((state.nextNumber, client)), idle)
            } catch {
                return (.failure(error), idle)
            }
        }
        Self.shutDown(idle)
        return try result.get()
    }

    private func giveBack(_ number: Int, isGood: Bool) {
        let now = clock.now
        let idle: [HTTPClient] = state.withLock { state in
            guard var member = state.members[number] else { return [] }
            member.users -= 1
            member.lastUsed = now
            if isGood {
                state.failures[member.key] = nil
            } else {
                if state.byKey[member.key] == number { state.byKey[member.key] = nil }
                state.failures = state.failures.filter { now.since($0.value) < Self.idleTime }
                if state.failures.count < 1024 { state.failures[member.key] = now }
            }
            let isLeft = state.byKey[member.key] != number && member.users == 0
            state.members[number] = isLeft ? nil : member
            return isLeft ? [member.client] : []
        }
        Self.shutDown(idle)
    }

    private static func removeIdle(_ state: inout State, _ now: Uptime) -> [HTTPClient] {
        let numbers = state.members.filter { $0.value.users == 0 && now.since($0.value.lastUsed) >= idleTime }.keys
        return numbers.compactMap { remove($0, &state) }
    }

    private static func removeLeastRecent(_ state: inout State) -> [HTTPClient] {
        let unused = state.members.filter { $0.value.users == 0 }
        return unused.min { $0.value.lastUsed < $1.value.lastUsed }.flatMap { remove($0.key, &state) }.map { [$0] }
            ?? []
    }

    private static func remove(_ number: Int, _ state: inout State) -> HTTPClient? {
        guard let member = state.members.removeValue(forKey: number) else { return nil }
        if state.byKey[member.key] == number { state.byKey[member.key] = nil }
        return member.client
    }

    private static func shutDown(_ clients: [HTTPClient]) {
        for client in clients { Task { try? await client.shutdown() } }
    }

    private static func makeClient(_ key: Key) throws(FetchError) -> HTTPClient {
        let tls = key.isSecure ? try TLSConfiguration.forFetching(key.tls, otherwise: key.authorities) : nil
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        // The deadline of a fetch is not longer; this ends connection attempts that outlive their fetch.
        configuration.timeout = .init(connect: .seconds(10))
        configuration.dnsOverride = key.pin.map { [$0.host: $0.address] } ?? [:]
        // A refused connection is reported at once; this library does its own back-off.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Introspection limits its concurrent requests; the pool must not make fewer than that wait.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }
}
#endif
