// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthCore
import MCPAuthHTTP
import TestSupport
import Testing

/// The metadata documents of RFC 9728 and their URLs.
@Suite struct MetadataEndpointTests {
    private static let root = "/.well-known/oauth-protected-resource"

    @Test func `a member without a value is left out of the document`() throws {
        let endpoint = MetadataEndpoint([try ProtectedResource.plain("https://api.example.com/notes")])
        #expect(
            Self.document(endpoint, "api.example.com", Self.root + "/notes")
                == #"{"bearer_methods_supported":["header"],"resource":"https://api.example.com/notes"}"#
        )
    }

    @Test func `every value is published under its name of RFC 9728`() throws {
        let metadata = ProtectedResourceMetadata(
            resource: try ResourceIdentifier("https://api.example.com/notes"),
            authorizationServers: ["https://b.example/", "https://a.example"],
            jwksURI: "https://api.example.com/jwks",
            scopesSupported: ["read:notes"],
            resourceSigningAlgValuesSupported: ["ES256"],
            resourceName: "Notes",
            resourceDocumentation: "https://api.example.com/docs",
            resourcePolicyURI: "https://api.example.com/policy",
            resourceTOSURI: "https://api.example.com/tos",
            tlsClientCertificateBoundAccessTokens: true,
            authorizationDetailsTypesSupported: ["payment"],
            dpopSigningAlgValuesSupported: ["ES384"],
            dpopBoundAccessTokensRequired: true,
            signedMetadata: "e30.e30.e30"
        )
        let endpoint = MetadataEndpoint([
            try ProtectedResource.plain("https://api.example.com/notes", metadata: metadata)
        ])
        let members = [
            #""authorization_details_types_supported":["payment"]"#,
            #""authorization_servers":["https://b.example/","https://a.example"]"#,
            #""bearer_methods_supported":["header"]"#, #""dpop_bound_access_tokens_required":true"#,
            #""dpop_signing_alg_values_supported":["ES384"]"#, #""jwks_uri":"https://api.example.com/jwks""#,
            #""resource":"https://api.example.com/notes""#,
            #""resource_documentation":"https://api.example.com/docs""#, #""resource_name":"Notes""#,
            #""resource_policy_uri":"https://api.example.com/policy""#,
            #""resource_signing_alg_values_supported":["ES256"]"#,
            #""resource_tos_uri":"https://api.example.com/tos""#, #""scopes_supported":["read:notes"]"#,
            #""signed_metadata":"e30.e30.e30""#, #""tls_client_certificate_bound_access_tokens":true"#,
        ]
        let document = Self.document(endpoint, "api.example.com", Self.root + "/notes")
        #expect(document == "{\(members.joined(separator: ","))}")
    }

    @Test(arguments: [
        "https://h.example/m/", "https://h.example/m", "https://h.example/a/b", "https://h.example/",
        "https://h.example",
    ])
    func `the document is at the path of its resource with and without a slash, whatever the query`(
        resource: String
    ) throws {
        let endpoint = MetadataEndpoint([
            try ProtectedResource.plain(resource), try ProtectedResource.plain("https://other.example/x"),
        ])
        let path = String(resource.dropFirst("https://h.example".count).reversed().drop { $0 == "/" }.reversed())
        let document = Self.document(endpoint, "h.example", Self.root + path)
        #expect(document?.contains("\"resource\":\"\(resource)\"") == true)
        for spelling in [path + "/", path + "?x=1", path + "/?x=1"] {
            #expect(Self.document(endpoint, "h.example", Self.root + spelling) == document)
        }
        for other in [path + "//", path + "/y", path + "x", path.uppercased() + "/M"] {
            #expect(Self.document(endpoint, "h.example", Self.root + other) == nil)
        }
    }

    @Test func `the metadata at the root is that of a resource without a path, not of the root resource`() throws {
        let names = ["https://h.example/mcp", "https://h.example", "https://b.example/mcp"]
        let resources = try names.map { try ProtectedResource.plain($0) }
        let endpoint = MetadataEndpoint(resources, rootResource: resources[0].identifier)
        #expect(Self.document(endpoint, "h.example", Self.root)?.contains(#""https://h.example""#) == true)
        #expect(Self.document(endpoint, "b.example", Self.root) == nil)
        #expect(Self.document(endpoint, "b.example", Self.root + "/mcp/")?.contains("b.example/mcp") == true)
        let only = MetadataEndpoint([resources[1]])
        #expect(Self.document(only, "anything", Self.root) != nil, "the only resource is found under every name")
    }

    @Test(arguments: [
        ("GET", 200), ("HEAD", 200), ("OPTIONS", 204), ("POST", 405), ("DELETE", 405), ("PROPFIND", 405),
    ])
    func `every answer about the metadata can be read by an allowed web page`(method: String, status: Int) throws {
        let endpoint = MetadataEndpoint(
            [try ProtectedResource.plain("https://h.example/mcp")],
            cors: CORSSettings(allowedOrigins: ["https://app.example"])
        )
        let method = try #require(HTTPRequest.Method(method))
        var request = HTTPRequest(method: method, scheme: "https", authority: "h.example", path: Self.root + "/mcp")
        request.headerFields[.origin] = "https://app.example"
        let response = try #require(endpoint.response(to: request))
        #expect(response.head.status.code == status)
        #expect(response.head.headerFields[.accessControlAllowOrigin] == "https://app.example")
        #expect(response.body.isEmpty == (method == .head || method == .options))
        #expect((response.head.headerFields[.allow] == "GET, HEAD, OPTIONS") == (status != 200))
        request.headerFields[.origin] = "https://evil.example"
        let foreign = try #require(endpoint.response(to: request)).head
        #expect(foreign.headerFields[.accessControlAllowOrigin] == nil && foreign.headerFields[.vary] == "Origin")
    }

    @Test func `E15: the document is that of the configuration, whatever the request says`() throws {
        let endpoint = MetadataEndpoint([try ProtectedResource.plain("https://h.example/mcp")])
        var request = HTTPRequest(method: .get, scheme: "https", authority: "h.example", path: Self.root + "/mcp")
        let plain = try #require(endpoint.response(to: request))
        for (name, value) in [
            ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Prefix", "/evil"),
            ("Forwarded", "host=evil.example"), ("Origin", "https://evil.example"), ("Cookie", "a=b"),
        ] {
            request.headerFields[try #require(HTTPField.Name(name))] = value
        }
        for authority in ["h.example", "evil.example", "h.example:1"] {
            request.authority = authority
            let response = try #require(endpoint.response(to: request), "the only resource is found under every name")
            #expect(response.body == plain.body)
            #expect(response.head.headerFields[.accessControlAllowOrigin] == "*")
            #expect(response.head.headerFields[.accessControlAllowCredentials] == nil)
            #expect(response.head.headerFields[.cacheControl] == "public, max-age=3600")
        }
    }

    @Test func `a preflight for the metadata allows the requested fields`() throws {
        let endpoint = MetadataEndpoint([try ProtectedResource.plain("https://h.example/mcp")])
        var request = HTTPRequest(method: .options, scheme: "https", authority: "h.example", path: Self.root + "/mcp")
        request.headerFields[.origin] = "https://app.example"
        request.headerFields[.accessControlRequestMethod] = "GET"
        request.headerFields[.accessControlRequestHeaders] = "mcp-protocol-version,x-trace"
        let response = try #require(endpoint.response(to: request))
        #expect(response.head.status == .noContent)
        #expect(response.head.headerFields[.accessControlAllowHeaders]?.lowercased().contains("x-trace") == true)
    }

    @Test(arguments: ["oauth-authorization-server", "openid-configuration", "oauth-protected-resource/other", ""])
    func `an unknown well-known path is 404, which a web page can read`(name: String) throws {
        let endpoint = MetadataEndpoint([try ProtectedResource.plain("https://h.example/mcp")])
        var request = HTTPRequest(method: .get, scheme: "https", authority: "h.example", path: "/.well-known/" + name)
        #expect(endpoint.response(to: request) == nil)
        let response = try #require(endpoint.notFound(request))
        #expect(response.head.status == .notFound)
        #expect(response.head.headerFields[.accessControlAllowOrigin] == "*")
        #expect(response.head.headerFields[.contentType] == "application/json")
        #expect(String(decoding: response.body, as: UTF8.self).hasPrefix(#"{"error":"not_found""#))
        request.method = .options
        request.headerFields[.origin] = "https://app.example"
        request.headerFields[.accessControlRequestMethod] = "GET"
        #expect(endpoint.notFound(request)?.head.status == .noContent)
        for elsewhere in ["/", "/.well-known", "/.well-knownx/a", "/mcp/.well-known/openid-configuration"] {
            request.path = elsewhere
            #expect(endpoint.notFound(request) == nil, "\(elsewhere)")
        }
    }

    @Test func `SDK D12: the root has the metadata of the only resource, or of the chosen one of several`() throws {
        let notes = try ProtectedResource.plain("https://h.example/notes")
        let calendar = try ProtectedResource.plain("https://h.example/calendar")
        let one = MetadataEndpoint([notes])
        let document = Self.document(one, "h.example", Self.root)
        #expect(document != nil)
        #expect(document == Self.document(one, "h.example", Self.root + "/notes"))
        let several = MetadataEndpoint([notes, calendar])
        #expect(Self.document(several, "h.example", Self.root) == nil)
        let chosen = MetadataEndpoint([notes, calendar], rootResource: calendar.identifier)
        let root = Self.document(chosen, "h.example", Self.root)
        #expect(root?.contains("https://h.example/calendar") == true)
    }

    @Test func `resources with the same path on two hosts have separate documents`() throws {
        let names = ["https://a.example/mcp", "https://b.example:8443/mcp"]
        let endpoint = MetadataEndpoint(try names.map { try ProtectedResource.plain($0) })
        let path = Self.root + "/mcp"
        #expect(Self.document(endpoint, "a.example", path)?.contains(names[0]) == true)
        #expect(Self.document(endpoint, "B.example:8443", path)?.contains(names[1]) == true)
        #expect(Self.document(endpoint, "a.example:443", path)?.contains(names[0]) == true)
        for stranger in ["c.example", "a.example:8443", "b.example", "a.example.", ""] {
            #expect(Self.document(endpoint, stranger, path) == nil, "\(stranger)")
        }
    }

    private static func document(_ endpoint: MetadataEndpoint, _ authority: String, _ path: String) -> String? {
        let request = HTTPRequest(method: .get, scheme: "https", authority: authority, path: path)
        return endpoint.response(to: request).map { String(decoding: $0.body, as: UTF8.self) }
    }
}
