// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthVerification

/// What is fetched of issuers: resources that configure an issuer alike share it, and so do generations.
///
/// An issuer whose metadata goes through a function is never shared, since functions cannot be compared.
struct IssuerDocumentsCache: Sendable {
    private struct Key: Hashable {
        let issuer: IssuerIdentifier
        let discovery: AuthorizationServer.Discovery
        let overrides: JSON?
        let tls: TLSSettings?

        init?(_ server: AuthorizationServer, _ tls: TLSSettings?) {
            guard server.transformMetadata == nil else { return nil }
            issuer = server.issuer
            discovery = server.discovery
            overrides = server.overrides
            self.tls = tls
        }
    }

    private var shared: [Key: IssuerDocuments] = [:]
    /// Every one of them.
    private(set) var all: [IssuerDocuments] = []

    /// The directory of a server that is configured alike.
    ///
    /// - Parameter tls: What its files say of TLS now.
    subscript(_ server: AuthorizationServer, _ tls: TLSSettings?) -> IssuerDocuments? {
        Key(server, tls).flatMap { shared[$0] }
    }

    mutating func add(_ directory: IssuerDocuments, for server: AuthorizationServer, _ tls: TLSSettings?) {
        all.append(directory)
        if let key = Key(server, tls) { shared[key] = directory }
    }
}
