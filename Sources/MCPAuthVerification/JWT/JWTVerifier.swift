// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJOSE
internal import MCPAuthJSON

/// Verifies JWT access tokens of a resource's issuers: form, issuer, algorithm, key, signature, token type.
///
/// The issuer is looked up before anything is fetched, so a stranger's token causes no request. The algorithm must be
/// on the issuer's list and fit the key; the token's own choice never decides alone. Key material in the header is
/// never used. Time, audience and scopes are left to the floor rules.
package struct JWTVerifier: TokenVerifier {
    /// One issuer whose JWTs are accepted.
    package struct Issuer: Sendable {
        /// What its tokens are verified with.
        package enum Keys: Sendable {
            /// The keys it publishes, for these algorithms.
            case published(IssuerDirectory, Set<SignatureAlgorithm>)
            /// Secrets that it shares with this resource server; nothing it publishes counts.
            case shared([HMACKey])
        }

        package let identifier: IssuerIdentifier
        package let keys: Keys
        package let profile: AccessTokenProfile

        package init(identifier: IssuerIdentifier, keys: Keys, profile: AccessTokenProfile = .lenient) {
            self.identifier = identifier
            self.keys = keys
            self.profile = profile
        }
    }

    package let name = "jwt"
    private let issuers: [IssuerIdentifier: Issuer]
    private let knownHeaders = KnownHeaders()

    package init(issuers: [Issuer]) {
        self.issuers = Dictionary(
            issuers.map { ($0.identifier, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    package func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> VerifierAnswer {
        let jws: CompactJWS
        do throws(CompactJWS.Malformed) {
            jws = try CompactJWS(parsing: token.bytes, knownHeader: knownHeaders.header)
        } catch {
            return Self.answer(to: error)
        }
        guard let document = try? JSONDocument(parsing: jws.payload, limits: .token) else {
            return .rejected(.malformedToken)
        }
        let claims = document.root
        // Some issuers sign tokens without it, which only they can judge.
        guard let named = claims["iss"] else { return .notMine(.malformedToken) }
        guard let issuerName = named.string else { return .rejected(.malformedToken) }
        guard let issuer = issuers[IssuerIdentifier(issuerName)] else { return .notMine(.untrustedIssuer) }

        let reuse: TokenEvidence.Reuse
        switch await signature(of: jws, claims, issuer, now) {
        case .good(let worth): reuse = worth
        case .bad(let reason): return .rejected(reason)
        case .unavailable(let retryAfter): return .unavailable(.issuerUnavailable, retryAfter: retryAfter)
        }
        guard issuer.profile.accepts(jws.header, claims) else {
            return .rejected(.wrongTokenType)
        }
        knownHeaders.remember(jws)
        return .verified(
            TokenEvidence(issuer: issuer.identifier, document: document, payload: jws.payload, reuse: reuse)
        )
    }

    private enum Signature {
        case good(TokenEvidence.Reuse)
        case bad(Denial.Reason)
        case unavailable(retryAfter: Int)
    }

    private func signature(
        of jws: CompactJWS,
        _ claims: JSONValue,
        _ issuer: Issuer,
        _ now: NumericDate
    ) async -> Signature {
        switch issuer.keys {
        case .shared(let secrets): return Self.signature(of: jws, secrets)
        case .published(let directory, let algorithms):
            guard let algorithm = jws.header.algorithm, algorithms.contains(algorithm) else {
                return .bad(.algorithmNotAllowed)
            }
            let issuedAt = claims["iat"]?.number.map(NumericDate.init)
            let keyID = jws.header.keyID
            let answer =
                if let fresh = directory.freshKeys(keyID: keyID, algorithm: algorithm, now: now) {
                    fresh
                } else {
                    await directory.keys(keyID: keyID, algorithm: algorithm, tokenIssuedAt: issuedAt, now: now)
                }
            switch answer {
            case .unavailable(let retryAfter): return .unavailable(retryAfter: retryAfter)
            case .unknown: return .bad(.unknownKey)
            case .keys(let keys, let reuse):
                let isSigned = keys.contains { jws.isSigned(by: $0.key, using: algorithm) }
                return isSigned ? .good(reuse) : .bad(.invalidSignature)
            }
        }
    }

    /// A shared secret does not change while the configuration does not.
    private static func signature(of jws: CompactJWS, _ secrets: [HMACKey]) -> Signature {
        let allowed = secrets.filter { $0.algorithm.rawValue == jws.header.algorithmName }
        guard !allowed.isEmpty else { return .bad(.algorithmNotAllowed) }
        let named = allowed.filter { $0.keyID == nil || $0.keyID == jws.header.keyID }
        guard !named.isEmpty else { return .bad(.unknownKey) }
        return named.contains { $0.isMAC(of: jws) } ? .good(.until(NumericDate(.infinity))) : .bad(.invalidSignature)
    }

    private static func answer(to malformed: CompactJWS.Malformed) -> VerifierAnswer {
        switch malformed {
        case .notThreeParts, .headerNotJSON: .notMine(.unrecognizedToken)
        case .invalidHeaderParameter, .criticalExtension, .invalidEncoding: .rejected(.malformedToken)
        }
    }
}
