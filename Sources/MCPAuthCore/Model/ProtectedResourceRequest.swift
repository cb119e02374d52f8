// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// A request for a protected resource (RFC 6750 section 2) in its canonical form, as a host adapter read it.
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
    public let method: HTTPRequest.Method
    /// The `Host` field or `:authority`, as received.
    public let authority: String?
    /// The path of the request target.
    public let path: RequestPath
    /// What the client presented.
    public let credentials: Credentials
    /// What the request wants to do; unknown before the body was read, where the operation is in the body.
    public let operation: RequestOperation
    /// Whether the host takes paths that differ only in case for one: what denies or requires is then about each of them.
    package let ignoresCase: Bool

    package init(
        method: HTTPRequest.Method,
        authority: String? = nil,
        path: RequestPath,
        credentials: Credentials = .none,
        operation: RequestOperation = .unknown,
        ignoresCase: Bool = false
    ) {
        self.method = method
        self.authority = authority
        self.path = path
        self.credentials = credentials
        self.operation = operation
        self.ignoresCase = ignoresCase
    }

    /// The same request, of which the operation is known now.
    package func asking(for operation: RequestOperation) -> ProtectedResourceRequest {
        ProtectedResourceRequest(
            method: method,
            authority: authority,
            path: path,
            credentials: credentials,
            operation: operation,
            ignoresCase: ignoresCase
        )
    }

    /// Whether it carries a token.
    package var hasToken: Bool {
        if case .bearer = credentials { return true }
        return false
    }

    /// The MCP messages, or method and path; for traces, with names shown in printable form.
    package var summary: String {
        switch operation {
        case .http: "\(method.rawValue) \(path.description.printable)"
        case .unknown: "unknown MCP operation"
        case .mcp(let messages): messages.map(\.description).joined(separator: ", ")
        }
    }
}
