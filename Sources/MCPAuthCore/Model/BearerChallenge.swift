// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A Bearer challenge (RFC 6750 section 3, RFC 9728 section 5.1).
public struct BearerChallenge: Sendable, Hashable {
    /// The only error codes that are sent to clients (RFC 6750 section 3.1).
    public enum ErrorCode: String, Sendable, CaseIterable {
        /// The credentials are malformed.
        case invalidRequest = "invalid_request"
        /// The token is not accepted.
        case invalidToken = "invalid_token"
        /// The token lacks a scope.
        case insufficientScope = "insufficient_scope"
        /// The sign-in is too old or too weak (RFC 9470 section 3).
        case insufficientUserAuthentication = "insufficient_user_authentication"
    }

    /// The error code; `nil` if the client sent no credentials.
    public let error: ErrorCode?
    /// All scopes that the operation needs; empty if no scope would help or none is known.
    public let scope: ScopeSet
    /// The sign-in that is required; `nil` if the present one is good enough.
    public let authentication: AuthenticationRequirement?
    /// The URL of the metadata of the protected resource.
    public let resourceMetadata: String

    package init(
        error: ErrorCode?,
        scope: ScopeSet = [],
        authentication: AuthenticationRequirement? = nil,
        resourceMetadata: String
    ) {
        self.error = error
        self.scope = scope
        self.authentication = authentication
        self.resourceMetadata = resourceMetadata
    }
}

/// How the user must have signed in (RFC 9470 section 3).
public struct AuthenticationRequirement: Sendable, Hashable {
    /// The acceptable authentication context classes, in order of preference; empty for any.
    public let acrValues: [String]
    /// The maximum age of the sign-in, in seconds; `nil` for any.
    public let maxAge: Int?

    package init(acrValues: [String], maxAge: Int?) {
        self.acrValues = acrValues
        self.maxAge = maxAge
    }
}
