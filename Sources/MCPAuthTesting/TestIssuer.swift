// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
public import MCPAuth
internal import MCPAuthConcurrency
internal import MCPAuthSigning

/// An authorization server in memory: it signs tokens, publishes its keys and supports introspection, without a
/// network.
///
/// ```swift
/// let issuer = try TestIssuer(audience: "https://api.example.com/notes")
/// let notes = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [issuer.server])
/// let mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [notes]), fetcher: TestFetcher(issuer))
/// let token = try issuer.token(scopes: ["read:notes"])
/// ```
public final class TestIssuer: Sendable {
    private struct State {
        var keys: [SigningKey]
        /// The claims of each opaque token, for introspection.
        var opaque: [String: [String: JSON]] = [:]
        var revoked: Set<String> = []
        var isDown = false
    }

    /// The issuer identifier, such as `https://issuer.test`.
    public let identifier: IssuerIdentifier
    /// The default audience of tokens.
    public let audience: String
    private let algorithm: SignatureAlgorithm
    private let state: Lock<State>

    /// Creates an issuer with a key.
    ///
    /// - Parameters:
    ///   - identifier: An https URL; nothing is sent to it.
    ///   - algorithm: The algorithm of signatures; an RSA key has 2048 bits.
    ///   - audience: The default audience of tokens; in most tests the resource identifier.
    /// - Throws: When no key can be created.
    public init(
        _ identifier: IssuerIdentifier = "https://issuer.test",
        algorithm: SignatureAlgorithm = .es256,
        audience: String
    ) throws {
        self.identifier = identifier
        self.algorithm = algorithm
        self.audience = audience
        state = Lock(State(keys: [try SigningKey(algorithm)]))
    }

    /// The issuer as an authorization server of a resource, whose JWTs are verified with its keys.
    public var server: AuthorizationServer {
        AuthorizationServer(issuer: identifier, discovery: .oidc)
    }

    /// The same, but its opaque tokens are introspected too.
    public var introspectingServer: AuthorizationServer {
        var server = server
        server.introspection = .init(
            authentication: .clientSecretBasic(clientID: "resource-server", secret: Secret("test"))
        )
        return server
    }

    /// A JWT access token of this issuer.
    ///
    /// - Parameters:
    ///   - subject: The `sub`; `nil` for a token without a user.
    ///   - clientID: The `client_id`.
    ///   - scopes: The scopes.
    ///   - claims: Claims that are added to the usual ones or replace them; `.null` removes one.
    ///   - audience: The `aud`; `nil` for the default audience of the issuer.
    ///   - lifetime: Seconds until it expires; negative for one that has expired.
    /// - Throws: When it cannot be signed.
    public func token(
        subject: String? = "alice",
        clientID: String = "test-client",
        scopes: [String] = [],
        claims: [String: JSON] = [:],
        audience: String? = nil,
        lifetime: Double = 600
    ) throws -> String {
        let all = self.claims(subject, clientID, scopes, claims, audience, lifetime)
        guard let key = state.withLock({ $0.keys.last }) else { throw NoKey() }
        return try key.sign(header: ["typ": "at+jwt"], claims: .object(all))
    }

    /// An opaque access token of this issuer, which its introspection endpoint knows.
    public func opaqueToken(
        subject: String? = "alice",
        clientID: String = "test-client",
        scopes: [String] = [],
        claims: [String: JSON] = [:],
        audience: String? = nil,
        lifetime: Double = 600
    ) -> String {
        let token = "opaque-" + SecureRandom.token()
        let all = self.claims(subject, clientID, scopes, claims, audience, lifetime)
        state.withLock { $0.opaque[token] = all }
        return token
    }

    /// Makes introspection report that a token is not active.
    public func revoke(_ token: String) {
        state.withLock { _ = $0.revoked.insert(token) }
    }

    /// Signs with a new key from now on.
    ///
    /// - Parameter keepingOld: Whether the old keys stay published, so that their tokens stay valid.
    /// - Throws: When no key can be created.
    public func rotateKeys(keepingOld: Bool = true) throws {
        let key = try SigningKey(algorithm)
        state.withLock { state in
            if !keepingOld { state.keys = [] }
            state.keys.append(key)
        }
    }

    /// Makes every request to the issuer fail, or succeed again.
    public func setDown(_ isDown: Bool) {
        state.withLock { $0.isDown = isDown }
    }

    /// The issuer has no key.
    private struct NoKey: Error {}

    private func claims(
        _ subject: String?,
        _ clientID: String,
        _ scopes: [String],
        _ claims: [String: JSON],
        _ audience: String?,
        _ lifetime: Double
    ) -> [String: JSON] {
        let now = NumericDate.now().secondsSinceEpoch.rounded(.down)
        var all: [String: JSON] = [
            "iss": .string(identifier.description), "client_id": .string(clientID),
            "aud": .string(audience ?? self.audience), "iat": .number(now), "exp": .number(now + lifetime),
            "jti": .string(SecureRandom.token()), "scope": .string(scopes.joined(separator: " ")),
        ]
        all["sub"] = subject.map(JSON.string)
        for (name, value) in claims { all[name] = value == .null ? nil : value }
        return all
    }

    // MARK: Responses

    /// The response to a request to this issuer; `nil` when the URL does not belong to it.
    func answer(_ request: FetchRequest) throws(FetchError) -> FetchResponse? {
        let base =
            identifier.description.hasSuffix("/") ? String(identifier.description.dropLast()) : identifier.description
        guard request.url.description.hasPrefix(base + "/") else { return nil }
        let state = state.withLock { $0 }
        guard !state.isDown else { throw FetchError("`\(identifier)` was set to be down") }
        switch request.url.description.dropFirst(base.count) {
        case "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server":
            return Self.json(metadata(base))
        case "/jwks": return Self.json(["keys": .array(state.keys.map(\.publicJWK))])
        case "/introspect": return Self.json(introspection(request.form ?? [], state))
        default: return FetchResponse(status: 404, body: [])
        }
    }

    private func metadata(_ base: String) -> JSON {
        [
            "issuer": .string(identifier.description), "jwks_uri": .string(base + "/jwks"),
            "introspection_endpoint": .string(base + "/introspect"),
            "authorization_endpoint": .string(base + "/authorize"), "token_endpoint": .string(base + "/token"),
            "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
        ]
    }

    private func introspection(_ form: [UInt8], _ state: State) -> JSON {
        let token = String(decoding: form, as: UTF8.self).split(separator: "&").first { $0.hasPrefix("token=") }
            .map { $0.dropFirst("token=".count).removingPercentEncoding ?? "" }
        guard let token, !state.revoked.contains(token), var claims = state.opaque[token] else {
            return ["active": false]
        }
        claims["active"] = true
        return .object(claims)
    }

    private static func json(_ document: JSON) -> FetchResponse {
        FetchResponse(status: 200, body: document.encoded())
    }
}
