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
            case published(IssuerDirectory, [SignatureAlgorithm])
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
    private let issuers: [Issuer]
    private let knownHeaders = KnownHeaders()

    package init(issuers: [Issuer]) {
        self.issuers = issuers
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
        guard named.kind == .string else { return .rejected(.malformedToken) }
        guard let issuer = issuers.first(where: { named.isString($0.identifier.description) }) else {
            return .notMine(.untrustedIssuer)
        }

        let signature: Signature
        switch issuer.keys {
        case .shared(let secrets): signature = Self.signature(of: jws, secrets)
        case .published(let directory, let algorithms):
            guard let algorithm = jws.header.algorithm, algorithms.contains(algorithm) else {
                return .rejected(.algorithmNotAllowed)
            }
            let keyID = jws.header.keyID
            let answer: IssuerDirectory.KeyAnswer
            if let fresh = directory.freshKeys(keyID: keyID, algorithm: algorithm, now: now) {
                answer = fresh
            } else {
                let issuedAt = claims["iat"]?.number.map(NumericDate.init)
                answer = await directory.keys(keyID: keyID, algorithm: algorithm, tokenIssuedAt: issuedAt, now: now)
            }
            signature = Self.signature(of: jws, algorithm, answer)
        }

        let reuse: TokenEvidence.Reuse
        switch signature {
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

    private static func signature(
        of jws: CompactJWS,
        _ algorithm: SignatureAlgorithm,
        _ answer: IssuerDirectory.KeyAnswer
    ) -> Signature {
        switch answer {
        case .unavailable(let retryAfter): return .unavailable(retryAfter: retryAfter)
        case .unknown: return .bad(.unknownKey)
        case .keys(let keys, let reuse):
            let isSigned = keys.contains { jws.isSigned(by: $0.key, using: algorithm) }
            return isSigned ? .good(reuse) : .bad(.invalidSignature)
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
