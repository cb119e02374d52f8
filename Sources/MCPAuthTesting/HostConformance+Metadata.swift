// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The metadata of resources (RFC 9728 section 3), and other documents below `/.well-known/`.
extension HostConformance {
    /// A request for metadata, without a token unless `fields` has one.
    private static func document(
        _ name: String,
        _ path: String,
        method: String = "GET",
        fields: [(String, String)] = [],
        status: Int = 200,
        contains: String? = nil,
        lacks: String? = nil,
        field: (String, String?)? = nil
    ) -> Row {
        Row(
            name: name,
            method: method,
            path: path,
            credentials: .none,
            fields: fields,
            body: method == "POST" ? .text("{}") : .none,
            status: status,
            isFromLibrary: true,
            contains: contains,
            lacks: lacks,
            field: field
        )
    }

    private static func missing(_ name: String, _ path: String, method: String = "GET") -> Row {
        document(name, path, method: method, status: 404, contains: method == "HEAD" ? nil : #""error":"not_found""#)
    }

    private static let notes = wellKnown + "/notes"

    static let metadata: [Row] = [
        document("the metadata of a resource needs no token", notes, contains: #"/notes""#),
        document("the metadata names the authorization servers", notes, contains: #""authorization_servers":["#),
        document("the metadata is found with a slash at the end", notes + "/", contains: #"/notes""#),
        document("the metadata is found with a query", notes + "?x=../../other", contains: #"/notes""#),
        document("an inner resource has its own metadata", notes + "/admin", contains: #"/notes/admin""#),
        document(
            "a bad token does not matter to the metadata",
            notes,
            fields: [("Authorization", "Bearer garbage")],
            contains: #"/notes""#
        ),
        document(
            "any page may read the metadata",
            wellKnown + "/calendar",
            fields: [foreignPage],
            contains: #"/calendar""#,
            field: ("access-control-allow-credentials", nil)
        ),
        document(
            "the metadata never names the host of a request",
            notes,
            fields: [
                ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example"),
            ],
            contains: #"/notes""#,
            lacks: "evil.example"
        ),
        document("the metadata may be kept by caches", notes, field: ("cache-control", "max-age=3600")),
        document("the metadata has a tag", notes, field: ("etag", "\"")),
        document(
            "metadata that a client has is not sent again",
            notes,
            fields: [("If-None-Match", "*")],
            status: 304,
            lacks: "authorization_servers"
        ),
        document(
            "metadata that changed is sent again",
            notes,
            fields: [("If-None-Match", #"W/"1", "2""#)],
            contains: #"/notes""#
        ),
        document(
            "HEAD of the metadata has its type",
            notes,
            method: "HEAD",
            field: ("content-type", "application/json")
        ),
        document(
            "OPTIONS of the metadata names the methods",
            notes,
            method: "OPTIONS",
            status: 204,
            field: ("allow", "GET, HEAD, OPTIONS")
        ),
        document(
            "the metadata cannot be posted",
            notes,
            method: "POST",
            status: 405,
            field: ("allow", "GET, HEAD, OPTIONS")
        ),
        document(
            "the metadata cannot be replaced",
            notes,
            method: "PUT",
            status: 405,
            field: ("allow", "GET, HEAD, OPTIONS")
        ),
        document(
            "the metadata cannot be deleted",
            notes,
            method: "DELETE",
            status: 405,
            field: ("allow", "GET, HEAD, OPTIONS")
        ),
        missing("another resource has no metadata", wellKnown + "/other"),
        missing("a path below a resource has no metadata", notes + "/x"),
        missing("HEAD of metadata that is not there is not found", wellKnown + "/other", method: "HEAD"),
        missing("with several resources there is no metadata at the root", wellKnown),
        missing("metadata is not found with letters in percent-encoding", wellKnown + "/%6eotes"),
        missing("metadata is not found with two slashes", wellKnown + "//notes"),
        missing("metadata is not found behind dots", wellKnown + "/other/../notes"),
        missing("a resource is not found behind dots in the path of metadata", wellKnown + "/../../notes"),
        missing(
            "a resource is not found behind encoded dots in the path of metadata",
            wellKnown + "/%2e%2e/%2e%2e/notes"
        ),
        missing("metadata is not found in capitals", "/.WELL-KNOWN/oauth-protected-resource/notes"),
        missing("this library has no metadata of an authorization server", "/.well-known/oauth-authorization-server"),
        missing("this library has no OpenID metadata of a path", "/.well-known/openid-configuration/notes"),
        missing("a path without a resource is not found", "/register"),
        missing("the root is not found", "/"),
        document(
            "metadata below a resource belongs to that resource",
            "/notes/.well-known/oauth-protected-resource",
            status: 401
        ),
    ]
}
