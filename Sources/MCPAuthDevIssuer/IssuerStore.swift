// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import MCPAuthJSON
internal import MCPAuthSigning

/// The state of a development authorization server, in memory.
struct IssuerStore {
    /// A registered client.
    struct Client {
        let configuration: DevIssuer.Configuration.Client
        let name: String
    }

    /// What a user consented to, or what a client may do for itself.
    struct Grant {
        let clientID: String
        /// `nil` when the client acts for itself.
        let subject: String?
        let scope: [String]
        let resources: [String]
    }

    /// An authorization code: can be used once, within a minute.
    struct Code {
        let grant: Grant
        let redirectURI: String
        let challenge: String
        let expiresAt: Double
    }

    /// A request that waits for the user's consent.
    struct Pending {
        let grant: Grant
        let redirectURI: String
        let challenge: String
        let state: String?
    }

    var keys: [SigningKey] = []
    var clients: [String: Client] = [:]
    var codes: [String: Code] = [:]
    var pending: [String: Pending] = [:]
    /// The claims of each access token, JWT or opaque.
    var accessTokens: [String: [String: JSON]] = [:]
    var refreshTokens: [String: Grant] = [:]
}
#endif
