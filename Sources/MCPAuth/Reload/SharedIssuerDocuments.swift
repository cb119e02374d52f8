// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthVerification

/// The documents fetched from issuers, shared by resources and snapshots that configure an issuer identically.
///
/// The documents of an issuer with a function that changes its metadata are never shared, because functions cannot be
/// compared.
struct SharedIssuerDocuments: Sendable {
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
    /// All documents, shared or not.
    private(set) var all: [IssuerDocuments] = []

    /// The documents of an identically configured server.
    ///
    /// - Parameter tls: The TLS settings, with the current content of their files.
    subscript(_ server: AuthorizationServer, _ tls: TLSSettings?) -> IssuerDocuments? {
        Key(server, tls).flatMap { shared[$0] }
    }

    mutating func add(_ documents: IssuerDocuments, for server: AuthorizationServer, _ tls: TLSSettings?) {
        all.append(documents)
        if let key = Key(server, tls) { shared[key] = documents }
    }
}
