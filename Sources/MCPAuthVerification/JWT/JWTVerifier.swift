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
        package let directory: IssuerDirectory
        package let algorithms: Set<SignatureAlgorithm>
        package let profile: AccessTokenProfile

        package init(
            directory: IssuerDirectory,
            algorithms: Set<SignatureAlgorithm> = Set(SignatureAlgorithm.allCases),
            profile: AccessTokenProfile = .lenient
        ) {
            self.directory = directory
            self.algorithms = algorithms
            self.profile = profile
        }
    }

    package let name = "jwt"
    private let issuers: [String: Issuer]

    package init(issuers: [Issuer]) {
        self.issuers = Dictionary(
            issuers.map { ($0.directory.issuer.description, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    package func verify(_ token: AccessToken, now: NumericDate) async -> VerifierAnswer {
        let jws: CompactJWS
        do throws(CompactJWS.Malformed) {
            jws = try CompactJWS(parsing: token.bytes)
        } catch {
            return Self.answer(to: error)
        }
        guard let claims = try? JSONDocument(parsing: jws.payload, limits: .token).root,
            let issuerName = claims["iss"]?.string
        else { return .rejected(.malformedToken) }
        guard let issuer = issuers[issuerName] else { return .notMine(.untrustedIssuer) }

        guard let algorithm = SignatureAlgorithm(name: jws.header.algorithmName), issuer.algorithms.contains(algorithm)
        else { return .rejected(.algorithmNotAllowed) }
        switch await key(of: jws, claims, issuer, algorithm, now) {
        case .unavailable(let retryAfter):
            return .unavailable(.issuerUnavailable, retryAfter: retryAfter)
        case .unknown:
            return .rejected(.unknownKey)
        case .key(let key):
            guard jws.isSigned(by: key.key, using: algorithm) else { return .rejected(.invalidSignature) }
        }
        guard issuer.profile.accepts(headerType: jws.header.type, claims: claims) else {
            return .rejected(.wrongTokenType)
        }
        return .verified(TokenEvidence(issuer: issuer.directory.issuer, claims: claims))
    }

    private func key(
        of jws: CompactJWS,
        _ claims: JSONValue,
        _ issuer: Issuer,
        _ algorithm: SignatureAlgorithm,
        _ now: NumericDate
    ) async -> IssuerDirectory.KeyAnswer {
        await issuer.directory.key(
            keyID: jws.header.keyID,
            algorithm: algorithm,
            tokenIssuedAt: claims["iat"]?.number.map(NumericDate.init),
            now: now
        )
    }

    private static func answer(to malformed: CompactJWS.Malformed) -> VerifierAnswer {
        switch malformed {
        case .notThreeParts, .headerNotJSON: .notMine(.unrecognizedToken)
        case .invalidHeaderParameter, .criticalExtension, .invalidEncoding: .rejected(.malformedToken)
        }
    }
}
