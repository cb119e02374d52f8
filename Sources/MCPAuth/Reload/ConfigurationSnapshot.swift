// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthVerification

/// A configuration and everything that was built from it; immutable.
final class ConfigurationSnapshot: Sendable {
    /// Counted from 1 since the start of the process.
    let number: Int
    let configuration: MCPAuthConfiguration
    let engine: AuthorizationEngine
    let cors: CORSSettings
    let metadataEndpoint: MetadataEndpoint
    let warnings: [ConfigurationError]
    let tokenCache: TokenCache?
    let revocations: Revocations
    let fetcher: any HTTPFetcher
    let documents: SharedIssuerDocuments
    /// The documents of issuers whose tokens can be verified with their published keys only.
    let documentsWithKeys: [IssuerDocuments]
    let introspections: [IntrospectionVerifier]

    /// - Parameters:
    ///   - documents: The documents fetched so far; those of an issuer whose configuration did not change are reused.
    ///   - revokedAtRunTime: Tokens that were revoked at run time; all snapshots share them.
    ///   - onFetchEvent: Receives the events of fetches, also after a later snapshot reuses the documents.
    /// - Throws: `ConfigurationError`.
    init(
        _ configuration: MCPAuthConfiguration,
        fetcher: any HTTPFetcher,
        number: Int = 1,
        documents: SharedIssuerDocuments = SharedIssuerDocuments(),
        revokedAtRunTime: Revocations = Revocations(),
        onFetchEvent: @escaping EngineEventHandler
    ) throws {
        self.number = number
        var builder = EngineBuilder(
            configuration,
            fetcher: fetcher,
            generation: number,
            documents: documents,
            revokedAtRunTime: revokedAtRunTime,
            onFetchEvent: onFetchEvent
        )
        let resources = try builder.resources()
        self.configuration = configuration
        self.fetcher = fetcher
        self.documents = builder.usedDocuments
        documentsWithKeys = builder.documentsWithKeys
        introspections = builder.introspections
        engine = try AuthorizationEngine(resources: resources, authority: configuration.authorityRule)
        cors = CORSSettings(allowedOrigins: configuration.corsAllowedOrigins)
        metadataEndpoint = MetadataEndpoint(resources, rootResource: configuration.rootResource, cors: cors)
        warnings = builder.warnings
        tokenCache = builder.tokenCache
        revocations = builder.revocations
    }
}

extension ConfigurationSnapshot {
    /// - Throws: `ConfigurationError` when there is no such resource.
    func resource(_ identifier: ResourceIdentifier, named name: String) throws -> ProtectedResource {
        guard let resource = engine.resources.first(where: { $0.identifier == identifier }) else {
            let known = engine.resources.map(\.identifier.description)
            throw ConfigurationError(
                .unknownName,
                "no protected resource `\(name.printable)` is configured\(Suggestion.text(for: name, among: known))"
            )
        }
        return resource
    }
}
