// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthPolicy
import MCPAuthSigning
import MCPAuthTesting
import MCPAuthVerification
import TestSupport
import Testing

/// Sends HTTP requests to one protected resource and returns the status and fields of the answer.
struct Door {
    struct Answer {
        let status: Int
        let reason: String?
        let challenge: String?
        let retryAfter: String?
        let authInfo: AuthInfo?

        /// The status and reason as one text, such as `401 expired`; `200` when the handler may run.
        var verdict: String { reason.map { "\(status) \($0)" } ?? "\(status)" }
    }

    let mcpAuth: MCPAuth
    let resource: ResourceIdentifier
    var now: NumericDate

    /// Whether the engine allows a token of any bytes, including bytes that an HTTP field cannot carry.
    func isAllowed(_ token: [UInt8]) async throws -> Bool {
        (mcpAuth.fetcher as? FixtureFetcher)?.time.follow(now)
        let request = ProtectedResourceRequest(
            method: .get,
            path: resource.path,
            credentials: .bearer(AccessToken(bytes: token)),
            operation: .mcp([.stream])
        )
        let protected = try mcpAuth.protectedResource(resource.description)
        var noTrace: DecisionTrace?
        guard case .allow = await AuthorizationEngine.authorize(request, at: protected, now: now, trace: &noTrace)
        else {
            return false
        }
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
        (mcpAuth.fetcher as? FixtureFetcher)?.time.follow(now)
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
        let outcome = await (requestGuard ?? mcpAuth.requestGuard()).check(
            request,
            now: { now },
            body: { _ in .bytes(Array(body.utf8)) }
        )
        switch outcome {
        case .proceed(let authInfo):
            return Answer(status: 200, reason: nil, challenge: nil, retryAfter: nil, authInfo: authInfo)
        case .respond(let response, let reason):
            let answer = Answer(
                status: response.head.status.code,
                reason: reason?.rawValue,
                challenge: response.head.headerFields[.wwwAuthenticate],
                retryAfter: response.head.headerFields[.retryAfter],
                authInfo: nil
            )
            if answer.reason != nil { Self.expectRightChallenge(answer) }
            return answer
        }
    }

    /// Checks the challenge that every refusal must have (RFC 6750 section 3, RFC 9728 section 5.1).
    private static func expectRightChallenge(_ answer: Answer) {
        let error: String?
        switch (answer.status, answer.reason) {
        case (401, "no_credentials"): error = nil
        case (401, "insufficient_authentication"): error = "insufficient_user_authentication"
        case (401, _): error = "invalid_token"
        case (403, "insufficient_scope"): error = "insufficient_scope"
        case (400, "malformed_credentials"): error = "invalid_request"
        default:
            #expect(
                answer.challenge == nil && (answer.retryAfter != nil) == (answer.status == 503),
                "\(answer.verdict)"
            )
            return
        }
        let challenge = answer.challenge ?? ""
        #expect(challenge.contains(#"resource_metadata="http"#), "\(answer.verdict)")
        let said = error.map { challenge.contains("error=\"\($0)\"") } ?? !challenge.contains("error")
        #expect(said, "\(answer.verdict): \(challenge)")
    }
}

/// An issuer with documents, headers, claims and keys that no honest issuer has, at a fixed time.
///
/// Tests that need none of this use `TestIssuer`.
struct FixtureIssuer {
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

    /// A signed token with exactly these bytes; `KID` in the header is replaced by the key ID.
    func token(rawHeader: String = #"{"alg":"ES256","kid":"KID","typ":"at+jwt"}"#, rawClaims: [UInt8]) throws -> String
    {
        let header = Array(rawHeader.replacing("KID", with: key.keyID).utf8)
        let input = Base64URL.encode(header) + "." + Base64URL.encode(rawClaims)
        return input + "." + Base64URL.encode(try key.sign(Array(input.utf8)))
    }

    /// The claims of a valid token as JSON text, with the members of `more` and without the member `instead`.
    func claims(_ more: String, instead: String? = nil) -> String {
        var members = [
            ("iss", "\"\(identifier)\""), ("sub", "\"alice\""), ("client_id", "\"c1\""),
            ("aud", "\"https://api.example.com/notes\""), ("scope", "\"read:notes\""), ("iat", "1795425000"),
            ("exp", "1795425600"), ("jti", "\"j1\""),
        ]
        members.removeAll { $0.0 == instead }
        return "{" + (members.map { "\"\($0.0)\":\($0.1)" } + [more]).joined(separator: ",") + "}"
    }
}

extension Door {
    /// A door for the first of these resources, whose tokens the public test issuer signs now.
    init(_ resources: [ResourceConfiguration], issuer: TestIssuer, recording: RequestRecording? = nil) throws {
        var configuration = MCPAuthConfiguration(resources: resources)
        configuration.recording = recording
        self.init(
            mcpAuth: try MCPAuth(configuration, fetcher: TestFetcher(issuer)),
            resource: resources[0].metadata.resource,
            now: NumericDate.now()
        )
    }

    /// A door for the first of these resources, at the time when test tokens are issued.
    init(_ resources: [ResourceConfiguration], fetcher: FixtureFetcher) throws {
        self.init(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: resources), fetcher: fetcher),
            resource: resources[0].metadata.resource,
            now: NumericDate(1_795_425_000)
        )
    }

    /// One issuer and the resource `https://api.example.com/notes`.
    static func notes(claims: ClaimMapping = ClaimMapping(), policy: String? = nil) throws -> (Door, FixtureIssuer) {
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        return (try notes(trusting: [issuer], claims: claims, policy: policy, fetcher: issuer.fetcher), issuer)
    }

    static func notes(
        trusting issuers: [FixtureIssuer],
        claims: ClaimMapping = ClaimMapping(),
        policy: String? = nil,
        fetcher: FixtureFetcher
    ) throws -> Door {
        let servers = issuers.map {
            AuthorizationServer(issuer: IssuerIdentifier($0.identifier), discovery: .oidc, claims: claims)
        }
        var resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: servers)
        if let policy { resource.policies = [Policy(try CompiledPolicy(file: "p.json", bytes: Array(policy.utf8)))] }
        return try Door([resource], fetcher: fetcher)
    }
}

/// An issuer that shares a secret with the resource server.
enum SecretIssuer {
    static func door(_ secret: HMACSecret, fetcher: FixtureFetcher = FixtureFetcher([:])) throws -> Door {
        let server = AuthorizationServer(
            issuer: "https://issuer.example",
            discovery: .oidc,
            hmacSecrets: [secret]
        )
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        return try Door([resource], fetcher: fetcher)
    }
}
