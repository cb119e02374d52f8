// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// A request for a protected resource (RFC 6750 section 2) in canonical form, as read by a host adapter.
///
/// A class, so that each stage passes on one reference.
public final class ProtectedResourceRequest: Sendable {
    /// The credentials of a request.
    public enum Credentials: Sendable {
        /// No credentials.
        case none
        /// Credentials of a scheme that this resource server does not support. They identify somebody, so they are not
        /// those of a caller without a token.
        case otherScheme
        /// One bearer token (RFC 6750 section 2.1).
        case bearer(AccessToken)
        /// Credentials that are malformed or ambiguous.
        case malformed
    }

    /// The HTTP method.
    public let method: HTTPRequest.Method
    /// The `Host` field or `:authority`, as received.
    public let authority: String?
    /// The path of the request target.
    public let path: RequestPath
    /// The credentials of the client.
    public let credentials: Credentials
    /// What the request wants to do; unknown until the body is read if the operation is in the body.
    public let operation: RequestOperation
    /// Whether the host treats paths that differ only in case as equal; rules that deny or require then ignore case
    /// too.
    package let ignoresCase: Bool
    /// The header fields, as received.
    package let fields: HTTPFields

    package init(
        method: HTTPRequest.Method,
        authority: String? = nil,
        path: RequestPath,
        credentials: Credentials = .none,
        operation: RequestOperation = .unknown,
        ignoresCase: Bool = false,
        fields: HTTPFields = [:]
    ) {
        self.method = method
        self.authority = authority
        self.path = path
        self.credentials = credentials
        self.operation = operation
        self.ignoresCase = ignoresCase
        self.fields = fields
    }

    /// The same request with a known operation.
    package func asking(for operation: RequestOperation) -> ProtectedResourceRequest {
        copy(credentials, operation)
    }

    /// The same request with other credentials.
    package func presenting(_ credentials: Credentials) -> ProtectedResourceRequest {
        copy(credentials, operation)
    }

    private func copy(_ credentials: Credentials, _ operation: RequestOperation) -> ProtectedResourceRequest {
        ProtectedResourceRequest(
            method: method,
            authority: authority,
            path: path,
            credentials: credentials,
            operation: operation,
            ignoresCase: ignoresCase,
            fields: fields
        )
    }

    /// Whether it carries a token.
    package var hasToken: Bool {
        if case .bearer = credentials { return true }
        return false
    }

    /// The kind of operation, for logs.
    package var operationName: String { operation.name(method) }

    /// The MCP messages, or the method and the path, for traces; names are escaped.
    package var summary: String {
        switch operation {
        case .http: "\(method.rawValue) \(path.description.printable)"
        case .unknown: "unknown MCP operation"
        case .mcp(let messages): messages.map(\.description).joined(separator: ", ")
        }
    }
}
