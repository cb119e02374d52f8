// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE
internal import MCPAuthModule

/// The module `edge-identity`: the signed assertions with which Cloudflare Access and Google's Identity-Aware Proxy tell
/// a server who is calling.
///
/// Each is a JWT in a field of its own, which a resource names as its `token_field`. The signature is checked with the
/// published keys, so a client that reaches the server past the proxy can claim nothing.
struct EdgeIdentityModule: ModuleVerifier {
    static let moduleName = "edge-identity"
    static let configurationSchema = """
        {
          "type": "object", "required": ["provider", "audience"], "additionalProperties": false,
          "properties": {
            "provider": { "enum": ["cloudflare-access", "google-iap"], "description": "Who signs the assertions" },
            "audience": {
              "type": "string", "minLength": 1,
              "description": "The AUD tag of the Access application, or the audience of the backend service at Google"
            },
            "team": {
              "type": "string",
              "description": "For Cloudflare Access: the team domain, such as https://example.cloudflareaccess.com"
            },
            "keys": { "type": "string", "description": "Where the keys are published, if not at the usual place" }
          }
        }
        """

    private let edge: Edge
    private let audience: String
    private let keys: EdgeKeys

    init(_ host: ModuleHost) throws {
        edge = try Edge(host.configuration)
        audience = host.configuration["audience"]?.string ?? ""
        guard let url = HTTPURL(host.configuration["keys"]?.string ?? edge.keys) else {
            throw ModuleConfigurationError("`keys` must be an https URL")
        }
        keys = EdgeKeys(at: url.description, host)
    }

    func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict {
        guard let jws = try? CompactJWS(parsing: Array(token.dangerouslyRevealed.utf8)),
            let claims = (try? JSON(parsing: jws.payload))?.members
        else { return .notMine() }
        guard let issuer = claims["iss"]?.string, issuer == edge.issuer else { return .notMine() }
        guard jws.header.algorithm == edge.algorithm else {
            return .rejected(
                .algorithmNotAllowed,
                Diagnosis("the assertion", expected: edge.algorithm.rawValue, found: "another algorithm")
            )
        }
        switch await keys.keys(jws.header.keyID, edge.algorithm, now) {
        case .unavailable(let found):
            let diagnosis = Diagnosis("the keys of `\(edge.issuer)`", expected: "a key set", found: found)
            return .unavailable(.issuerUnavailable, retryAfter: 5, diagnosis)
        case .none:
            return .rejected(.unknownKey, Diagnosis("the assertion", expected: "a known `kid`", found: "another one"))
        case .found(let keys):
            guard keys.contains(where: { jws.isSigned(by: $0.key, using: edge.algorithm) }) else {
                return .rejected(.invalidSignature)
            }
        }
        if let fault = fault(of: claims) { return fault }
        return .verified(try TokenEvidence(claims: edge.caller(claims)))
    }

    /// What the host does not check for this module: the audience, and the kind of assertion.
    private func fault(of claims: [String: JSON]) -> TokenVerdict? {
        let audiences = claims["aud"]?.string.map { [$0] } ?? claims["aud"]?.elements?.compactMap(\.string) ?? []
        guard audiences.contains(audience) else {
            return .rejected(
                .audienceMismatch,
                Diagnosis("the claim `aud`", expected: "the configured `audience`", found: "another one")
            )
        }
        guard claims["exp"]?.double != nil else { return .rejected(.missingExpiry) }
        guard edge.isAssertion(claims) else {
            return .rejected(
                .wrongTokenType,
                Diagnosis("the claim `type`", expected: "`app`, an application token", found: "another one")
            )
        }
        return nil
    }
}

/// What the host calls.
@_cdecl("mcp_auth_module_v1") public func module() -> UnsafeRawPointer {
    unsafe SwiftModule.table("edge-identity", version: "1.0.0", verifiers: [EdgeIdentityModule.self])
}
