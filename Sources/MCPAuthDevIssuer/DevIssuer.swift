// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import FlyingFox
internal import FlyingSocks
internal import Foundation
package import MCPAuthJSON
internal import MCPAuthJOSE
internal import MCPAuthSigning

/// An OAuth 2.1 authorization server for development and tests, on this machine only.
///
/// It supports RFC 8414 and OpenID Connect metadata, rotating keys, authorization code with PKCE, client credentials,
/// refresh tokens, dynamic registration (RFC 7591), resource indicators (RFC 8707) and introspection (RFC 7662). Its
/// only user is `alice`; `_dev/token` issues tokens for any subject. Everything is kept in memory only.
package actor DevIssuer {
    let configuration: Configuration
    let now: @Sendable () -> Double
    var store = IssuerStore()
    private var port: UInt16
    private var server: HTTPServer?
    private var serving: Task<Void, any Error>?
    /// The number of requests for each path.
    package private(set) var requestCounts: [String: Int] = [:]

    package init(
        configuration: Configuration,
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) {
        self.configuration = configuration
        self.now = now
        port = configuration.port
    }

    /// The issuer identifier; with port 0 it is known only after the start.
    package var issuer: String {
        "http://127.0.0.1:\(port)\(configuration.path)"
    }

    /// The number of requests for the JWK Set.
    package var jwksRequests: Int { requests(of: "\(configuration.path)/jwks") }

    /// The number of requests for metadata, at both of its URLs.
    package var metadataRequests: Int {
        requests(of: "/.well-known/oauth-authorization-server\(configuration.path)")
            + requests(of: "\(configuration.path)/.well-known/openid-configuration")
    }

    /// The number of introspection requests.
    package var introspectionRequests: Int { requests(of: "\(configuration.path)/introspect") }

    private func requests(of path: String) -> Int { requestCounts[path] ?? 0 }

    /// Creates the first key and listens; returns when requests are accepted.
    ///
    /// - Throws: ``DevIssuerError`` when the port is in use or the issuer is already running.
    package func start() async throws {
        guard server == nil else { throw DevIssuerError(description: "the issuer is already running") }
        if store.keys.isEmpty { try rotate() }
        for client in configuration.clients {
            store.clients[client.id] = IssuerStore.Client(configuration: client, name: client.id)
        }
        let handler = ClosureHTTPHandler { [weak self] request in
            guard let self else { return HTTPResponse(statusCode: .serviceUnavailable) }
            return try await self.respond(to: request)
        }
        let server = HTTPServer(
            address: try .inet(ip4: "127.0.0.1", port: port),
            logger: .disabled,
            handler: handler
        )
        self.server = server
        let listening = Task { try await server.waitUntilListening(timeout: 30) }
        let serving = Task {
            // When the server ends before it listens, do not wait for the time limit.
            defer { listening.cancel() }
            try await server.run()
        }
        do {
            try await listening.value
        } catch {
            self.server = nil
            serving.cancel()
            let cause = await Self.cause(serving, error)
            throw DevIssuerError(description: "cannot listen on 127.0.0.1:\(port): \(cause)")
        }
        if let address = await server.listeningAddress, case .ip4(_, port: let actual) = address { port = actual }
        self.serving = serving
    }

    /// Why a server ended, or else why waiting for it ended, in words.
    private static func cause(_ serving: Task<Void, any Error>, _ timeout: any Error) async -> String {
        var error = timeout
        if case .failure(let failure) = await serving.result, !(failure is CancellationError) { error = failure }
        guard case SocketError.failed(_, let code, let message) = error else { return "\(error)" }
        return code == EADDRINUSE ? "the port is in use" : message
    }

    /// Stops listening; returns once the port is free.
    ///
    /// Keys, clients and tokens are kept, and ``start()`` uses the same port again.
    package func stop() async {
        await server?.stop(timeout: 0)
        serving?.cancel()
        _ = await serving?.result
        serving = nil
        server = nil
    }

    /// Signs with a new key from now on; the old ones stay published.
    package func rotate() throws {
        store.keys.append(try SigningKey(configuration.algorithm))
    }

    /// Publishes the newest key only.
    package func dropOldKeys() {
        store.keys.removeFirst(max(0, store.keys.count - 1))
    }

    /// Creates an access token without any flow: always a JWT (RFC 9068), and active at introspection.
    ///
    /// `extraClaims` and `header` replace standard members of the same name.
    package func mintToken(
        subject: String,
        clientID: String,
        scope: String,
        resource: String,
        lifetime: Double = 3600,
        extraClaims: [String: JSON] = [:],
        header: [String: JSON] = [:]
    ) throws -> String {
        let standard = claims(
            subject: subject,
            clientID: clientID,
            scope: scope,
            audience: [resource],
            lifetime: lifetime
        )
        return try sign(standard.merging(extraClaims) { $1 }, header: header)
    }

    /// The claims of an access token that is issued now (RFC 9068 section 2.2).
    func claims(
        subject: String,
        clientID: String,
        scope: String,
        audience: [String],
        lifetime: Double
    ) -> [String: JSON] {
        let issuedAt = now().rounded(.down)
        return [
            "iss": .string(issuer), "sub": .string(subject), "client_id": .string(clientID), "scope": .string(scope),
            "aud": audience.count == 1 ? .string(audience[0]) : .array(audience.map(JSON.string)),
            "iat": .integer(Int64(issuedAt)), "exp": .integer(Int64(issuedAt + lifetime)),
            "jti": .string(SecureRandom.token()),
        ]
    }

    /// An access token with these claims, signed with the newest key and stored for introspection.
    func sign(_ claims: [String: JSON], header: [String: JSON] = [:]) throws -> String {
        guard let key = store.keys.last else { throw DevIssuerError(description: "the issuer has no key") }
        let token = try key.sign(
            header: ["typ": "at+jwt" as JSON].merging(header) { $1 },
            claims: .object(claims)
        )
        store.accessTokens[token] = claims
        return token
    }

    private func respond(to request: HTTPRequest) async throws -> HTTPResponse {
        let path = request.target.path()
        requestCounts[path, default: 0] += 1
        let body = try await request.bodyData
        let response =
            body.count <= Self.longestBody
            ? answer(
                IssuerRequest(
                    method: request.method.rawValue,
                    path: path,
                    query: request.target.query(),
                    authorization: request.headers[.authorization],
                    origin: request.headers[HTTPHeader("Origin")],
                    host: request.headers[.host],
                    body: [UInt8](body)
                )
            ) : .error("invalid_request", "the body is longer than \(Self.longestBody) bytes", status: 413)
        var headers = HTTPHeaders()
        for field in response.fields { headers.addValue(field.value, for: HTTPHeader(field.name)) }
        return HTTPResponse(
            statusCode: HTTPStatusCode(response.status, phrase: ""),
            headers: headers,
            body: Data(response.body)
        )
    }

    /// In bytes.
    private static let longestBody = 64 * 1024

    /// Finds the endpoint of a request.
    private func answer(_ request: IssuerRequest) -> IssuerResponse {
        let base = configuration.path
        let text = String(decoding: request.body, as: UTF8.self)
        if request.path.hasPrefix("\(base)/_dev/") {
            return development(request, request.path.dropFirst("\(base)/_dev/".count))
        }
        switch (request.method, request.path) {
        case ("OPTIONS", _):
            return .preflight
        case ("GET", "/.well-known/oauth-authorization-server\(base)"),
            ("GET", "\(base)/.well-known/openid-configuration"):
            return metadata()
        case ("GET", "\(base)/jwks"):
            return .json(["keys": .array(store.keys.map(\.publicJWK))])
        case ("GET", "\(base)/authorize"):
            return authorize(request.query)
        case ("POST", "\(base)/consent"):
            return consent(text)
        case ("POST", "\(base)/token"):
            return token(text, request.authorization)
        case ("POST", "\(base)/register"):
            return register(request.body)
        case ("POST", "\(base)/introspect"):
            return introspect(text, request.authorization)
        default:
            let description =
                "there is no endpoint \(request.method) \(request.path); the endpoints are listed at "
                + "/.well-known/oauth-authorization-server\(base)"
            return .error("not_found", description, status: 404)
        }
    }
}
#endif
