// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthVerification
internal import Synchronization

/// Requests that are decided again and again, each at the current time.
struct Decisions: Sendable {
    /// A class, so that a decision copies only one reference.
    private final class Request: Sendable {
        let request: HTTPRequest

        init(about token: String) {
            request = Decisions.request(token)
        }
    }

    private let mcpAuth: MCPAuth
    private let tokens: [String]
    private let requests: [Request]

    /// One request for each token, to the one resource of an engine that trusts the one key.
    init(about tokens: [String], jwk: JSON, cacheCapacity: Int) throws {
        let server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oauth)
        let resource = try ResourceConfiguration(Fixtures.resource, authorizationServers: [server])
        let configuration = MCPAuthConfiguration(resources: [resource], tokenCacheCapacity: cacheCapacity)
        let mcpAuth = try MCPAuth(configuration, fetcher: StaticFetcher([jwk]))
        self.init(mcpAuth, tokens)
    }

    private init(_ mcpAuth: MCPAuth, _ tokens: [String]) {
        self.mcpAuth = mcpAuth
        self.tokens = tokens
        requests = tokens.map(Request.init)
    }

    /// A request for an event stream; it has no body, so only what every request needs is measured.
    static func request(_ token: String) -> HTTPRequest {
        var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.com", path: "/notes")
        request.headerFields[.authorization] = "Bearer \(token)"
        return request
    }

    /// The same engine twice, each with half of the tokens, like two clients of one server.
    func halves() -> [Decisions] {
        let middle = tokens.count / 2
        return [Decisions(mcpAuth, Array(tokens[..<middle])), Decisions(mcpAuth, Array(tokens[middle...]))]
    }

    /// Makes `count` decisions, beginning with request number `start`.
    func decide(_ count: Int, from start: Int = 0) async throws {
        for number in start..<(start + count) {
            let each = requests[number % requests.count]
            guard case .allow = await mcpAuth.authorize(each.request) else {
                throw Subject.WrongDecision()
            }
        }
    }
}

/// Serves the documents of the one issuer.
final class StaticFetcher: HTTPFetcher {
    private let keys: JSON
    private let fetched = Atomic<Int>(0)

    /// How many documents were fetched.
    var count: Int { fetched.load(ordering: .relaxed) }

    init(_ keys: [JSON]) {
        self.keys = ["keys": .array(keys)]
    }

    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        fetched.add(1, ordering: .relaxed)
        let metadata: JSON = ["issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/jwks"]
        return FetchResponse(status: 200, body: (request.url.path == "/jwks" ? keys : metadata).encoded())
    }
}
