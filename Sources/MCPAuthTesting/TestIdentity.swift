// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// A caller as whom a test runs the handlers of an application.
///
/// The claims replace a verified token. Everything after verification works as in a server: claim mapping, bounds,
/// mandatory checks and policy. So a handler runs only when the caller is allowed to send the request.
public struct TestIdentity: Sendable {
    /// The engine denied the request.
    public struct Refused: Error, CustomStringConvertible {
        /// The decision of the engine.
        public let denial: Denial

        /// The reason, status and diagnosis.
        public var description: String {
            "\(denial.reason), status \(denial.status)\(denial.diagnosis.map { ", \($0)" } ?? "")"
        }
    }

    /// The claims; `nil` without a token.
    private let claims: [String: JSON]?

    /// A caller without a token, whom only rules for anyone allow something.
    public static let withoutToken = TestIdentity(claims: nil)

    private init(claims: [String: JSON]?) {
        self.claims = claims
    }

    /// A caller with these claims.
    ///
    /// - Parameters:
    ///   - subject: The `sub`; `nil` for a client without a user.
    ///   - clientID: The `client_id`.
    ///   - scopes: The scopes.
    ///   - claims: Additional claims. Without `iss`, the issuer is the first one that the resource trusts; `aud` and
    ///     `exp` are optional.
    public init(
        subject: String? = "alice",
        clientID: String = "test-client",
        scopes: [String] = [],
        claims: [String: JSON] = [:]
    ) {
        var all = claims
        if let subject { all["sub"] = .string(subject) }
        all["client_id"] = .string(clientID)
        all["scope"] = .string(scopes.joined(separator: " "))
        self.claims = all
    }

    /// The engine's decision about a request of this identity.
    ///
    /// - Parameters:
    ///   - request: Its path must be that of the resource, or below it.
    ///   - body: The body; an MCP resource reads the operation from it.
    ///   - resource: The resource identifier.
    ///   - mcpAuth: The engine.
    /// - Throws: `ConfigurationError` when there is no such resource.
    public func authorize(
        _ request: HTTPRequest,
        body: [UInt8] = [],
        at resource: String,
        of mcpAuth: MCPAuth
    ) async throws -> Decision {
        let trial = PolicyTrial(at: try mcpAuth.protectedResource(resource), claims: .object(claims ?? [:]))
        var asked = request
        asked.headerFields[.authorization] = claims == nil ? nil : "Bearer test"
        let requestGuard = RequestGuard(resource: { trial.resource })
        var noTrace: DecisionTrace?
        return await requestGuard.decide(asked, now: NumericDate.now, trace: &noTrace) { mostBytes in
            body.count <= mostBytes ? .bytes(body) : .tooLarge
        }
    }

    /// Runs a handler as this identity, with `AuthInfo.current` set, if it may send this request.
    ///
    /// - Throws: ``Refused`` when it may not; also what the handler throws.
    public func run<Result>(
        _ request: HTTPRequest,
        body: [UInt8] = [],
        at resource: String,
        of mcpAuth: MCPAuth,
        _ handler: (AuthInfo?) async throws -> Result
    ) async throws -> Result {
        switch try await authorize(request, body: body, at: resource, of: mcpAuth) {
        case .deny(let denial): throw Refused(denial: denial)
        case .allow(let authInfo):
            return try await AuthInfo.$current.withValue(authInfo) { try await handler(authInfo) }
        }
    }

    /// Runs the handler of an MCP tool as this identity, if it may call the tool.
    ///
    /// - Throws: ``Refused`` when it may not; also what the handler throws.
    public func run<Result>(
        tool: String,
        arguments: [String: JSON] = [:],
        at resource: String,
        of mcpAuth: MCPAuth,
        _ handler: (AuthInfo?) async throws -> Result
    ) async throws -> Result {
        let call: JSON = [
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": ["name": .string(tool), "arguments": .object(arguments)],
        ]
        let path = try mcpAuth.protectedResource(resource).identifier.path.description
        let request = HTTPRequest(method: .post, scheme: "https", authority: nil, path: path)
        return try await run(request, body: call.encoded(), at: resource, of: mcpAuth, handler)
    }
}
