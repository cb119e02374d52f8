// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE
internal import MCPAuthModule

/// The module `static-token`: one token that a server and its clients share, for a server on one machine.
///
/// It is refused at resources whose identifier has another host than a loopback one, unless the operator allows that: such
/// a token has no expiry, cannot be revoked for one client, and names nobody. What a client names as the host of its
/// request does not count.
struct StaticTokenModule: ModuleVerifier {
    static let moduleName = "static-token"
    static let configurationSchema = """
        {
          "type": "object", "required": ["client_id"], "additionalProperties": false,
          "properties": {
            "client_id": { "type": "string", "minLength": 1, "description": "The client that the token stands for" },
            "scope": { "type": "string", "description": "The scopes of the token, separated by spaces" },
            "allow_remote": { "type": "boolean", "description": "Also for resources on other hosts than loopback" }
          }
        }
        """
    private static let leastBytes = 32

    // It reads the token and the resource only, and each resource has its own instance.
    static let isPure = true

    private let host: ModuleHost
    private let token: [UInt8]
    private let claims: [String: JSON]
    private let allowsRemote: Bool

    init(_ host: ModuleHost) throws {
        guard let token = host.secret("token"), token.count >= Self.leastBytes else {
            throw ModuleConfigurationError("the secret `token` must be set and have \(Self.leastBytes) bytes or more")
        }
        self.host = host
        self.token = token
        let client = host.configuration["client_id"]?.string ?? ""
        let scope = host.configuration["scope"]?.string ?? ""
        claims = ["client_id": .string(client), "sub": .string(client), "scope": .string(scope)]
        allowsRemote = host.configuration["allow_remote"]?.boolean ?? false
    }

    func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict {
        // Any other token may be one of another verifier.
        guard Digest.isEqual(Array(token.dangerouslyRevealed.utf8), self.token) else { return .notMine() }
        guard allowsRemote || host.resource.flatMap(HTTPURL.init)?.isLoopback ?? false else {
            let expected = "a resource on a loopback address, or `allow_remote`"
            return .rejected(.rejectedByVerifier, Diagnosis("the resource", expected: expected, found: "another one"))
        }
        return .verified(try TokenEvidence(claims: claims, notAfter: NumericDate(now.secondsSinceEpoch + 3600)))
    }
}

/// What the host calls.
@_cdecl("mcp_auth_module_v1") public func module() -> UnsafeRawPointer {
    unsafe SwiftModule.table("static-token", version: "1.0.0", verifiers: [StaticTokenModule.self])
}
