// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A ``TokenVerifier`` that calls a function of the application.
public struct FunctionVerifier: TokenVerifier {
    /// Verifies the token of a request; throws if it cannot decide now.
    public typealias Function = @Sendable (AccessToken, ProtectedResourceRequest) async throws -> TokenVerdict

    /// A name for logs and traces.
    public let name: String
    /// Whether the function uses the operation of the request.
    public let needsOperation: Bool
    private let function: Function

    /// Creates a verifier that calls a function.
    ///
    /// - Parameters:
    ///   - name: A name for logs and traces.
    ///   - needsOperation: Whether the function uses the operation of the request. If it does, the body is read before
    ///     the token is verified.
    ///   - function: Verifies the token of a request.
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
