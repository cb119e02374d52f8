// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension ForwardAuthDialect {
    /// nginx with `auth_request` (ngx_http_auth_request_module).
    ///
    /// The location of the sub-request sets the fields with `proxy_set_header`, which replaces what the client sent:
    /// `X-Original-Method` from `$request_method`, `X-Original-URI` from `$request_uri`, as the client wrote it, and
    /// `X-Forwarded-Host` from `$http_host`. nginx drops fields with `_` in their names unless it is told otherwise.
    ///
    /// It passes on 401 and 403; any other status of a refusal becomes 500.
    static let nginx = ForwardAuthDialect(
        source: .fields(
            method: ProxyFields.originalMethod,
            target: ProxyFields.originalURI,
            authority: ProxyFields.forwardedHost
        ),
        relayed: [401, 403]
    )
}
