// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore
package import MCPAuthJSON

/// Serves the metadata of protected resources (RFC 9728 section 3): static documents, without authorization.
///
/// Each document is found with and without a trailing slash, because clients that construct the path use either form,
/// and both forms of the path of a resource belong to that resource.
package struct MetadataEndpoint: Sendable {
    private struct Document: Sendable {
        let url: HTTPURL
        let body: [UInt8]
        let entityTag: String

        /// Whether the authority of a request is that of the resource.
        func isAt(_ authority: String?) -> Bool {
            guard let authority, let read = HTTPURL.Authority(authority, scheme: url.scheme) else { return false }
            return read.host == url.host && read.port == url.port
        }
    }

    private let documentsByPath: [String: [Document]]
    private let cors: CORSSettings

    /// - Parameter rootResource: The resource whose document is also served at the well-known path without suffix; by
    ///   default the only resource.
    package init(
        _ resources: [ProtectedResource],
        rootResource: ResourceIdentifier? = nil,
        cors: CORSSettings = CORSSettings()
    ) {
        self.cors = cors
        var byPath: [String: [Document]] = [:]
        var rootDocuments: [Document] = []
        for resource in resources {
            let body = resource.metadata.json.encoded()
            let document = Document(url: resource.identifier.url, body: body, entityTag: Self.entityTag(body))
            byPath[Self.key(resource.identifier.metadataPath), default: []].append(document)
            let isRoot = rootResource == resource.identifier || (rootResource == nil && resources.count == 1)
            if isRoot, Self.key(resource.identifier.metadataPath) != ResourceIdentifier.wellKnownPath {
                rootDocuments.append(document)
            }
        }
        // Appended last, because a resource with this metadata path comes first.
        byPath[ResourceIdentifier.wellKnownPath, default: []] += rootDocuments
        documentsByPath = byPath
    }

    /// The response, or `nil` when the path is not one of ours.
    ///
    /// The document is chosen by path, and by `Host` if several resources share the path; it never contains anything
    /// from the request.
    package func response(to request: HTTPRequest) -> RenderedResponse? {
        guard let document = document(for: request) else { return nil }
        if let preflight = cors.preflightResponse(to: request) { return preflight }
        var head = HTTPResponse(status: .ok)
        var body = document.body
        switch request.method {
        case .get, .head:
            head.headerFields[.eTag] = document.entityTag
            head.headerFields[.cacheControl] = "public, max-age=3600"
            if Self.matches(request.headerFields[values: .ifNoneMatch], document.entityTag) {
                head.status = .notModified
                body = []
            } else {
                head.headerFields[.contentType] = "application/json"
            }
        case .options:
            head.status = .noContent
            head.headerFields[.allow] = "GET, HEAD, OPTIONS"
            body = []
        default: return ResponseWriting.methodNotAllowed(allowing: "GET, HEAD, OPTIONS").answering(request, cors)
        }
        return RenderedResponse(head: head, body: body).answering(request, cors)
    }

    /// The 404 response for paths below `/.well-known/` that nothing else answers; `nil` for other paths.
    ///
    /// Web clients look there for documents that a resource server does not have, and can continue only if they can
    /// read that a document is missing.
    package func notFound(_ request: HTTPRequest) -> RenderedResponse? {
        guard RequestReading.path(of: request).utf8.starts(with: "/.well-known/".utf8) else { return nil }
        let notFound = ResponseWriting.response(to: Denial(.noSuchResource, status: 404))
        return cors.preflightResponse(to: request) ?? notFound.answering(request, cors)
    }

    private func document(for request: HTTPRequest) -> Document? {
        // A quick check, because hosts call this for every request.
        guard let target = request.path, target.utf8.starts(with: "/.well-known/".utf8) else { return nil }
        let documents = documentsByPath[Self.key(RequestReading.path(of: request))] ?? []
        return documents.count == 1 ? documents.first : documents.first { $0.isAt(request.authority) }
    }

    private static func key(_ path: String) -> String {
        RequestPath(path)?.description ?? path
    }

    /// Whether one of the tags in `If-None-Match` is that of the document (RFC 9110 section 13.1.2, weak comparison).
    private static func matches(_ fields: [String], _ entityTag: String) -> Bool {
        fields.contains { field in
            field.split(separator: ",").contains { element in
                let tag = element.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
                return tag == "*" || tag == entityTag || tag == "W/" + entityTag
            }
        }
    }

    /// FNV-1a, because the tag only has to change when the document changes.
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
