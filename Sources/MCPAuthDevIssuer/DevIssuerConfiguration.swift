// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
package import enum MCPAuthJOSE.SignatureAlgorithm

extension DevIssuer {
    /// The settings of a development authorization server.
    package struct Configuration: Sendable {
        /// A client that is registered from the start.
        package struct Client: Sendable {
            package var id: String
            /// `nil` for a public client.
            package var secret: String?
            package var redirectURIs: [String]
            package var scopes: [String]
            package var grantTypes: [String]

            package init(
                id: String,
                secret: String? = nil,
                redirectURIs: [String] = [],
                scopes: [String] = [],
                grantTypes: [String] = ["authorization_code", "refresh_token"]
            ) {
                self.id = id
                self.secret = secret
                self.redirectURIs = redirectURIs
                self.scopes = scopes
                self.grantTypes = grantTypes
            }
        }

        /// The port on 127.0.0.1; with 0 the system picks a free one.
        package var port: UInt16
        /// The path of the issuer identifier.
        package var path: String
        /// Whether access is granted without asking the user.
        package var autoConsent: Bool
        package var algorithm: SignatureAlgorithm
        /// The resources that tokens may be requested for; any when empty.
        package var resources: [String]
        package var scopesSupported: [String]
        /// The lifetime of access tokens, in seconds.
        package var tokenLifetime: Double
        package var clients: [Client]
        /// Resources whose tokens are random strings that only introspection can read.
        package var opaqueResources: Set<String>

        package init(
            port: UInt16 = 0,
            path: String = "",
            autoConsent: Bool = false,
            algorithm: SignatureAlgorithm = .es256,
            resources: [String] = [],
            scopesSupported: [String] = [],
            tokenLifetime: Double = 3600,
            clients: [Client] = [],
            opaqueResources: Set<String> = []
        ) {
            self.port = port
            self.path = path
            self.autoConsent = autoConsent
            self.algorithm = algorithm
            self.resources = resources
            self.scopesSupported = scopesSupported
            self.tokenLifetime = tokenLifetime
            self.clients = clients
            self.opaqueResources = opaqueResources
        }
    }
}

/// Why a development authorization server cannot start, or cannot issue a token.
package struct DevIssuerError: Error, CustomStringConvertible {
    package let description: String
}
#endif
