// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthAPIKeys
internal import MCPAuthCore
internal import MCPAuthModule

/// The module `api-key`: API keys of a file that `mcp-auth keys` writes.
struct APIKeyModule: ModuleVerifier {
    static let moduleName = "api-key"
    static let configurationSchema = """
        {
          "type": "object", "required": ["file"], "additionalProperties": false,
          "properties": { "file": { "type": "string", "format": "path", "description": "The file of keys" } }
        }
        """

    private let verifier: APIKeyVerifier

    init(_ host: ModuleHost) throws {
        do throws(ConfigurationError) {
            let file = host.configuration["file"]?.string ?? ""
            verifier = try APIKeyVerifier(file: file, audience: nil) { host.log(.error, $0) }
        } catch {
            throw ModuleConfigurationError("\(error)")
        }
    }

    func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict {
        try await verifier.verify(token, of: request, now: now)
    }
}

/// What the host calls.
@_cdecl("mcp_auth_module_v1") public func module() -> UnsafeRawPointer {
    unsafe SwiftModule.table("api-key", version: "1.0.0", verifiers: [APIKeyModule.self])
}
