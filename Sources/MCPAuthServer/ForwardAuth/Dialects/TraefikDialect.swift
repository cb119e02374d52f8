// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension ForwardAuthDialect {
    /// Traefik with `forwardAuth`, and `trustForwardHeader: false`, which is the default.
    ///
    /// It sets `X-Forwarded-Method`, `-Uri` and `-Host`, and passes on fields with `_` in their names. It resolves dot
    /// segments in the target before it asks. With `forwardBody: true` it sends the whole body, or refuses the request.
    ///
    /// It passes on every refusal as it is.
    static let traefik = ForwardAuthDialect(source: .forwardedFields)
}
