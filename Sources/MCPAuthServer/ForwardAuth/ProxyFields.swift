// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes

/// The names of the fields that proxies and this server exchange.
package enum ProxyFields {
    static let originalMethod = name("X-Original-Method")
    static let originalURI = name("X-Original-URI")
    static let forwardedMethod = name("X-Forwarded-Method")
    static let forwardedURI = name("X-Forwarded-Uri")
    static let forwardedHost = name("X-Forwarded-Host")
    static let envoyPartialBody = name("X-Envoy-Auth-Partial-Body")
    /// The status that a client should get, in a response whose own status the proxy would not pass on.
    package static let clientStatus = name("X-Mcp-Auth-Status")

    private static func name(_ text: StaticString) -> HTTPField.Name {
        // SAFETY: the constants above are tokens (RFC 9110 section 5.6.2), and tests read each of them.
        guard let name = HTTPField.Name("\(text)") else { preconditionFailure("`\(text)` is not the name of a field") }
        return name
    }
}
