// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuth
package import MCPAuthCore
package import MCPAuthHTTP
internal import MCPAuthJSON
internal import MCPAuthVerification

/// Answers operators: health, metrics, status, decisions and their explanations, and what may be changed at run time.
///
/// Over a unix socket everything is served: whoever may open it is an operator. Over TCP every program on this machine,
/// and every web page that a browser on it shows, can connect. So a request must name this machine as its host and must not
/// come from a web page, and everything but health, metrics and status needs the token of the configuration.
package struct AdminEndpoint: Sendable {
    private let settings: AdminSettings
    private let mcpAuth: MCPAuth
    private let decisions: RecentDecisions
    private let server: Server

    /// What the running server does for operators.
    package struct Server: Sendable {
        /// All metrics, as text.
        package var metrics: @Sendable () -> String
        /// Reads the configuration again; what is wrong with it, or nothing.
        package var reload: @Sendable () async -> [ConfigurationError]
        /// Whether it is about to end.
        package var isEnding: @Sendable () -> Bool

        package init(
            metrics: @escaping @Sendable () -> String,
            reload: @escaping @Sendable () async -> [ConfigurationError],
            isEnding: @escaping @Sendable () -> Bool
        ) {
            self.metrics = metrics
            self.reload = reload
            self.isEnding = isEnding
        }
    }

    package init(_ settings: AdminSettings, mcpAuth: MCPAuth, decisions: RecentDecisions, server: Server) {
        self.settings = settings
        self.mcpAuth = mcpAuth
        self.decisions = decisions
        self.server = server
    }

    /// The response to an operator.
    ///
    /// - Parameter address: The address of the operator; `nil` for a unix socket.
    package func response(to request: HTTPRequest, from address: String?, body: [UInt8]) async -> RenderedResponse {
        if let refusal = refusal(of: request, from: address) { return refusal }
        let (path, query) = Self.parts(of: request.path ?? "")
        guard let page = Page(path) else {
            return ResponseWriting.error(.notFound, "not_found", "there is no such page")
        }
        guard page.methods.contains(request.method) else {
            return ResponseWriting.methodNotAllowed(allowing: page.methods.map(\.rawValue).joined(separator: ", "))
        }
        if address != nil, !page.isOpen {
            guard let token = settings.token else {
                let message = "over TCP this needs `server.admin.token`; over a unix socket it does not"
                return ResponseWriting.error(.forbidden, "access_denied", message)
            }
            guard token.isPresented(by: request) else {
                let refusal = ResponseWriting.error(.unauthorized, "unauthorized", "the admin token is needed")
                var head = refusal.head
                head.headerFields[.wwwAuthenticate] = "Bearer"
                return RenderedResponse(head: head, body: refusal.body)
            }
        }
        switch page {
        case .health: return ResponseWriting.json(.ok, ["status": "ok"])
        case .readiness: return await readiness()
        case .metrics:
            let fields: HTTPFields = [
                .contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store",
            ]
            let head = HTTPResponse(status: .ok, headerFields: fields)
            return RenderedResponse(head: head, body: Array(server.metrics().utf8))
        case .status: return ResponseWriting.json(.ok, status)
        case .decisions: return newest(query)
        case .decision(let text): return explanation(of: text)
        case .reload: return await reload()
        case .purge:
            mcpAuth.purge()
            return ResponseWriting.json(.ok, ["purged": true])
        case .revoke: return revoke(body)
        }
    }

    /// What is served, by its path.
    private enum Page {
        case health, readiness, metrics, status, decisions, reload, purge, revoke
        case decision(String)

        init?(_ path: String) {
            switch path {
            case "/healthz": self = .health
            case "/readyz": self = .readiness
            case "/metrics": self = .metrics
            case "/status": self = .status
            case "/decisions": self = .decisions
            case "/reload": self = .reload
            case "/purge": self = .purge
            case "/revoke": self = .revoke
            case _ where path.hasPrefix("/decisions/"): self = .decision(String(path.dropFirst("/decisions/".count)))
            default: return nil
            }
        }

        var methods: [HTTPRequest.Method] {
            switch self {
            case .reload, .purge, .revoke: [.post]
            default: [.get, .head]
            }
        }

        /// Whether it is served over TCP without the token.
        var isOpen: Bool {
            switch self {
            case .health, .readiness, .metrics, .status: true
            case .decisions, .decision, .reload, .purge, .revoke: false
            }
        }
    }

    /// Refuses what a web page could send over TCP: a request whose `Host` is not this machine (DNS rebinding), or that has
    /// an `Origin`.
    private func refusal(of request: HTTPRequest, from address: String?) -> RenderedResponse? {
        guard let address else { return nil }
        guard AddressRange.loopback.contains(where: { $0.contains(address) }) else {
            return ResponseWriting.error(.forbidden, "access_denied", "only programs on this machine are served")
        }
        guard let host = request.authority, HTTPURL("http://\(host)/")?.isLoopback ?? false else {
            return ResponseWriting.error(.forbidden, "access_denied", "the host of the request is not this machine")
        }
        guard request.headerFields[values: .origin].isEmpty else {
            return ResponseWriting.error(.forbidden, "access_denied", "web pages are not served")
        }
        return nil
    }

    // MARK: Pages

    /// Whether requests can be decided: false while the server ends, and while no issuer has usable keys.
    ///
    /// One issuer that is down does not make the server unready, because the tokens of the others are still accepted. Keys
    /// that no token has needed yet are fetched.
    private func readiness() async -> RenderedResponse {
        await mcpAuth.prepareIssuers()
        let issuers = mcpAuth.issuerStatus
        let isReady = !server.isEnding() && (issuers.isEmpty || issuers.contains { $0.keys.isUsable })
        let body: JSON = [
            "status": .string(isReady ? "ready" : server.isEnding() ? "ending" : "no issuer has usable keys"),
            "issuers": .array(issuers.map(Self.json)),
        ]
        return ResponseWriting.json(isReady ? .ok : .serviceUnavailable, body)
    }

    private static func json(_ issuer: IssuerIdentifier, _ keys: IssuerKeys) -> JSON {
        var members: [String: JSON] = [
            "issuer": .string(issuer.description.printable), "usable": .boolean(keys.isUsable),
            "keys": .integer(Int64(keys.count)),
        ]
        members["age_seconds"] = keys.seconds.map { .integer(Int64($0)) }
        members["last_error"] = keys.lastError.map(JSON.string)
        return .object(members)
    }

    private var status: JSON {
        let cache = mcpAuth.tokenCacheStatistics
        let inForce = mcpAuth.status
        var members: [String: JSON] = [
            "version": .string(Version.current), "generation": .integer(Int64(inForce.generation)),
            "resources": .array(mcpAuth.engine.resources.map { .string($0.identifier.description) }),
            "issuers": .array(mcpAuth.issuerStatus.map(Self.json)),
            "warnings": .array(mcpAuth.warnings.map(JSON.string)),
            "token_cache": [
                "entries": .integer(Int64(cache.entries)), "hits": .integer(Int64(cache.hits)),
                "misses": .integer(Int64(cache.misses)), "evictions": .integer(Int64(cache.evictions)),
            ],
        ]
        if let refusal = inForce.lastRefusal { members["refused_configuration"] = Self.json(refusal.all) }
        return .object(members)
    }

    private func newest(_ query: [String: String]) -> RenderedResponse {
        let isRefused: Bool?
        switch query["decision"] {
        case nil: isRefused = nil
        case "deny": isRefused = true
        case "allow": isRefused = false
        default: return ResponseWriting.error(.badRequest, "invalid_request", "`decision` is not `allow` or `deny`")
        }
        guard let count = query["limit"].map({ Int($0) }) ?? 100, (1...10_000).contains(count) else {
            return ResponseWriting.error(.badRequest, "invalid_request", "`limit` is not a number from 1 to 10000")
        }
        return ResponseWriting.json(
            .ok,
            ["decisions": .array(decisions.newest(count, isRefused: isRefused).map(\.json))]
        )
    }

    private func explanation(of text: String) -> RenderedResponse {
        guard let id = DecisionID(text) else {
            let message = "not the id of a decision, expected the form 019ac1f2b3c4-5d6e7f8091a2b3c4"
            return ResponseWriting.error(.badRequest, "invalid_request", message)
        }
        guard let record = decisions[id] else {
            let message = "this decision is not kept here any more; the decision log may have it"
            return ResponseWriting.error(.notFound, "not_found", message)
        }
        guard case .object(var members) = record.json else { return ResponseWriting.json(.ok, record.json) }
        members["explanation"] = .string(record.explanation)
        return ResponseWriting.json(.ok, .object(members))
    }

    private func reload() async -> RenderedResponse {
        let mistakes = await server.reload()
        guard mistakes.isEmpty else {
            let body: JSON = [
                "generation": .integer(Int64(mcpAuth.status.generation)), "refused_configuration": Self.json(mistakes),
            ]
            return ResponseWriting.json(.unprocessableContent, body)
        }
        return ResponseWriting.json(.ok, ["generation": .integer(Int64(mcpAuth.status.generation))])
    }

    private static func json(_ mistakes: [ConfigurationError]) -> JSON {
        .array(mistakes.map { .string($0.description) })
    }

    private func revoke(_ body: [UInt8]) -> RenderedResponse {
        do {
            let count = mcpAuth.revoke(try RevocationList.Entry(named: "the request", bytes: body))
            return ResponseWriting.json(.ok, ["revocations_at_run_time": .integer(Int64(count))])
        } catch {
            return ResponseWriting.error(.badRequest, "invalid_request", "\(error)")
        }
    }

    // MARK: Responses

    /// The path, and the parameters of the query.
    private static func parts(of target: String) -> (String, [String: String]) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return (target, [:]) }
        let pairs = parts[1].split(separator: "&").map { pair -> (String, String) in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(sides[0]), sides.count == 2 ? String(sides[1]) : "")
        }
        return (String(parts[0]), Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
    }
}
