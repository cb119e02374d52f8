// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Where `mcp-auth serve` listens, and what it answers there.
package struct ServerSettings: Sendable, Hashable {
    /// Requests of clients.
    package var listener: ConfigurationFile.Listener
    /// The TLS of that listener; `nil` for plain HTTP.
    package var tls: ListenerTLS?
    /// Proxies that ask about the requests of clients over HTTP.
    package var forwardAuth: [ForwardAuthSettings] = []
    /// Envoy, which asks over gRPC; `nil` if nothing listens for it.
    package var extAuthz: ExtAuthzSettings?
    /// Gateways that ask with the AuthZEN API; `nil` if nothing listens for them.
    package var authZEN: AuthZENSettings?
    /// How a caller is described to the server behind a proxy.
    package var identity = IdentitySettings()
    /// The listener for operators; `nil` for none.
    package var admin: AdminSettings?
    /// Where decisions are written to; `nil` for nowhere.
    package var decisionLog: DecisionLogSettings?
    /// Where spans of decisions are sent to; `nil` for nowhere.
    package var tracing: TracingSettings?

    package init(listener: ConfigurationFile.Listener) {
        self.listener = listener
    }
}

/// The certificate of a listener, and the authorities of client certificates.
package struct ListenerTLS: Sendable, Hashable {
    /// The path of a PEM file with the certificate chain.
    package let certificate: String
    /// The path of a PEM file with the private key.
    package let privateKey: String
    /// The path of a PEM file with the authorities whose client certificates are accepted; `nil` to ask for none.
    package let clientAuthorities: String?

    package init(certificate: String, privateKey: String, clientAuthorities: String? = nil) {
        self.certificate = certificate
        self.privateKey = privateKey
        self.clientAuthorities = clientAuthorities
    }
}

/// How one proxy asks.
package struct ForwardAuthSettings: Sendable, Hashable {
    /// The proxies whose requests are known.
    package enum Proxy: String, Sendable, CaseIterable {
        case nginx
        case caddy
        case traefik
        case haproxy
        case envoy
        /// Over FastCGI.
        case apache

        /// Whether it can send the body of a client's request.
        package var canSendBody: Bool { self == .envoy || self == .traefik }
    }

    package let listener: ConfigurationFile.Listener
    package let proxy: Proxy
    /// The exact path of its requests; for Envoy the prefix of their paths.
    package let path: String
    /// The addresses from which it asks; over a unix socket, everybody who may open the socket.
    package let trustedProxies: [AddressRange]
    /// Whether it sends the body of the client's request.
    package let sendsBody: Bool
    /// Whether the server behind it ignores case in paths.
    package let ignoresCase: Bool

    package init(
        _ listener: ConfigurationFile.Listener,
        proxy: Proxy,
        path: String = ConfigurationGrammar.standardVerifyPath,
        trustedProxies: [AddressRange] = AddressRange.loopback,
        sendsBody: Bool = false,
        ignoresCase: Bool = false
    ) {
        self.ignoresCase = ignoresCase
        self.listener = listener
        self.proxy = proxy
        self.path = path
        self.trustedProxies = trustedProxies
        self.sendsBody = sendsBody
    }
}

/// How Envoy asks over gRPC.
package struct ExtAuthzSettings: Sendable, Hashable {
    package let listener: ConfigurationFile.Listener
    /// The addresses from which it asks.
    package let trustedProxies: [AddressRange]
    /// Whether it sends the body of the client's request.
    package let sendsBody: Bool
    /// Whether the server behind it gets the token of the client.
    package let passesToken: Bool
    /// Whether the server behind it ignores case in paths.
    package let ignoresCase: Bool

    package init(
        _ listener: ConfigurationFile.Listener,
        trustedProxies: [AddressRange] = AddressRange.loopback,
        sendsBody: Bool = false,
        passesToken: Bool = false,
        ignoresCase: Bool = false
    ) {
        self.ignoresCase = ignoresCase
        self.listener = listener
        self.trustedProxies = trustedProxies
        self.sendsBody = sendsBody
        self.passesToken = passesToken
    }
}

/// The fields that describe the caller of an allowed request to the server behind a proxy.
package struct IdentitySettings: Sendable, Hashable {
    /// What the names of all these fields begin with.
    package var prefix = Self.standardPrefix
    /// Claims that are passed on.
    package var claims: [ClaimField] = []
    /// The JWT about the caller that this server signs; `nil` for none.
    package var assertion: AssertionSettings?

    /// A claim that is passed on.
    package struct ClaimField: Sendable, Hashable {
        /// The rest of the name of its field.
        package let field: String
        /// Its name, or a JSON Pointer.
        package let claim: String

        package init(_ field: String, _ claim: String) {
            self.field = field
            self.claim = claim
        }
    }

    package init() {}

    package static let standardPrefix = "X-Auth-"
    /// What every caller has, or has not: the ends of the names of these fields.
    package static let standardFields = ["Subject", "Issuer", "Client", "Scope"]
    /// The end of the name of the field with the JWT, if there is one.
    package static let assertionField = "Assertion"
}
