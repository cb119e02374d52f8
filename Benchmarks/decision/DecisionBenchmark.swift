// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthSigning
internal import MCPAuthVerification

/// How much a whole uncached decision costs beyond OpenSSL's verification of the signature, in one run.
@main
struct DecisionBenchmark {
    static func main() async throws {
        print("median of \(rounds) rounds of \(perRound) each, one thread, microseconds")
        print("algorithm    raw OpenSSL    decision    difference    ratio")
        for algorithm in [SignatureAlgorithm.rs256, .es256, .edDSA] { try await measure(algorithm) }
    }

    private static let rounds = 15
    private static let perRound = 200

    private static func measure(_ algorithm: SignatureAlgorithm) async throws {
        let key = try SigningKey(algorithm)
        let now = NumericDate.now()
        let claims: JSON = [
            "iss": "https://issuer.example", "sub": "alice", "client_id": "c1", "aud": "https://mcp.example/mcp",
            "scope": "files:read files:write", "iat": .integer(Int64(now.secondsSinceEpoch)),
            "exp": .integer(Int64(now.secondsSinceEpoch) + 3600), "jti": "j1", "tenant": "acme",
            "groups": ["staff", "editors"],
        ]
        let token = try key.sign(header: ["typ": "at+jwt"], claims: claims)
        guard let jws = try? CompactJWS(parsing: Array(token.utf8)),
            let raw = RawVerification(key, message: Array(jws.signingInput), signature: jws.signature)
        else { return print("\(algorithm.rawValue) cannot be measured") }
        let mcpAuth = try engine(key)
        let request = ProtectedResourceRequest(
            method: .post,
            authority: "mcp.example",
            path: "/mcp",
            credentials: .bearer(AccessToken(bytes: Array(token.utf8))),
            operation: .mcp([.call(method: "tools/list", name: nil)])
        )
        var rawTimes: [Double] = []
        var decisionTimes: [Double] = []
        for _ in 0..<rounds {
            var allowed = 0
            rawTimes.append(time { for _ in 0..<perRound where raw.run() { allowed += 1 } })
            let start = ContinuousClock.now
            for _ in 0..<perRound {
                if case .allow = await mcpAuth.engine.authorize(request, now: now) { allowed += 1 }
            }
            decisionTimes.append(microseconds(since: start))
            guard allowed == 2 * perRound else { return print("\(algorithm.rawValue): a verification failed") }
        }
        report(algorithm, raw: rawTimes.sorted()[rounds / 2], decision: decisionTimes.sorted()[rounds / 2])
    }

    private static func report(_ algorithm: SignatureAlgorithm, raw: Double, decision: Double) {
        let columns = [raw, decision, decision - raw].map { String(Double(Int($0 * 10)) / 10) }
        let ratio = String(Double(Int(decision / raw * 100)) / 100)
        let widths = [15, 12, 14, 9]
        let cells = zip(columns + [ratio], widths).map { String(repeating: " ", count: max(1, $1 - $0.count)) + $0 }
        print(algorithm.rawValue + String(repeating: " ", count: 9 - algorithm.rawValue.count) + cells.joined())
    }

    private static func time(_ body: () -> Void) -> Double {
        let start = ContinuousClock.now
        body()
        return microseconds(since: start)
    }

    private static func microseconds(since start: ContinuousClock.Instant) -> Double {
        let elapsed = start.duration(to: .now)
        return (Double(elapsed.components.seconds) * 1e6 + Double(elapsed.components.attoseconds) / 1e12)
            / Double(perRound)
    }

    private static func engine(_ key: SigningKey) throws -> MCPAuth {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oauth)
        let resource = try ResourceConfiguration("https://mcp.example/mcp", authorizationServers: [server])
        return try MCPAuth(Configuration(resources: [resource]), fetcher: StaticFetcher(key))
    }
}

/// The documents of the one issuer.
private struct StaticFetcher: HTTPFetcher {
    private let keys: JSON

    init(_ key: SigningKey) {
        keys = ["keys": [key.publicJWK]]
    }

    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        let metadata: JSON = ["issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/jwks"]
        return FetchResponse(status: 200, body: (request.url.path == "/jwks" ? keys : metadata).encoded())
    }
}
