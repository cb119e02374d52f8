// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Which tokens an authorization server is asked about (RFC 7662).
public enum TokenForm: String, Sendable, CaseIterable {
    /// All tokens except JWTs that name an issuer, which are verified with its keys.
    case opaque
    /// Only JWTs that name this issuer, for issuers whose tokens cannot be verified with keys.
    case jwt
    /// Both.
    case any
}
