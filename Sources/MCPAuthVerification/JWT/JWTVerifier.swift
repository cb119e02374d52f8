// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
package import MCPAuthCore
package import MCPAuthJOSE
internal import MCPAuthJSON

/// Verifies JWT access tokens of a resource's issuers: form, issuer, algorithm, key, signature, token type.
///
/// The issuer is looked up before anything is fetched, so a token of an unknown issuer causes no request. The algorithm
/// must be on the issuer's list and fit the key; the `alg` of the token alone never decides. Key material in the header
/// is never used. Time, audience and scopes are left to the mandatory checks.
package struct JWTVerifier: TokenVerifier {
    /// One issuer whose JWTs are accepted.
    package struct Issuer: Sendable {
        /// What its tokens are verified with.
        package enum Keys: Sendable {
            /// The keys it publishes, for these algorithms.
            case published(IssuerDocuments, [SignatureAlgorithm])
            /// Secrets that it shares with this resource server; its published keys are not used.
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
    ) async -> TokenVerdict {
        let jws: CompactJWS
        do throws(CompactJWS.Malformed) {
            jws = try CompactJWS(parsing: token.bytes, knownHeader: knownHeaders.header)
        } catch {
            return Self.answer(to: error)
        }
        guard let document = try? JSONDocument(parsing: jws.payload, limits: .token), document.root.kind == .object
        else {
            return .rejected(
                .malformedToken,
                Diagnosis("the payload", expected: "a JSON object", found: "something else")
            )
        }
        let claims = document.root
        // Some issuers sign tokens without `iss`, which only introspection can verify.
        guard let named = claims.optional("iss") else {
            return .notMine(.malformedToken, Diagnosis(claim: "iss", expected: "an issuer", found: nil))
        }
        guard named.kind == .string else {
            return .rejected(.malformedToken, Diagnosis(claim: "iss", expected: "an issuer", found: named))
        }
        guard let issuer = issuers.first(where: { named.isString($0.identifier.description) }) else {
            return .notMine(.untrustedIssuer, Diagnosis(claim: "iss", expected: trusted, found: named))
        }

        let signature: Signature
        switch issuer.keys {
        case .shared(let secrets): signature = Self.signature(of: jws, secrets)
        case .published(let documents, let algorithms):
            guard let algorithm = jws.header.algorithm, algorithms.contains(algorithm) else {
                return .rejected(.algorithmNotAllowed, Self.diagnosis(of: jws.header, algorithms.map(\.rawValue)))
            }
            let keyID = jws.header.keyID
            let answer: IssuerDocuments.KeyAnswer
            // One deadline for everything that this token waits for.
            var deadline: Deadline?
            if let fresh = documents.freshKeys(keyID: keyID, algorithm: algorithm) {
                answer = fresh
            } else {
                let issuedAt = claims["iat"]?.number.map(NumericDate.init)
                deadline = documents.deadline
                answer = await documents.keys(
                    keyID: keyID,
                    algorithm: algorithm,
                    tokenIssuedAt: issuedAt,
                    now: now,
                    until: deadline
                )
            }
            signature = await Self.signature(of: jws, algorithm, answer, documents, until: deadline)
        }

        let reuse: TokenEvidence.Reuse
        switch signature {
        case .good(let worth): reuse = worth
        case .bad(let reason, let diagnosis): return .rejected(reason, diagnosis)
        case .unavailable(let reason, let retryAfter, let diagnosis):
            return .unavailable(reason, retryAfter: retryAfter, diagnosis)
        }
        if let fault = issuer.profile.fault(jws.header, claims) { return .rejected(.wrongTokenType, fault) }
        knownHeaders.remember(jws)
        return .verified(
            TokenEvidence(
                issuer: issuer.identifier,
                document: document,
                payload: jws.payload,
                form: .jwt(type: jws.header.mediaType),
                reuse: reuse
            )
        )
    }

    private var trusted: String {
        issuers.isEmpty ? "none" : issuers.map { "`\($0.identifier.description.printable)`" }.joined(separator: " or ")
    }

    private enum Signature {
        case good(TokenEvidence.Reuse)
        case bad(Denial.Reason, Diagnosis?)
        case unavailable(Denial.Reason, retryAfter: Int, Diagnosis? = nil)
    }

    /// Checks the signature with the keys that were found, and again with newer keys if the issuer has replaced a key
    /// and kept its `kid`.
    private static func signature(
        of jws: CompactJWS,
        _ algorithm: SignatureAlgorithm,
        _ answer: IssuerDocuments.KeyAnswer,
        _ documents: IssuerDocuments,
        until deadline: Deadline?
    ) async -> Signature {
        switch answer {
        case .unavailable(let retryAfter, let why):
            let issuer = documents.issuer.description.printable
            let diagnosis = Diagnosis("the keys of `\(issuer)`", expected: "a key set", found: why)
            return .unavailable(.issuerUnavailable, retryAfter: retryAfter, diagnosis)
        case .pending(let retryAfter): return .unavailable(.keyPending, retryAfter: retryAfter)
        case .unknown:
            // The `kid` may have been given to a key of another type.
            let newer = await documents.keys(
                insteadOf: [],
                keyID: jws.header.keyID,
                algorithm: algorithm,
                until: deadline
            )
            guard let newer else { return .bad(.unknownKey, unknownKey(jws.header, algorithm)) }
            return await Self.signature(of: jws, algorithm, newer, documents, until: deadline)
        case .keys(let keys, let reuse):
            if keys.contains(where: { jws.isSigned(by: $0.key, using: algorithm) }) { return .good(reuse) }
            let newer = await documents.keys(
                insteadOf: keys,
                keyID: jws.header.keyID,
                algorithm: algorithm,
                until: deadline
            )
            if case .keys(let keys, let reuse)? = newer,
                keys.contains(where: { jws.isSigned(by: $0.key, using: algorithm) })
            {
                return .good(reuse)
            }
            let tried =
                "a signature by a key of the issuer" + (keys.count > 1 ? " (\(keys.count) keys tried)" : "")
            return .bad(.invalidSignature, Diagnosis("the signature", expected: tried, found: "an invalid one"))
        }
    }

    /// Checks the MAC; shared secrets change only with the configuration, so the verdict can be reused.
    private static func signature(of jws: CompactJWS, _ secrets: [HMACKey]) -> Signature {
        let allowed = secrets.filter { $0.algorithm.rawValue == jws.header.algorithmName }
        guard !allowed.isEmpty else {
            return .bad(.algorithmNotAllowed, diagnosis(of: jws.header, secrets.map(\.algorithm.rawValue)))
        }
        let named = allowed.filter { $0.keyID == nil || $0.keyID == jws.header.keyID }
        guard !named.isEmpty else {
            let expected = "the `kid` of a configured secret"
            return .bad(.unknownKey, Diagnosis("header parameter `kid`", expected: expected, found: "no such `kid`"))
        }
        guard named.contains(where: { $0.isMAC(of: jws) }) else {
            return .bad(
                .invalidSignature,
                Diagnosis("the signature", expected: "a MAC by the configured secret", found: "an invalid one")
            )
        }
        return .good(.until(.distantFuture))
    }

    private static func diagnosis(of header: JOSEHeader, _ algorithms: [String]) -> Diagnosis {
        Diagnosis(
            "header parameter `alg`",
            expected: algorithms.sorted().joined(separator: ", "),
            found: "another algorithm",
            value: header.algorithmName.printable
        )
    }

    private static func unknownKey(_ header: JOSEHeader, _ algorithm: SignatureAlgorithm) -> Diagnosis {
        guard let keyID = header.keyID else {
            return Diagnosis(
                "header parameter `kid`",
                expected: "the `kid` of a key, or a key set with exactly one key for \(algorithm.rawValue)",
                found: "nothing"
            )
        }
        return Diagnosis(
            "header parameter `kid`",
            expected: "the `kid` of a key that is usable with \(algorithm.rawValue)",
            found: "no such `kid`",
            value: keyID.text.printable
        )
    }

    private static func answer(to malformed: CompactJWS.Malformed) -> TokenVerdict {
        let found: String
        switch malformed {
        case .notThreeParts, .headerNotJSON: return .notMine(.unrecognizedToken)
        case .encrypted:
            let what = Diagnosis("the token", expected: "a signed token (JWS)", found: "an encrypted token (JWE)")
            return .notMine(.encryptedToken, what)
        case .invalidHeaderParameter: found = "a header without `alg`, or with a parameter of a wrong type"
        case .criticalExtension: found = "a header with `crit` or `b64`, which are not supported"
        case .invalidEncoding: found = "parts that are not base64url without padding"
        }
        return .rejected(.malformedToken, Diagnosis("the token", expected: "a JWT", found: found))
    }
}
