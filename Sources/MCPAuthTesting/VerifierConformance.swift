// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
public import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// Checks that every `TokenVerifier` must pass.
public struct VerifierConformance: Sendable {
    private let verifier: any TokenVerifier
    private let issuer: IssuerIdentifier
    private let good: String
    private let resource: String
    private let bad: [String]

    /// Checks one verifier.
    ///
    /// - Parameters:
    ///   - verifier: The verifier.
    ///   - issuer: The issuer that it is attached to.
    ///   - resource: The resource that its tokens are for; the audience of the good token.
    ///   - good: A token that it must verify.
    ///   - bad: Tokens of its own kind that it must not verify.
    public init(
        _ verifier: any TokenVerifier,
        issuer: IssuerIdentifier,
        resource: String,
        good: String,
        bad: [String]
    ) {
        self.verifier = verifier
        self.issuer = issuer
        self.resource = resource
        self.good = good
        self.bad = bad
    }

    /// The checks.
    public var checks: [ConformanceCheck] {
        let kit = self
        return [
            ConformanceCheck("the good token is verified, again and again") { try await kit.verifiesGood() },
            ConformanceCheck("the good token is accepted at the resource") { try await kit.isAllowed() },
            ConformanceCheck("a hundred concurrent calls are verified") { try await kit.verifiesAtOnce() },
            ConformanceCheck("changed, foreign and hostile tokens are not verified") { try await kit.refusesOthers() },
            ConformanceCheck("a cancelled call returns") { try await kit.isReleased() },
            ConformanceCheck("its name, verdicts and events do not contain the token") {
                try await kit.tellsNoToken()
            },
        ]
    }

    private var request: ProtectedResourceRequest {
        get throws {
            let path = try ResourceIdentifier(resource).path
            return ProtectedResourceRequest(method: .get, path: path, operation: .mcp([.stream]))
        }
    }

    private func ask(_ token: [UInt8]) async throws -> TokenVerdict {
        try await verifier.verify(AccessToken(bytes: token), of: request, now: .now())
    }

    private func verifiesGood() async throws {
        for _ in 0..<3 {
            guard case .verified = try await ask(Array(good.utf8)) else {
                throw ConformanceFailure("the good token is not verified")
            }
        }
    }

    private func isAllowed() async throws {
        let events = EventLog()
        let mcpAuth = try mcpAuth(events)
        let status = await status(of: good, mcpAuth)
        try ConformanceFailure.require(status == 200, "after the mandatory checks it is \(status): \(events.lines)")
        try ConformanceFailure.require(await self.status(of: nil, mcpAuth) == 401, "without a token there is no 401")
    }

    private func verifiesAtOnce() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { try await verifiesGood() } }
            try await group.waitForAll()
        }
    }

    private func refusesOthers() async throws {
        for token in bad.map({ Array($0.utf8) }) + Self.hostile(good) {
            guard case .verified = try? await ask(token) else { continue }
            let shown = String(decoding: token.prefix(40), as: UTF8.self).printable
            throw ConformanceFailure("a token that is not good is verified: `\(shown)`, \(token.count) bytes")
        }
    }

    private func isReleased() async throws {
        let start = ContinuousClock.now
        let task = Task { _ = try? await ask(Array(good.utf8)) }
        task.cancel()
        await task.value
        let taken = start.duration(to: .now)
        try ConformanceFailure.require(taken < .seconds(10), "a cancelled call took \(taken)")
    }

    private func tellsNoToken() async throws {
        try ConformanceFailure.require(!verifier.name.isEmpty, "it has no name")
        for token in [good] + bad {
            let said: String
            switch try? await ask(Array(token.utf8)) {
            case .rejected(let reason, let diagnosis)?, .notMine(let reason, let diagnosis)?:
                said = "\(reason) \(diagnosis.map(\.description) ?? "")"
            case .unavailable(let reason, _, let diagnosis)?:
                said = "\(reason) \(diagnosis.map(\.description) ?? "")"
            case .verified?, nil: said = ""
            }
            let isTold = token.utf8.count >= 8 && (said + verifier.name).contains(token)
            try ConformanceFailure.require(!isTold, "its name or verdict contains the token")
        }
        let events = EventLog()
        let mcpAuth = try mcpAuth(events)
        for token in [good] + bad { _ = await status(of: token, mcpAuth) }
        let isLogged = ([good] + bad).contains { token in
            token.utf8.count >= 8 && events.lines.contains { $0.contains(token) }
        }
        try ConformanceFailure.require(!isLogged, "an event contains the token")
    }

    private func mcpAuth(_ events: EventLog) throws -> MCPAuth {
        var protected = try ResourceConfiguration(resource, authorizationServers: [])
        protected.verifiers = [AttachedVerifier(verifier, issuer: issuer)]
        let configuration = MCPAuthConfiguration(resources: [protected], onEvent: events.take)
        return try MCPAuth(configuration, fetcher: TestFetcher())
    }

    private func status(of token: String?, _ mcpAuth: MCPAuth) async -> Int {
        guard let url = HTTPURL(resource) else { return 0 }
        var request = HTTPRequest(method: .get, scheme: url.scheme, authority: url.authority, path: url.path)
        if let token { request.headerFields[.authorization] = "Bearer \(token)" }
        switch await mcpAuth.authorize(request) {
        case .allow: return 200
        case .deny(let denial): return denial.status
        }
    }

    /// The good token, changed as clients, proxies and attackers change tokens, and tokens that no verifier knows.
    private static func hostile(_ good: String) -> [[UInt8]] {
        let bytes = Array(good.utf8)
        var changed = [[], bytes + bytes, bytes + [0x20], bytes + [0x00], bytes + [0x0A], [0x20] + bytes]
        changed += [Array(bytes.dropLast()), Array(bytes.dropFirst()), bytes + [UInt8(ascii: "A")]]
        for position in [0, bytes.count / 2, bytes.count - 1] where bytes.indices.contains(position) {
            var other = bytes
            other[position] = other[position] == UInt8(ascii: "x") ? UInt8(ascii: "y") : UInt8(ascii: "x")
            changed.append(other)
        }
        let texts = [
            "x", "..", "null", "undefined", "{}", "eyJhbGciOiJub25lIn0.e30.", "../../etc/passwd", "' OR 1=1 --",
        ]
        return changed + texts.map { Array($0.utf8) } + [[0xFF, 0xFE, 0x00], [UInt8](repeating: 0x61, count: 16_384)]
    }
}
