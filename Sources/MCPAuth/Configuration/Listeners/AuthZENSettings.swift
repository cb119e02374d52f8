// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// How gateways ask over HTTP with the AuthZEN Authorization API 1.0.
package struct AuthZENSettings: Sendable, Hashable {
    package let listener: ConfigurationFile.Listener
    /// The addresses from which gateways ask; over a unix socket, everybody who may open the socket.
    package let trustedClients: [AddressRange]
    /// What gateways must present as a bearer token; `nil` if their address is enough.
    package let token: BearerSecret?
    /// The URL at which gateways reach the listener; `nil` to publish no metadata.
    package let url: String?
    /// Whether the servers behind the gateways ignore case in paths.
    package let ignoresCase: Bool

    package init(
        _ listener: ConfigurationFile.Listener,
        trustedClients: [AddressRange] = AddressRange.loopback,
        token: BearerSecret? = nil,
        url: String? = nil,
        ignoresCase: Bool = false
    ) {
        self.listener = listener
        self.trustedClients = trustedClients
        self.token = token
        self.url = url
        self.ignoresCase = ignoresCase
    }

    /// Whether a text can be the identifier of a policy decision point: an https URL without query, fragment and a slash
    /// at the end; http only on this machine.
    package static func isIdentifier(_ text: String) -> Bool {
        guard let url = HTTPURL(text), url.query == nil, text.utf8.last != UInt8(ascii: "/") else { return false }
        return url.isSecure
    }
}
