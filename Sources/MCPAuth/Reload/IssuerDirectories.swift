// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthVerification

/// What is fetched of issuers: resources that configure an issuer alike share it, and so do generations.
///
/// An issuer whose metadata goes through a function is never shared, since functions cannot be compared.
struct IssuerDirectories: Sendable {
    private struct Key: Hashable {
        let issuer: IssuerIdentifier
        let discovery: AuthorizationServer.Discovery
        let overrides: String?

        init?(_ server: AuthorizationServer) {
            guard server.transformMetadata == nil else { return nil }
            issuer = server.issuer
            discovery = server.discovery
            overrides = server.overrides
        }
    }

    private var shared: [Key: IssuerDirectory] = [:]
    /// Every one of them.
    private(set) var all: [IssuerDirectory] = []

    /// The directory of a server that is configured alike.
    subscript(_ server: AuthorizationServer) -> IssuerDirectory? {
        Key(server).flatMap { shared[$0] }
    }

    mutating func add(_ directory: IssuerDirectory, for server: AuthorizationServer) {
        all.append(directory)
        if let key = Key(server) { shared[key] = directory }
    }
}
