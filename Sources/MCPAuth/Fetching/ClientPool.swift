// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import AsyncHTTPClient
internal import MCPAuthCore
internal import MCPAuthLock
internal import MCPAuthVerification
internal import NIOCore
internal import NIOSSL

/// The clients of this process, each with a connection pool of its own.
///
/// An address and what is particular about TLS belong to a client, so there is one for each combination that is in use,
/// and a bounded number of them. One that was idle for a minute is shut down when the next request comes; its idle
/// connections were closed before. So what changed files or names had before does not stay.
final class ClientPool: Sendable {
    /// What distinguishes a client from others.
    struct Key: Hashable, Sendable {
        /// A host of which the address is given, not looked up.
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

    /// One for the process, since a client that is no longer needed has to be shut down by somebody.
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

    /// How many clients there are.
    var count: Int { state.withLock { $0.members.count } }

    /// Lends a client.
    ///
    /// - Throws: ``FetchError`` when there are too many in use, when it cannot be made, and what `body` throws.
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
            // Where an address does not answer, the next request looks for another one.
            giveBack(number, isGood: key.pin == nil)
            throw error
        }
    }

    /// Which of the addresses of a host to ask: one that did not fail within the last minute, if there is one.
    ///
    /// Of these, one that has a client already, lest names that lead to many addresses take as many clients. When all
    /// of them failed, it is the one whose failure is the oldest.
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
        // A fetch has one deadline over all of it, which is not longer; this ends what it leaves behind.
        configuration.timeout = .init(connect: .seconds(10))
        configuration.dnsOverride = key.pin.map { [$0.host: $0.address] } ?? [:]
        // A refused connection is an answer: whoever waits is told so at once and the back-off is ours.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Introspection bounds how many requests are under way; the pool must not make them wait below that.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }
}
#endif
