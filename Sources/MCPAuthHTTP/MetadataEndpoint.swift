// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore
package import MCPAuthJSON

/// Serves the metadata of protected resources (RFC 9728 section 3): static documents, without authorization.
package struct MetadataEndpoint: Sendable {
    private struct Document: Sendable {
        let url: HTTPURL
        let body: [UInt8]
        let entityTag: String
    }

    private let documentsByPath: [String: [Document]]

    /// - Parameter rootResource: Also served under the well-known path without suffix; by default the only resource.
    package init(_ resources: [ProtectedResource], rootResource: ResourceIdentifier? = nil) {
        var byPath: [String: [Document]] = [:]
        for resource in resources {
            let body = resource.metadata.json.encoded()
            let document = Document(
                url: resource.identifier.url,
                body: body,
                entityTag: Self.entityTag(body)
            )
            byPath[Self.key(resource.identifier.metadataPath), default: []].append(document)
            let isRoot = rootResource == resource.identifier || (rootResource == nil && resources.count == 1)
            if isRoot, resource.identifier.metadataPath != ResourceIdentifier.wellKnownPath {
                byPath[ResourceIdentifier.wellKnownPath, default: []].append(document)
            }
        }
        documentsByPath = byPath
    }

    /// The response, or `nil` when the path is not one of ours.
    ///
    /// The document is chosen by path, and by `Host` where several resources share one; it never contains anything of
    /// the request.
    package func response(to request: HTTPRequest) -> RenderedResponse? {
        guard let documents = documentsByPath[Self.key(RequestReading.path(of: request))] else { return nil }
        let named = documents.first { document in
            guard let host = request.authority, let read = HTTPURL.Authority(host, scheme: document.url.scheme) else {
                return false
            }
            return read.host == document.url.host && read.port == document.url.port
        }
        guard let document = documents.count == 1 ? documents.first : named else { return nil }
        var head = HTTPResponse(status: .ok)
        head.headerFields.addCORS()
        switch request.method {
        case .get, .head:
            head.headerFields[.eTag] = document.entityTag
            head.headerFields[.cacheControl] = "public, max-age=3600"
            if request.headerFields[.ifNoneMatch] == document.entityTag {
                head.status = .notModified
                return RenderedResponse(head: head, body: [])
            }
            head.headerFields[.contentType] = "application/json"
            return RenderedResponse(head: head, body: request.method == .get ? document.body : [])
        case .options:
            head.status = .noContent
            head.headerFields[.accessControlAllowMethods] = "GET, HEAD, OPTIONS"
            head.headerFields[.accessControlAllowHeaders] = "*"
            return RenderedResponse(head: head, body: [])
        default:
            head.status = .methodNotAllowed
            head.headerFields[.allow] = "GET, HEAD, OPTIONS"
            return RenderedResponse(head: head, body: [])
        }
    }

    private static func key(_ path: String) -> String { RequestPath.canonical(path) ?? path }

    /// FNV-1a: it only has to change when the document does.
    private static func entityTag(_ body: [UInt8]) -> String {
        let hash = body.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        return "\"\(String(hash, radix: 16))\""
    }
}

extension ProtectedResourceMetadata {
    /// The document; members without a value are left out (RFC 9728 section 3.2).
    package var json: JSON {
        var members: [String: JSON] = ["resource": .string(resource.description)]
        let strings: [(String, String?)] = [
            ("jwks_uri", jwksURI), ("resource_name", resourceName), ("resource_documentation", resourceDocumentation),
            ("resource_policy_uri", resourcePolicyURI), ("resource_tos_uri", resourceTOSURI),
            ("signed_metadata", signedMetadata),
        ]
        for (name, value) in strings { members[name] = value.map(JSON.string) }
        let lists: [(String, [String])] = [
            ("authorization_servers", authorizationServers.map(\.description)), ("scopes_supported", scopesSupported),
            ("bearer_methods_supported", bearerMethodsSupported),
            ("resource_signing_alg_values_supported", resourceSigningAlgValuesSupported),
            ("authorization_details_types_supported", authorizationDetailsTypesSupported),
            ("dpop_signing_alg_values_supported", dpopSigningAlgValuesSupported),
        ]
        for (name, values) in lists where !values.isEmpty { members[name] = .array(values.map(JSON.string)) }
        let flags = [
            ("tls_client_certificate_bound_access_tokens", tlsClientCertificateBoundAccessTokens),
            ("dpop_bound_access_tokens_required", dpopBoundAccessTokensRequired),
        ]
        for (name, flag) in flags where flag { members[name] = true }
        return .object(members)
    }
}
