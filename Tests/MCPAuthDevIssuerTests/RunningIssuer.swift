// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox && AsyncHTTPClient
import AsyncHTTPClient
import Foundation
import MCPAuthDevIssuer
import MCPAuthJOSE
import MCPAuthJSON
import NIOHTTP1

/// An issuer on a free port of this machine, and the requests of its clients.
struct RunningIssuer: Sendable {
    static let redirectURI = "http://127.0.0.1:8999/callback"
    static let notes = "http://127.0.0.1:9000/notes"
    static let calendar = "http://127.0.0.1:9000/calendar"
    static let verifier = "a-verifier-of-more-than-forty-three-characters"

    let issuer: DevIssuer
    let identifier: String

    /// A public client `app`, a confidential one `server`, a robot, and opaque tokens for the calendar.
    static func configuration(autoConsent: Bool = true, path: String = "") -> DevIssuer.Configuration {
        DevIssuer.Configuration(
            path: path,
            autoConsent: autoConsent,
            resources: [notes, calendar],
            scopesSupported: ["read", "write"],
            clients: [
                .init(id: "app", redirectURIs: [redirectURI]),
                .init(id: "server", secret: "server secret"),
                .init(id: "robot", secret: "robot-secret", scopes: ["read"], grantTypes: ["client_credentials"]),
            ],
            opaqueResources: [calendar]
        )
    }

    static func run(
        _ configuration: DevIssuer.Configuration = RunningIssuer.configuration(),
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
        _ body: (RunningIssuer) async throws -> Void
    ) async throws {
        let issuer = DevIssuer(configuration: configuration, now: now)
        try await issuer.start()
        let running = RunningIssuer(issuer: issuer, identifier: await issuer.issuer)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(running))
        } catch {
            result = .failure(error)
        }
        await issuer.stop()
        try result.get()
    }

    func get(_ url: String) async throws -> Answer {
        try await Exchange.run(HTTPClientRequest(url: url))
    }

    func post(_ path: String, _ form: [(String, String)], basic: String? = nil) async throws -> Answer {
        var request = HTTPClientRequest(url: identifier + path)
        request.method = .POST
        request.body = .bytes(Array(Self.encoded(form).utf8))
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        if let basic {
            request.headers.add(name: "authorization", value: "Basic \(Base64.encode(Array(basic.utf8)))")
        }
        return try await Exchange.run(request)
    }

    func post(_ path: String, json: JSON, fields: [(String, String)] = []) async throws -> Answer {
        var request = HTTPClientRequest(url: identifier + path)
        request.method = .POST
        request.body = .bytes(json.encoded())
        request.headers.add(name: "content-type", value: "application/json")
        for (name, value) in fields { request.headers.replaceOrAdd(name: name, value: value) }
        return try await Exchange.run(request)
    }

    func register(_ metadata: JSON) async throws -> Answer {
        try await post("/register", json: metadata)
    }

    /// The authorization request of `app`, with these parameters replaced.
    func authorize(_ changes: [String: String] = [:]) async throws -> Answer {
        var parameters = [
            "response_type": "code", "client_id": "app", "redirect_uri": Self.redirectURI, "scope": "read write",
            "state": "a state & more", "resource": Self.notes, "code_challenge_method": "S256",
            "code_challenge": Base64URL.encode(Digest.sha256(Self.verifier.utf8)),
        ]
        parameters.merge(changes) { $1 }
        return try await get("\(identifier)/authorize?\(Self.encoded(parameters.map { ($0.key, $0.value) }))")
    }

    /// The token request of `app` for a code, with these parameters replaced.
    func redeem(_ code: String, _ changes: [String: String] = [:]) async throws -> Answer {
        var parameters = [
            "grant_type": "authorization_code", "code": code, "redirect_uri": Self.redirectURI, "client_id": "app",
            "code_verifier": Self.verifier,
        ]
        parameters.merge(changes) { $1 }
        return try await post("/token", parameters.map { ($0.key, $0.value) })
    }

    func introspect(_ token: String, basic: String? = "server:server+secret") async throws -> Answer {
        try await post("/introspect", [("token", token)], basic: basic)
    }

    /// The claims of a token that one of the published keys signed; `nil` if none of them did.
    func verifiedClaims(_ token: String) async throws -> JSONView? {
        let keys = try JWKSet(try await get("\(identifier)/jwks").json())
        let jws = try CompactJWS(parsing: Array(token.utf8))
        guard let algorithm = jws.header.algorithm,
            case .keys(let candidates) = keys.select(keyID: jws.header.keyID, algorithm: algorithm),
            candidates.contains(where: { jws.isSigned(by: $0.key, using: algorithm) })
        else { return nil }
        return try JSONDocument(parsing: jws.payload, limits: .token).root
    }

    private static func encoded(_ form: [(String, String)]) -> String {
        form.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
    }
}

extension Answer {
    func json() throws -> JSONView {
        try JSONDocument(parsing: body, limits: .fetched).root
    }

    /// A string member of the body.
    func member(_ name: String) throws -> String? {
        try json()[name]?.string
    }
}
#endif
