// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthVerification
internal import Synchronization

/// Requests that are decided again and again, each at the time the clock says.
struct Decisions: Sendable {
    /// An object, so that to take one for a decision copies one reference.
    private final class Request: Sendable {
        let request: HTTPRequest

        init(about token: String) {
            request = Decisions.request(token)
        }
    }

    private let mcpAuth: MCPAuth
    private let tokens: [String]
    private let requests: [Request]

    /// A request for each token at the one resource of an engine that trusts the one key.
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

    /// A request for an event stream, which has no body: what is measured is the way of every request from its fields on.
    static func request(_ token: String) -> HTTPRequest {
        var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.com", path: "/notes")
        request.headerFields[.authorization] = "Bearer \(token)"
        return request
    }

    /// The same engine with one half of the tokens each, as two clients of the same server have them.
    func halves() -> [Decisions] {
        let middle = tokens.count / 2
        return [Decisions(mcpAuth, Array(tokens[..<middle])), Decisions(mcpAuth, Array(tokens[middle...]))]
    }

    /// Makes so many decisions, beginning with the request of this number.
    func decide(_ count: Int, from start: Int = 0) async throws {
        for number in start..<(start + count) {
            let each = requests[number % requests.count]
            guard case .allow = await mcpAuth.authorize(each.request) else {
                throw Subject.WrongDecision()
            }
        }
    }
}

/// The documents of the one issuer.
final class StaticFetcher: HTTPFetcher {
    private let keys: JSON
    private let fetched = Atomic<Int>(0)

    /// How many documents were asked for.
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
