// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
package import MCPAuthVerification

/// The check of a running authorization server, as far as it can be done without a token.
///
/// It covers what tokens will need (metadata, keys, the introspection endpoint) and what clients will need.
package struct OnlineCheck: Sendable {
    package typealias Finding = IssuerInspection.Finding

    package private(set) var findings: [Finding] = []
    /// Whether a server did not respond, so that the same check may succeed later.
    package private(set) var isUnreachable = false
    /// Where the metadata was found.
    package private(set) var place: String?

    /// Whether no finding is an error.
    package var isGood: Bool { !findings.contains { $0.severity == .error } }

    /// Checks a configured authorization server.
    ///
    /// - Throws: `ConfigurationError` when its configuration is not allowed.
    package init(
        _ server: AuthorizationServer,
        in configuration: MCPAuthConfiguration,
        fetcher: any HTTPFetcher
    ) async throws {
        let builder = EngineBuilder(configuration, fetcher: fetcher)
        let inspection = IssuerInspection(issuer: server.issuer, fetcher: fetcher, tls: try builder.tls(of: server))
        let source = try builder.source(of: server)
        switch await Self.look(server, source, builder.override(of: server), inspection) {
        case .metadata(let metadata): await lookAtNeeds(of: server, metadata, inspection)
        case .absent(let reason), .refused(let reason):
            findings.append(Finding(server.needsMetadata ? .error : .warning, "no_metadata", reason))
        case .unreachable(let reason):
            isUnreachable = true
            findings.append(Finding(server.needsMetadata ? .error : .warning, "no_metadata", reason))
        }
        let isForClients = configuration.resources.contains { resource in
            resource.speaksMCP && resource.authorizationServers.contains { $0.issuer == server.issuer }
        }
        // An identifier that clients cannot use is reported by the check of the configuration.
        guard isForClients, let issuer = HTTPURL(server.issuer.description),
            Optional(issuer).isSecure || configuration.dangerouslyAllowHTTP
        else { return }
        let clients = await ClientDiscovery(issuer, inspection)
        findings += clients.findings.filter { $0.severity != .ok }.map { finding in
            Finding(.warning, finding.code, "for MCP clients: \(finding.description)")
        }
    }

    /// Checks an authorization server for the needs of MCP clients and of a server that trusts its JWTs.
    ///
    /// - Throws: `ConfigurationError` when the issuer is not a URL that may be fetched from.
    package init(clientsOf issuer: IssuerIdentifier, fetcher: any HTTPFetcher) async throws {
        let server = AuthorizationServer(issuer: issuer, discovery: .oauth)
        _ = try EngineBuilder(MCPAuthConfiguration(resources: []), fetcher: fetcher).source(of: server)
        guard let url = HTTPURL(issuer.description) else { return }
        let inspection = IssuerInspection(issuer: issuer, fetcher: fetcher)
        let clients = await ClientDiscovery(url, inspection)
        findings = clients.findings
        isUnreachable = clients.isUnreachable
        guard let chosen = clients.chosen else { return }
        place = "\(chosen.place.way) discovery at \(chosen.place.url)"
        await lookAtNeeds(of: server, chosen.metadata, inspection)
        // The resource server, which fetches the keys, may run in another network than this check.
        guard let index = findings.firstIndex(where: { $0.code == "jwks_not_fetched" }) else { return }
        findings[index] = Finding(.warning, "jwks_not_fetched", findings[index].description)
        isUnreachable = false
    }

    /// The metadata as the server itself will see it.
    private static func look(
        _ server: AuthorizationServer,
        _ source: IssuerDocuments.Source,
        _ override: MetadataOverride?,
        _ inspection: IssuerInspection
    ) async -> IssuerInspection.Look {
        let issuer = HTTPURL(server.issuer.description)
        let url: HTTPURL? =
            switch source {
            case .inline: nil
            case .url(let url): url
            case .oidc: issuer.flatMap(WellKnown.oidc)
            case .oauth: issuer.flatMap(WellKnown.oauth)
            }
        if case .inline(let document) = source {
            return await inspection.read(document, from: "the configuration", override: override)
        }
        guard let url else { return .refused("`\(server.issuer.description.printable)` is not a URL") }
        return await inspection.look(at: url, override: override)
    }

    /// Checks everything in the metadata that tokens will need.
    private mutating func lookAtNeeds(
        of server: AuthorizationServer,
        _ metadata: AuthorizationServerMetadata,
        _ inspection: IssuerInspection
    ) async {
        findings.append(Finding(.ok, "metadata_found", "the metadata names the issuer `\(metadata.issuer)`"))
        let verifiesWithKeys = server.hmacSecrets.isEmpty && server.introspection?.tokens ?? .opaque == .opaque
        if verifiesWithKeys {
            // A server whose tokens are opaque need not publish keys.
            let isNeeded = server.introspection == nil && metadata.string("introspection_endpoint") == nil
            let keys = await inspection.keys(
                of: metadata,
                algorithms: server.algorithms,
                isNeeded: isNeeded || metadata.string("jwks_uri") != nil
            )
            findings += keys.findings
            isUnreachable = isUnreachable || keys.isUnreachable
        }
        if let introspection = server.introspection, introspection.endpoint == nil {
            let endpoint = await inspection.introspectionEndpoint(of: metadata)
            findings += endpoint.findings
            isUnreachable = isUnreachable || endpoint.isUnreachable
        }
        lookAtTokenIssuer(of: server, metadata)
    }

    /// AD FS publishes the issuer of its access tokens as `access_token_issuer` in its metadata.
    private mutating func lookAtTokenIssuer(of server: AuthorizationServer, _ metadata: AuthorizationServerMetadata) {
        guard let named = metadata.string("access_token_issuer"),
            !named.isExactly(server.issuerOfTokens.description)
        else { return }
        let message =
            "access tokens of this server name the issuer `\(named.printable)` (`access_token_issuer`): set it as "
            + "`token_issuer`"
        findings.append(Finding(server.tokenIssuer == nil ? .warning : .error, "token_issuer_differs", message))
    }
}
