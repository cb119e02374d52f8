// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// How tokens for one resource are verified: the verifiers in their order, and what is remembered.
package struct TokenVerification: Sendable {
    /// A verifier and the number that identifies it in the token cache.
    package struct Slot: Sendable {
        package let verifier: any TokenVerifier
        package let number: UInt64
    }

    /// The verifiers, in the order in which they are called.
    package let slots: [Slot]
    /// Whether a verifier uses the operation, so that the body is read before the token is verified.
    package let needsOperation: Bool
    /// The maximum length of a token, in bytes.
    package let maximumTokenBytes: Int
    /// The cache for facts about verified tokens; `nil` to verify tokens each time.
    package let cache: TokenCache?
    /// Reads the header type and the claims of a token without verification; `nil` if it is not a JWT.
    package let readJWT: UnverifiedJWT.Reader

    package init(
        _ verifiers: [any TokenVerifier],
        maximumTokenBytes: Int = AccessToken.defaultMaximumBytes,
        cache: TokenCache? = nil,
        readJWT: @escaping UnverifiedJWT.Reader = { _ in nil }
    ) {
        slots = verifiers.map { Slot(verifier: $0, number: TokenCache.nextVerifierNumber()) }
        needsOperation = verifiers.contains { $0.needsOperation }
        self.maximumTokenBytes = maximumTokenBytes
        self.cache = cache
        self.readJWT = readJWT
    }

    /// The same with other verifiers and without a cache.
    package func replacingVerifiers(with verifiers: [any TokenVerifier]) -> TokenVerification {
        TokenVerification(verifiers, maximumTokenBytes: maximumTokenBytes, readJWT: readJWT)
    }
}
