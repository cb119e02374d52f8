// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension ForwardAuthDialect {
    /// Envoy with `ext_authz` and `http_service`, and a `path_prefix` that is the verify path.
    ///
    /// It asks with the method, the `Host` and the target of the client, the prefix in front of the target; with
    /// `normalize_path: false` the target may have dot segments. It sends only the fields of `allowed_headers`, and joins
    /// several with one name. With `with_request_body` it sends the body, and says in `X-Envoy-Auth-Partial-Body` whether
    /// that is a part only.
    ///
    /// It passes on every refusal below 500; after any other it answers with its `status_on_error`.
    static let envoy = ForwardAuthDialect(source: .requestLine(partialBody: ProxyFields.envoyPartialBody))
}
