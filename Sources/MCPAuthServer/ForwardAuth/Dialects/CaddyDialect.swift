// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension ForwardAuthDialect {
    /// Caddy with `forward_auth`.
    ///
    /// It sets `X-Forwarded-Method`, `-Uri` and `-Host` itself and drops those of a client that is not one of its
    /// `trusted_proxies`. The target is the client's, also with dot segments; its query is behind the verify path too. A
    /// target such as `http:verify` replaces the path with which it asks, so only the exact path may be answered with a
    /// success.
    ///
    /// It passes on every refusal as it is.
    static let caddy = ForwardAuthDialect(source: .forwardedFields, keepsQuery: true)
}

extension ForwardAuthDialect.Source {
    /// The fields that several proxies set.
    static let forwardedFields = ForwardAuthDialect.Source.fields(
        method: ProxyFields.forwardedMethod,
        target: ProxyFields.forwardedURI,
        authority: ProxyFields.forwardedHost
    )
}
