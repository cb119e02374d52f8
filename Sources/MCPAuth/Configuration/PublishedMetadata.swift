// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Checks the metadata that is published for a resource: whether it is true, and whether clients can use it.
///
/// A client that relies on an unsupported feature is always refused, and a client that cannot parse a value may give
/// up. Tokens are verified all the same, so these findings make `mcp-auth check` fail, but a server only warns.
enum PublishedMetadata {
    /// One mistake, and the member of the document (RFC 9728 section 2) that contains it.
    private struct Problem {
        let member: String
        let code: ConfigurationError.Code
        let message: String
    }

    /// All mistakes that do not depend on the issuers, each with its place when the resource was read from a file.
    static func findings(about resource: ResourceConfiguration) -> [ConfigurationError] {
        let name = resource.metadata.resource.description.printable
        return problems(of: resource.metadata).map { problem in
            let message = "the metadata of `\(name)`: \(problem.message)"
            return ConfigurationError(problem.code, message, at: resource.metadataPlaces[problem.member])
        }
    }

    private static func problems(of metadata: ProtectedResourceMetadata) -> [Problem] {
        let promises = [
            ("dpop_bound_access_tokens_required", metadata.dpopBoundAccessTokensRequired),
            ("tls_client_certificate_bound_access_tokens", metadata.tlsClientCertificateBoundAccessTokens),
            ("dpop_signing_alg_values_supported", !metadata.dpopSigningAlgValuesSupported.isEmpty),
        ]
        var problems = promises.filter(\.1).map { unkeptPromise($0.0) }
        if metadata.resourceSigningAlgValuesSupported.contains("none") {
            let member = "resource_signing_alg_values_supported"
            problems.append(unusable(member, "`\(member)` must not contain `none` (RFC 9728 section 2)"))
        }
        if !Set(metadata.bearerMethodsSupported).isSubset(of: ["header"]) {
            let message = "`bearer_methods_supported` can only be [\"header\"]: tokens are read only there"
            problems.append(Problem(member: "bearer_methods_supported", code: .unkeptPromise, message: message))
        }
        problems += metadata.scopesSupported.filter { !ScopeSet.isScopeToken($0) }.map { scope in
            unusable(
                "scopes_supported",
                "`\(scope.printable)` in `scopes_supported` is not one scope (RFC 6749 section 3.3)"
            )
        }
        problems += urlProblems(of: metadata)
        if let signed = metadata.signedMetadata { problems += signedProblems(signed, metadata.resource) }
        return problems
    }

    private static func urlProblems(of metadata: ProtectedResourceMetadata) -> [Problem] {
        let pages = [
            ("resource_documentation", metadata.resourceDocumentation),
            ("resource_policy_uri", metadata.resourcePolicyURI), ("resource_tos_uri", metadata.resourceTOSURI),
        ]
        var problems = pages.compactMap { member, text -> Problem? in
            guard let text, !isPage(text) else { return nil }
            return unusable(member, "`\(member)` is `\(text.printable)`, expected an absolute https URL")
        }
        if let text = metadata.jwksURI, !HTTPURL(text).isSecure {
            problems.append(unusable("jwks_uri", "`jwks_uri` is `\(text.printable)`, expected an absolute https URL"))
        }
        return problems
    }

    /// Mistakes in the signed values, which take precedence over the plain ones (RFC 9728 section 2.2).
    private static func signedProblems(_ text: String, _ resource: ResourceIdentifier) -> [Problem] {
        let member = "signed_metadata"
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64URL.decode(Array(parts[1])[...]),
            let claims = try? JSONDocument(parsing: payload, limits: .fetched).root, claims["iss"]?.string != nil
        else { return [unusable(member, "`signed_metadata` is not a JWT with an `iss` (RFC 9728 section 2.2)")] }
        if let named = claims["resource"]?.string, !named.isExactly(resource.description) {
            return [unusable(member, "`signed_metadata` is about another resource, `\(named.printable)`")]
        }
        let flags = ["dpop_bound_access_tokens_required", "tls_client_certificate_bound_access_tokens"]
        let isUnkept =
            flags.contains { claims[$0]?.boolean == true }
            || claims["dpop_signing_alg_values_supported"]?.array?.isEmpty == false
        return isUnkept ? [unkeptPromise(member)] : []
    }

    private static func unkeptPromise(_ member: String) -> Problem {
        let message =
            "`\(member)` promises tokens that are bound to a client (RFC 9449, RFC 8705), and this version refuses all "
            + "of them: remove it"
        return Problem(member: member, code: .unkeptPromise, message: message)
    }

    private static func unusable(_ member: String, _ message: String) -> Problem {
        Problem(member: member, code: .unusableMetadata, message: message)
    }

    /// Whether it is the URL of a web page, which may have a fragment.
    private static func isPage(_ text: String) -> Bool {
        let address = text.prefix { $0 != "#" }
        return HTTPURL(String(address)) != nil && !text.dropFirst(address.count + 1).contains("#")
    }
}

extension HTTPURL? {
    /// Whether it is a URL, and secure.
    var isSecure: Bool { self?.isSecure ?? false }
}
