// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthSigning
import MCPAuthVerification
import TestSupport

/// One protected resource behind its door: an HTTP request in, status and fields out.
struct Door {
    struct Answer {
        let status: Int
        let reason: String?
        let challenge: String?
        let retryAfter: String?
        let authInfo: AuthInfo?
    }

    let mcpAuth: MCPAuth
    let resource: ResourceIdentifier
    var now: NumericDate

    /// The engine's decision about a token, without HTTP before it.
    func isAllowed(_ token: [UInt8]) async throws -> Bool {
        let request = ProtectedResourceRequest(
            method: .post,
            authority: resource.url.authority,
            path: resource.url.path,
            credentials: .bearer(AccessToken(bytes: token))
        )
        guard case .allow = await mcpAuth.engine.authorize(request, now: now) else { return false }
        return true
    }

    func request(
        authorization: [String] = [],
        method: HTTPRequest.Method = .post,
        path: String? = nil,
        host: String? = nil,
        fields: [(String, String)] = [],
        body: String = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
        through requestGuard: RequestGuard? = nil
    ) async throws -> Answer {
        var request = HTTPRequest(
            method: method,
            scheme: resource.url.scheme,
            authority: host ?? resource.url.authority,
            path: path ?? resource.url.path
        )
        for value in authorization { request.headerFields.append(HTTPField(name: .authorization, value: value)) }
        for (name, value) in fields {
            guard let name = HTTPField.Name(name) else { continue }
            request.headerFields.append(HTTPField(name: name, value: value))
        }
        let outcome = try await (requestGuard ?? mcpAuth.requestGuard()).check(request, now: now) { _ in
            .bytes(Array(body.utf8))
        }
        switch outcome {
        case .proceed(let authInfo):
            return Answer(status: 200, reason: nil, challenge: nil, retryAfter: nil, authInfo: authInfo)
        case .respond(let response, let reason):
            return Answer(
                status: response.head.status.code,
                reason: reason?.rawValue,
                challenge: response.head.headerFields[.wwwAuthenticate],
                retryAfter: response.head.headerFields[.retryAfter],
                authInfo: nil
            )
        }
    }
}

/// An issuer whose documents come from a table and whose tokens this test signs.
struct TestIssuer {
    let identifier: String
    let key: SigningKey
    let fetcher: FixtureFetcher

    init(_ identifier: String, fetcher: FixtureFetcher, discovery: String = "/.well-known/openid-configuration") throws
    {
        self.identifier = identifier
        self.fetcher = fetcher
        key = try SigningKey(.es256)
        let metadata: JSON = ["issuer": .string(identifier), "jwks_uri": .string("\(identifier)/jwks")]
        fetcher.serve(metadata.encoded(), at: identifier + discovery)
        publish([key])
    }

    func publish(_ keys: [SigningKey]) {
        fetcher.serve((["keys": .array(keys.map(\.publicJWK))] as JSON).encoded(), at: "\(identifier)/jwks")
    }

    func token(
        _ changes: [String: JSON] = [:],
        without removed: [String] = [],
        header: [String: JSON] = ["typ": "at+jwt"],
        now: NumericDate = NumericDate(1_795_425_000),
        key: SigningKey? = nil
    ) throws -> String {
        var claims: [String: JSON] = [
            "iss": .string(identifier), "sub": "alice", "client_id": "c1", "aud": "https://api.example.com/notes",
            "scope": "read:notes", "iat": .number(now.secondsSinceEpoch), "exp": .number(now.secondsSinceEpoch + 600),
            "jti": "j1",
        ]
        claims.merge(changes) { $1 }
        for name in removed { claims[name] = nil }
        return try (key ?? self.key).sign(header: header, claims: .object(claims))
    }
}
