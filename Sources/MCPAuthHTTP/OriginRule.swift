// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON

/// Refuses requests from web pages that are not allowed at a resource (MCP transports: `Origin` validation, DNS
/// rebinding).
///
/// A browser lets any page send requests to loopback addresses, and a page can make its own host name resolve to one.
/// So at a resource on a loopback address, `Host` must be loopback, and `Origin`, if present, must be loopback or one
/// of the allowed origins. At other resources, `Origin`, if present, must be one of the allowed origins if any are
/// configured. Requests without `Origin` do not come from web pages; this rule allows them.
enum OriginRule {
    static func allows(_ request: HTTPRequest, at resource: ProtectedResource) -> Bool {
        violation(of: request, at: resource) == nil
    }

    /// What is wrong; `nil` if the request is allowed.
    static func violation(of request: HTTPRequest, at resource: ProtectedResource) -> Diagnosis? {
        let isLocal = resource.identifier.isLoopback
        // Nearly every request has the authority of the resource itself, so that it need not be read.
        if isLocal, let host = request.authority, !host.isExactly(resource.identifier.authority),
            !(HTTPURL("http://\(host)/")?.isLoopback ?? false)
        {
            let expected = "a name of this machine"
            return Diagnosis("field `Host`", expected: expected, found: "another one", value: quoted(host))
        }
        guard isLocal || resource.allowedOrigins != nil, request.headerFields.contains(.origin) else { return nil }
        let stranger = request.headerFields[values: .origin].first { origin in
            let isAllowed = resource.allowedOrigins?.contains(where: origin.isExactly) ?? false
            return !isAllowed && !(isLocal && HTTPURL(origin)?.isLoopback ?? false)
        }
        return stranger.map { origin in
            let expected = isLocal ? "a page of this machine or one of `allowed_origins`" : "one of `allowed_origins`"
            return Diagnosis("field `Origin`", expected: expected, found: "another one", value: quoted(origin))
        }
    }

    private static func quoted(_ text: String) -> String { "`\(text.printable)`" }
}
