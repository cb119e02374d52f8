// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
public import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// Checks that every `TokenVerifier` must pass.
public struct VerifierConformanceTest: Sendable {
    private let verifier: any TokenVerifier
    private let issuer: IssuerIdentifier
    private let good: String
    private let resource: String
    private let bad: [String]
    private let cutOff: (any TokenVerifier)?

    /// Checks one verifier.
    ///
    /// - Parameters:
    ///   - verifier: The verifier.
    ///   - issuer: The issuer that it is attached to.
    ///   - resource: The resource that its tokens are for; the audience of the good token.
    ///   - good: A token that it must verify.
    ///   - bad: Tokens of its own kind that it must not verify.
    ///   - cutOff: The same verifier without what it asks, such as a server that does not answer; `nil` if it asks
    ///     nothing.
    public init(
        _ verifier: any TokenVerifier,
        issuer: IssuerIdentifier,
        resource: String,
        good: String,
        bad: [String],
        cutOff: (any TokenVerifier)? = nil
    ) {
        self.verifier = verifier
        self.issuer = issuer
        self.resource = resource
        self.good = good
        self.bad = bad
        self.cutOff = cutOff
    }

    /// The checks.
    public var checks: [ConformanceCheck] {
        let kit = self
        return [
            ConformanceCheck("the good token is verified, again and again") { try await kit.verifiesGood() },
            ConformanceCheck("the good token is accepted at the resource") { try await kit.isAllowed() },
            ConformanceCheck("a hundred concurrent calls get their own answers") { try await kit.answersAtOnce() },
            ConformanceCheck("changed, foreign and hostile tokens are not verified") { try await kit.refusesOthers() },
            ConformanceCheck("every call ends in time") { try await kit.endsInTime() },
            ConformanceCheck("cancelled calls return, and change no later answer") { try await kit.isReleased() },
            ConformanceCheck("without what it asks, it decides nothing") { try await kit.isUndecided() },
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

    private func ask(_ token: [UInt8], of other: (any TokenVerifier)? = nil) async throws -> TokenVerdict {
        try await (other ?? verifier).verify(AccessToken(bytes: token), of: request, now: .now())
    }

    private func verifiesGood() async throws {
        for _ in 0..<3 { try await require("verified", Array(good.utf8), "the good token is not verified") }
    }

    private func require(
        _ word: String,
        _ token: [UInt8],
        of other: (any TokenVerifier)? = nil,
        _ problem: String
    ) async throws {
        let found: String
        do { found = Self.word(try await ask(token, of: other)) } catch { found = "the error \(type(of: error))" }
        let isFound = found == word || found.hasPrefix(word + " ")
        try ConformanceFailure.require(isFound, "\(problem): expected \(word), found \(found)")
    }

    /// What a verdict is, with its reason, and without anything from the token.
    private static func word(_ verdict: TokenVerdict) -> String {
        switch verdict {
        case .verified: "verified"
        case .rejected(let reason, _): "rejected (\(reason))"
        case .notMine(let reason, _): "not mine (\(reason))"
        case .unavailable(let reason, _, _): "unavailable (\(reason))"
        }
    }

    private func isAllowed() async throws {
        let events = EventLog()
        let mcpAuth = try mcpAuth(events)
        let status = await status(of: good, mcpAuth)
        try ConformanceFailure.require(status == 200, "after the mandatory checks it is \(status): \(events.lines)")
        try ConformanceFailure.require(await self.status(of: nil, mcpAuth) == 401, "without a token there is no 401")
    }

    private func answersAtOnce() async throws {
        let wrong = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<100 {
                let isGood = index % 2 == 0 || bad.isEmpty
                let token = isGood ? good : bad[index % bad.count]
                group.addTask {
                    guard case .verified = try? await ask(Array(token.utf8)) else { return isGood }
                    return !isGood
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        try ConformanceFailure.require(wrong == 0, "\(wrong) of 100 calls got the answer of another token")
    }

    /// The seconds after which the engine gives up, with a margin for slow machines.
    private static let seconds = 8.0

    private func endsInTime() async throws {
        for token in [Array(good.utf8)] + bad.map({ Array($0.utf8) }) + Self.hostile(good) {
            let start = ContinuousClock.now
            _ = try? await ask(token)
            try Self.require(start.duration(to: .now), "a call")
        }
    }

    private static func require(_ taken: Duration, _ what: String) throws {
        try ConformanceFailure.require(taken < .seconds(seconds), "\(what) took \(taken), longer than the engine waits")
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
        await withTaskGroup(of: Void.self) { group in
            for token in [good] + bad {
                group.addTask { _ = try? await ask(Array(token.utf8), of: cutOff) }
                group.addTask { _ = try? await ask(Array(token.utf8)) }
            }
            group.cancelAll()
        }
        try Self.require(start.duration(to: .now), "a cancelled call")
        try await answersAtOnce()
    }

    private func isUndecided() async throws {
        guard let cutOff else { return }
        let start = ContinuousClock.now
        try await require("unavailable", Array(good.utf8), of: cutOff, "the good token is decided about")
        try Self.require(start.duration(to: .now), "a call that cannot be decided")
        let status = await status(of: good, try mcpAuth(EventLog(), cutOff))
        try ConformanceFailure.require(status == 503, "a request that cannot be decided is \(status), expected 503")
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

    private func mcpAuth(_ events: EventLog, _ other: (any TokenVerifier)? = nil) throws -> MCPAuth {
        var protected = try ResourceConfiguration(resource, authorizationServers: [])
        protected.verifiers = [AttachedVerifier(other ?? verifier, issuer: issuer)]
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
