// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A verify function of an application as a ``TokenVerifier``.
public struct FunctionVerifier: TokenVerifier {
    /// Judges the token of a request; an error that it throws means that it cannot decide now.
    public typealias Function = @Sendable (AccessToken, ProtectedResourceRequest) async throws -> TokenVerdict

    /// A name for logs and traces.
    public let name: String
    /// Whether the function looks at the operation of the request.
    public let needsOperation: Bool
    private let function: Function

    /// A verifier that is this function.
    ///
    /// - Parameters:
    ///   - name: For logs and traces.
    ///   - needsOperation: Whether the function looks at the operation of the request, so that the body must be read first.
    ///   - function: Judges the token of a request.
    public init(_ name: String, needsOperation: Bool = false, function: @escaping Function) {
        self.name = name
        self.needsOperation = needsOperation
        self.function = function
    }

    /// Calls the function.
    public func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict {
        try await function(token, request)
    }
}
