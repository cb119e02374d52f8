// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
internal import MCPAuthHTTP

/// The names of the fields that proxies and this server exchange.
package enum ProxyFields {
    static let originalMethod = HTTPField.Name.constant("X-Original-Method")
    static let originalURI = HTTPField.Name.constant("X-Original-URI")
    static let forwardedMethod = HTTPField.Name.constant("X-Forwarded-Method")
    static let forwardedURI = HTTPField.Name.constant("X-Forwarded-Uri")
    static let forwardedHost = HTTPField.Name.constant("X-Forwarded-Host")
    static let envoyPartialBody = HTTPField.Name.constant("X-Envoy-Auth-Partial-Body")
    /// The status that a client should get, in a response whose own status the proxy would not pass on.
    package static let clientStatus = HTTPField.Name.constant("X-Mcp-Auth-Status")
}
