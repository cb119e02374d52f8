// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthJOSE
internal import MCPAuthModule

/// The module `github-token`: opaque user tokens of GitHub, checked with the API that tells whether a token belongs to one
/// OAuth or GitHub app (`POST /applications/{client_id}/token`, REST API "Check a token").
///
/// A token of another app is not accepted: every app of GitHub could otherwise act with the tokens of its users here.
struct GitHubTokenModule: ModuleVerifier {
    static let moduleName = "github-token"
    static let configurationSchema = """
        {
          "type": "object", "required": ["client_id"], "additionalProperties": false,
          "properties": {
            "client_id": { "type": "string", "minLength": 1, "description": "The client id of the app" },
            "api": { "type": "string", "description": "The address of the API; without it, https://api.github.com" },
            "cache_seconds": {
              "type": "integer", "minimum": 0, "maximum": 600,
              "description": "How long an answer is used again; without it, 60"
            }
          }
        }
        """

    /// An answer of the API that is used again.
    private struct Known: Sendable {
        let answer: Answer
        let end: Double
    }

    /// What the API says about a token.
    private enum Answer: Sendable {
        case genuine(claims: [String: JSON], expires: Double?)
        /// GitHub does not know the token, or it belongs to another app.
        case refused(found: String)
        case undecided(found: String)
    }

    private let host: ModuleHost
    private let clientID: String
    private let url: String
    private let authorization: String
    private let cacheSeconds: Double
    private let known = Lock<[[UInt8]: Known]>([:])
    private let flights = SingleFlight<[UInt8], Answer>(most: 1024)

    private static let mostKnown = 10_000
    /// The longest that a verdict about a token without an expiry may be used, in seconds.
    private static let longestVerdict = 600.0
    /// How long a refusal is used again, in seconds: a new token may be known to GitHub a moment later.
    private static let refusalSeconds = 5.0
    private static let fetchSeconds = 4.5

    init(_ host: ModuleHost) throws {
        guard let secret = host.secret("client_secret"), !secret.isEmpty else {
            throw ModuleConfigurationError("the secret `client_secret` must be the client secret of the app")
        }
        let clientID = host.configuration["client_id"]?.string ?? ""
        // The id is a part of a URL and of the user name of Basic credentials.
        guard clientID.utf8.allSatisfy(Self.isIDByte) else {
            throw ModuleConfigurationError("`client_id` must have only letters, digits and dots")
        }
        let api = host.configuration["api"]?.string ?? "https://api.github.com"
        guard let address = HTTPURL(api), address.query == nil else {
            throw ModuleConfigurationError("`api` must be an https URL without a query")
        }
        let base = address.description.hasSuffix("/") ? String(address.description.dropLast()) : address.description
        self.host = host
        self.clientID = clientID
        url = "\(base)/applications/\(clientID)/token"
        authorization = "Basic " + Base64.encode(Array("\(clientID):".utf8) + secret)
        cacheSeconds = host.configuration["cache_seconds"]?.wholeNumber.map { Double($0) } ?? 60
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict {
        let text = token.dangerouslyRevealed
        guard let kind = Kind(text) else { return .notMine() }
        guard kind == .ofUser else {
            return Self.rejected(found: "a token of another kind, which names no app")
        }
        switch await answer(about: text, now.secondsSinceEpoch) {
        case .genuine(let claims, let expires):
            if let expires, expires <= now.secondsSinceEpoch { return .rejected(.expired) }
            let end = min(expires ?? .infinity, now.secondsSinceEpoch + Self.longestVerdict)
            return .verified(try TokenEvidence(claims: claims, notAfter: NumericDate(end)))
        case .refused(let found): return Self.rejected(found: found)
        case .undecided(let found):
            host.count("undecided")
            let diagnosis = Diagnosis("the API of GitHub", expected: "an answer about the token", found: found)
            return .unavailable(.verifierUnavailable, retryAfter: 5, diagnosis)
        }
    }

    private static func rejected(found: String) -> TokenVerdict {
        .rejected(.rejectedByVerifier, Diagnosis("the token", expected: "a user token of the app", found: found))
    }

    /// The kinds of tokens, by their prefixes (GitHub, "Token formats").
    private enum Kind {
        /// Of an OAuth app (`gho_`), or of a GitHub app for a user (`ghu_`).
        case ofUser
        /// A personal token, a token of an installation, or a refresh token.
        case other

        init?(_ token: String) {
            if token.hasPrefix("gho_") || token.hasPrefix("ghu_") {
                self = .ofUser
            } else if ["ghp_", "ghs_", "ghr_", "github_pat_"].contains(where: token.hasPrefix) {
                self = .other
            } else {
                return nil
            }
        }
    }

    // MARK: The API

    private func answer(about token: String, _ now: Double) async -> Answer {
        let key = Digest.sha256(token.utf8)
        if let known = known.withLock({ $0[key] }), known.end > now {
            host.count("known")
            return known.answer
        }
        let arrival = await flights.value(for: key, bytes: token.utf8.count, until: Deadline(in: Self.fetchSeconds)) {
            await ask(about: token)
        }
        guard case .landed(let answer) = arrival else { return .undecided(found: "none in time") }
        keep(answer, for: key, now)
        return answer
    }

    private func keep(_ answer: Answer, for key: [UInt8], _ now: Double) {
        let seconds: Double
        switch answer {
        case .genuine(_, let expires): seconds = min(cacheSeconds, (expires ?? .infinity) - now)
        case .refused: seconds = min(cacheSeconds, Self.refusalSeconds)
        case .undecided: return
        }
        guard seconds > 0 else { return }
        known.withLock { known in
            if known.count >= Self.mostKnown { known = known.filter { $0.value.end > now } }
            // Full of answers that are still good: forgetting them costs requests, and nothing else.
            if known.count >= Self.mostKnown { known = [:] }
            known[key] = Known(answer: answer, end: now + seconds)
        }
    }

    private func ask(about token: String) async -> Answer {
        host.count("asked")
        let body = JSON.object(["access_token": .string(token)]).encoded()
        let fields = [
            ("authorization", authorization), ("content-type", "application/json"),
            ("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28"),
        ]
        do throws(ModuleHost.FetchFailure) {
            let response = try await host.fetch(url, method: "POST", body: body, fields: fields)
            return read(response, token)
        } catch {
            return .undecided(found: error.description)
        }
    }

    private func read(_ response: ModuleHost.Response, _ token: String) -> Answer {
        switch response.status {
        case 200: break
        case 404: return .refused(found: "one that GitHub does not know for this app")
        case 401:
            host.log(.error, "GitHub refuses `client_id` and `client_secret` of this module")
            return .undecided(found: "a refusal of the credentials of this module")
        default: return .undecided(found: "status \(response.status)")
        }
        guard let body = try? JSON(parsing: response.body),
            body["token"]?.string.map({ $0.isEmpty || $0 == token }) ?? true
        else { return .undecided(found: "a body that is not valid") }
        guard body["app"]?["client_id"]?.string == clientID else { return .refused(found: "one of another app") }
        guard let id = body["user"]?["id"]?.wholeNumber, let login = body["user"]?["login"]?.string, !login.isEmpty
        else {
            return .refused(found: "one without a user")
        }
        var expires: Double?
        if let text = body["expires_at"]?.string {
            // An expiry that cannot be read must not become none.
            guard let seconds = Timestamp.seconds(text) else { return .undecided(found: "an expiry that is not valid") }
            expires = seconds
        }
        let scopes = body["scopes"]?.strings ?? []
        let claims: [String: JSON] = [
            "sub": .string("\(id)"), "client_id": .string(clientID), "preferred_username": .string(login),
            "scope": .string(scopes.joined(separator: " ")),
        ]
        return .genuine(claims: claims, expires: expires)
    }
}

extension JSON {
    fileprivate var wholeNumber: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }
}

/// What the host calls.
@_cdecl("mcp_auth_module_v1") public func module() -> UnsafeRawPointer {
    unsafe SwiftModule.table("github-token", version: "1.0.0", verifiers: [GitHubTokenModule.self])
}
