// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthSigning
internal import MCPAuthVerification

/// Builds the engine's resources from a configuration.
struct EngineBuilder {
    private let configuration: MCPAuthConfiguration
    private let fetcher: any HTTPFetcher
    private let generation: Int
    /// The documents of the previous snapshot, which may be reused.
    private let earlierDocuments: SharedIssuerDocuments
    /// Receives the events of fetches; documents outlive the configuration they were made for.
    private let onFetchEvent: EngineEventHandler
    private(set) var usedDocuments = SharedIssuerDocuments()
    /// The documents of issuers whose tokens can be verified with their published keys only.
    private(set) var documentsWithKeys: [IssuerDocuments] = []
    /// The introspection verifiers of all resources.
    private(set) var introspections: [IntrospectionVerifier] = []
    let tokenCache: TokenCache?
    let revocations: Revocations
    private(set) var warnings: [ConfigurationError] = []
    /// Also reads the files that a configuration made in code names, each once.
    let files: FileSnapshot
    private var limiters: [LimiterKey: RequestLimiter] = [:]

    private struct LimiterKey: Hashable {
        let issuer: IssuerIdentifier
        let concurrency: Int
        let perSecond: Int
    }

    init(
        _ configuration: MCPAuthConfiguration,
        fetcher: any HTTPFetcher,
        generation: Int = 1,
        documents: SharedIssuerDocuments = SharedIssuerDocuments(),
        revokedAtRunTime: Revocations = Revocations(),
        onFetchEvent: @escaping EngineEventHandler = { _ in }
    ) {
        self.configuration = configuration
        self.fetcher = fetcher
        self.generation = generation
        earlierDocuments = documents
        self.onFetchEvent = onFetchEvent
        tokenCache =
            configuration.tokenCacheCapacity > 0
            ? TokenCache(capacity: configuration.tokenCacheCapacity, clock: fetcher.steadyClock) {
                Digest.sha256Words($0).map(TokenDigest.init)
            }
            : nil
        revocations = Revocations(configuration.revocations, beside: revokedAtRunTime)
        warnings = configuration.warnings
        files = configuration.files ?? FileSnapshot()
    }

    /// - Throws: `ConfigurationError`.
    mutating func resources() throws -> [ProtectedResource] {
        guard !configuration.resources.isEmpty else {
            throw ConfigurationError(.missingKey, "no protected resource is configured")
        }
        try ConfigurationCheck.check(configuration)
        var resources: [ProtectedResource] = []
        for resource in configuration.resources { resources.append(try build(resource)) }
        return resources
    }

    private mutating func build(_ resource: ResourceConfiguration) throws -> ProtectedResource {
        let identifier = resource.metadata.resource
        let allowsHTTP = configuration.dangerouslyAllowHTTP
        let found = try ResourceCheck.warnings(about: resource, dangerouslyAllowHTTP: allowsHTTP)
        warnings += found.filter { finding in !warnings.contains { $0.description == finding.description } }
        var jwtIssuers: [JWTVerifier.Issuer] = []
        var introspections: [any TokenVerifier] = []
        for server in resource.authorizationServers {
            let documents = try documents(of: server)
            let needsKeys = server.introspection == nil && server.hmacSecrets.isEmpty
            if needsKeys, !documentsWithKeys.contains(where: { $0 === documents }) {
                documentsWithKeys.append(documents)
            }
            if server.introspection?.tokens ?? .opaque == .opaque {
                jwtIssuers.append(try jwtIssuer(server, documents))
            }
            if let introspection = server.introspection {
                introspections.append(try verifier(introspection, of: server, documents))
            }
        }
        for module in resource.modules { (module.verifier as? any FetchingVerifier)?.use(fetcher) }
        var metadata = resource.metadata
        // They would be those of RFC 6750, which do not count there (RFC 9728 section 2).
        if resource.tokenField != nil { metadata.bearerMethodsSupported = [] }
        metadata.authorizationServers = resource.authorizationServers.map(\.issuer)
        let audiences = resource.audiences.isEmpty ? [identifier.description] : resource.audiences
        var settings = ProtectedResource.Settings(speaksMCP: resource.speaksMCP)
        settings.allowedOrigins = resource.allowedOrigins
        settings.tokenField = resource.tokenField.flatMap { HTTPField.Name($0) }
        settings.challengesInToolResult = resource.challengeInToolResult
        settings.upstreamValidatesMCPFields = resource.upstreamValidatesMCPHeaders
        settings.bodyBytesWithoutToken = configuration.maximumBodyBytesWithoutToken
        settings.revocations = revocations
        settings.generation = generation
        settings.record = configuration.recording?.record
        settings.onDecision = configuration.onDecision
        settings.onEvent = configuration.onEvent
        return ProtectedResource(
            identifier: identifier,
            issuers: trustedIssuers(of: resource),
            audiences: AcceptedAudiences(audiences),
            verification: TokenVerification(
                resource.modules.map(\.verifier) + attached(to: resource) + [JWTVerifier(issuers: jwtIssuers)]
                    + introspections,
                maximumTokenBytes: configuration.maximumTokenBytes,
                cache: tokenCache,
                readJWT: UnverifiedJWT.read
            ),
            policy: policy(of: resource),
            metadata: metadata,
            settings: settings
        )
    }

    private func policy(of resource: ResourceConfiguration) -> any PolicyEvaluator {
        resource.policies.isEmpty ? AuthenticatedPolicy() : PolicySet(resource.policies.map(\.compiled))
    }

    /// The verifiers of the application: those of the resource, then those of its authorization servers.
    private func attached(to resource: ResourceConfiguration) -> [any TokenVerifier] {
        let ofServers = resource.authorizationServers.flatMap { server in
            server.verifiers.map { AttachedVerifier($0, issuer: server.issuerOfTokens) }
        }
        return (resource.verifiers + ofServers).map { attached in
            BoundedVerifier(
                attached.verifier,
                issuer: attached.issuer,
                timeLimit: configuration.fetchDeadline,
                clock: fetcher.steadyClock,
                onEvent: configuration.onEvent
            )
        }
    }

    private func jwtIssuer(_ server: AuthorizationServer, _ documents: IssuerDocuments) throws -> JWTVerifier.Issuer {
        guard !server.hmacSecrets.isEmpty else {
            let keys = JWTVerifier.Issuer.Keys.published(documents, Array(server.algorithms))
            return .init(identifier: server.issuerOfTokens, keys: keys, profile: server.profile)
        }
        let secrets = try server.hmacSecrets.map { shared in
            let keyID = shared.keyID.map { ExactString($0) }
            guard let key = HMACKey(shared.algorithm, keyID: keyID, secret: shared.secret.bytes) else {
                let least = shared.algorithm.minimumSecretBytes
                throw ConfigurationError(
                    .invalidValue,
                    "the \(shared.algorithm.rawValue) secret of `\(server.issuer.description.printable)` is shorter "
                        + "than \(least) bytes (RFC 7518 section 3.2)"
                )
            }
            return key
        }
        return .init(identifier: server.issuerOfTokens, keys: .shared(secrets), profile: server.profile)
    }

    mutating func documents(of server: AuthorizationServer) throws -> IssuerDocuments {
        let tls = try tls(of: server)
        if let documents = usedDocuments[server, tls] { return documents }
        if let documents = earlierDocuments[server, tls] {
            usedDocuments.add(documents, for: server, tls)
            return documents
        }
        let documents = IssuerDocuments(
            issuer: server.issuer,
            source: try source(of: server),
            override: override(of: server),
            fetcher: fetcher,
            tls: tls,
            timing: FetchTiming(deadline: configuration.fetchDeadline),
            onEvent: onFetchEvent
        )
        try lookAtInlineMetadata(of: server)
        usedDocuments.add(documents, for: server, tls)
        return documents
    }

    /// Checks metadata that is part of the configuration.
    ///
    /// Fetched metadata is not checked at the start, which it must
    /// never prevent.
    private mutating func lookAtInlineMetadata(of server: AuthorizationServer) throws {
        guard case .inline(var document) = try source(of: server), server.transformMetadata == nil else { return }
        if let overrides = server.overrides {
            document = document.merging(patch: overrides)
        }
        for finding in MetadataValidation(try AuthorizationServerMetadata(document)).errors {
            let issuer = server.issuer.description.printable
            warnings.append(
                ConfigurationError(
                    .unsuitableServer,
                    "the inline metadata of `\(issuer)`: \(finding.code): \(finding.description)"
                )
            )
        }
    }

    func source(of server: AuthorizationServer) throws -> IssuerDocuments.Source {
        switch server.discovery {
        case .oidc, .oauth:
            if server.needsMetadata { _ = try fetchable(server.issuer.description) }
            return server.discovery == .oidc ? .oidc : .oauth
        case .metadataURL(let url):
            return .url(try fetchable(url))
        case .inline(let document):
            guard try AuthorizationServerMetadata(document).issuer == server.issuer else {
                throw ConfigurationError(
                    .invalidServerMetadata,
                    "the inline metadata names an issuer other than `\(server.issuer.description.printable)`"
                )
            }
            return .inline(document)
        }
    }

    /// The TLS settings for a server: the authorities that its configuration names.
    func tls(of server: AuthorizationServer) throws -> TLSSettings? {
        guard let path = server.caFile else { return nil }
        return try checked(TLSSettings(authorities: try files.bytes(at: path)), "`ca_file`", of: server)
    }

    private func checked(_ tls: TLSSettings, _ what: String, of server: AuthorizationServer) throws -> TLSSettings {
        do throws(FetchError) {
            try fetcher.checkIfPossible(tls)
        } catch {
            let issuer = server.issuer.description.printable
            throw ConfigurationError(.invalidValue, "\(what) of `\(issuer)` cannot be used: \(error)")
        }
        return tls
    }

    func override(of server: AuthorizationServer) -> MetadataOverride? {
        guard server.overrides != nil || server.transformMetadata != nil else { return nil }
        return MetadataOverride(patch: server.overrides, transform: server.transformMetadata)
    }

    private mutating func verifier(
        _ introspection: AuthorizationServer.Introspection,
        of server: AuthorizationServer,
        _ documents: IssuerDocuments
    ) throws -> IntrospectionVerifier {
        if case .mutualTLS = introspection.authentication, introspection.endpoint == nil {
            throw ConfigurationError(
                .missingKey,
                "introspection of `\(server.issuer.description.printable)` with a client certificate needs its `endpoint`"
            )
        }
        let endpoint: IntrospectionVerifier.Endpoint =
            if let url = introspection.endpoint {
                .url(try fetchable(url))
            } else {
                .discovered(documents)
            }
        var settings = IntrospectionVerifier.Settings()
        settings.tokenPrefix = introspection.tokenPrefix
        settings.tokenForm = introspection.tokens
        settings.assumedAudience = introspection.assumedAudience
        settings.cacheSeconds = introspection.cacheSeconds
        settings.negativeCacheSeconds = introspection.negativeCacheSeconds
        settings.secondsWithoutExpiry = introspection.maximumSecondsWithoutExpiry
        settings.deadline = configuration.fetchDeadline
        let verifier = IntrospectionVerifier(
            issuer: server.issuerOfTokens,
            endpoint: endpoint,
            client: try client(introspection.authentication, of: server),
            settings: settings,
            limiter: limiter(introspection, of: server.issuer),
            fetcher: fetcher,
            tls: try tls(of: server),
            onEvent: configuration.onEvent
        )
        introspections.append(verifier)
        return verifier
    }

    /// One limiter for all resources that use the same issuer with the same limits.
    private mutating func limiter(
        _ introspection: AuthorizationServer.Introspection,
        of issuer: IssuerIdentifier
    ) -> RequestLimiter {
        let key = LimiterKey(
            issuer: issuer,
            concurrency: introspection.maximumConcurrency,
            perSecond: introspection.maximumPerSecond
        )
        if let limiter = limiters[key] { return limiter }
        let limiter = RequestLimiter(concurrency: key.concurrency, perSecond: key.perSecond)
        limiters[key] = limiter
        return limiter
    }

    private func client(
        _ authentication: AuthorizationServer.Introspection.Authentication,
        of server: AuthorizationServer
    ) throws -> ClientAuthentication {
        switch authentication {
        case .clientSecretBasic(let clientID, let secret):
            return .secretBasic(clientID: clientID, secret: secret.bytes)
        case .clientSecretPost(let clientID, let secret):
            return .secretPost(clientID: clientID, secret: secret.bytes)
        case .bearer(let token):
            guard token.bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ConfigurationError(
                    .invalidValue,
                    "the bearer token for introspection has a character that is not allowed"
                )
            }
            return .bearer(token.bytes)
        case .mutualTLS(let clientID, let files):
            let identity = TLSSettings.Identity(
                certificate: try self.files.bytes(at: files.certificate),
                privateKey: try self.files.bytes(at: files.privateKey)
            )
            // The authorities that are named for introspection alone replace those of the issuer.
            let authorities = try (files.trustRoots ?? server.caFile).map { try self.files.bytes(at: $0) }
            let tls = TLSSettings(identity: identity, authorities: authorities)
            return .mutualTLS(clientID: clientID, try checked(tls, "`tls`", of: server))
        case .privateKeyJWT(let clientID, let privateKey, let algorithm, let audience):
            guard let key = try? SigningKey(pem: privateKey.bytes, algorithm: algorithm) else {
                throw ConfigurationError(
                    .invalidValue,
                    "the private key for introspection at `\(server.issuer.description.printable)` cannot be used: "
                        + "expected unencrypted PEM of RSA (2048 bits or more), P-256, P-384, P-521 or Ed25519"
                )
            }
            return .privateKeyJWT(clientID: clientID, key: key, audience: audience ?? server.issuer.description)
        }
    }

    private func trustedIssuers(of resource: ResourceConfiguration) -> [TrustedIssuer] {
        let servers = resource.authorizationServers.map { server in
            TrustedIssuer(
                identifier: server.issuerOfTokens,
                leeway: server.leeway,
                claimMapping: server.claims,
                allowedScopes: resource.allowedScopes[server.issuerOfTokens],
                allowedClaims: resource.allowedClaims[server.issuerOfTokens] ?? [:],
                accessTokenMarks: server.accessTokenMarks,
                transformers: server.transformers + resource.transformers
            )
        }
        let others = resource.trustedIssuers.dropFirst(servers.count).map { issuer in
            TrustedIssuer(
                identifier: issuer,
                allowedScopes: resource.allowedScopes[issuer],
                allowedClaims: resource.allowedClaims[issuer] ?? [:],
                transformers: resource.transformers
            )
        }
        return servers + others
    }

    private func fetchable(_ text: String) throws -> HTTPURL {
        guard let url = HTTPURL(text) else {
            throw ConfigurationError(.invalidValue, "`\(text.printable)` is not an absolute https URL")
        }
        guard url.isSecure || configuration.dangerouslyAllowHTTP else {
            throw ConfigurationError(
                .invalidValue,
                "`\(text.printable)` is not https; plain http needs a loopback address or `dangerously_allow_http`"
            )
        }
        return url
    }
}
