// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// A request for a protected resource (RFC 6750 section 2), as a host adapter read it.
public struct ProtectedResourceRequest: Sendable {
    /// What the client presented to prove its right.
    public enum Credentials: Sendable {
        /// Nothing that this resource server understands.
        case none
        /// One bearer token (RFC 6750 section 2.1).
        case bearer(AccessToken)
        /// Credentials that break the grammar or contradict each other.
        case malformed
    }

    /// The HTTP method.
    public var method: HTTPRequest.Method
    /// The `Host` field or `:authority`, as received.
    public var authority: String?
    /// The request target without query, percent-encoded as received.
    public var path: String
    /// What the client presented.
    public var credentials: Credentials
    /// What the request wants to do.
    public var operation: Operation
    /// Whether the host takes paths that differ only in case for one.
    package var ignoresCase = false

    /// Describes a request as an adapter read it.
    public init(
        method: HTTPRequest.Method,
        authority: String?,
        path: String,
        credentials: Credentials,
        operation: Operation = .http
    ) {
        self.method = method
        self.authority = authority
        self.path = path
        self.credentials = credentials
        self.operation = operation
    }
}
