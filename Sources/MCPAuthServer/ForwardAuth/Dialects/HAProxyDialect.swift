// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension ForwardAuthDialect {
    /// HAProxy with the Lua action of `Examples/haproxy`, which asks with `core.httpclient`.
    ///
    /// The action sets `X-Forwarded-Method`, `-Uri` and `-Host` and drops those of the client. HAProxy passes on fields with
    /// `_` in their names, several `Authorization` fields in reverse order, and an empty target for `*` and for CONNECT.
    ///
    /// The action passes on every refusal as it is.
    static let haproxy = ForwardAuthDialect(source: .forwardedFields)
}
