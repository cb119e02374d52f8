// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
internal import MCPAuthHTTP

/// The configuration of one server: its protected resources and their common settings.
public struct MCPAuthConfiguration: Sendable {
    /// The protected resources, in the order they are listed.
    public var resources: [ResourceConfiguration]
    /// The resource whose metadata is also served under the well-known path without suffix.
    public var rootResource: ResourceIdentifier?
    /// Allows plain HTTP to issuers on other machines, for metadata, keys and introspection.
    public var dangerouslyAllowHTTP: Bool
    /// The maximum length of a token, 1024 to 262144 bytes; a longer one gets status 431.
    public var maximumTokenBytes: Int
    /// The maximum size of a body that is read without a token, 1024 to 1048576 bytes.
    ///
    /// Only bodies for resources whose policies have rules for anyone are read without a token.
    public var maximumBodyBytesWithoutToken = Int(NumberSetting.bodyBytesWithoutToken.standard)
    /// The origins of web pages that may read responses (CORS): `["*"]` for any page, an empty array for none.
    ///
    /// Nothing here depends on cookies, so by default any page may read what it has a token for.
    public var corsAllowedOrigins: [String]
    /// The number of verified tokens that are cached; 0 to verify each time.
    public var tokenCacheCapacity: Int
    /// Tokens to refuse even when their issuer does not.
    public var revocations: RevocationList
    /// Receives the events of the engine; called from any thread.
    ///
    /// By default, events go to a logger, at most ten of a kind per second.
    public var onEvent: EngineEventHandler
    /// Receives what was decided about each request; `nil` by default.
    ///
    /// Called from any thread.
    public var onDecision: DecisionHandler?
    /// Records requests for `mcp-auth policy diff --replay`; `nil` by default.
    public var recording: RequestRecording?
    package var authorityRule: ResourceRouter.AuthorityRule = .exact
    /// The time limit of a request to an issuer, and of a client request that waits for one, in seconds.
    package var fetchDeadline = FetchRequest.defaultTimeout
    /// How long a host waits for the body of a request, in seconds.
    package var bodySeconds = RequestGuard.standardBodySeconds
    /// The files that it was read from, with their content; `nil` when it was made in code.
    package var files: FileSnapshot?

    /// Describes the resources and settings of one server.
    ///
    /// - Parameters:
    ///   - resources: The protected resources.
    ///   - rootResource: The one whose metadata is also served under the well-known path without suffix.
    ///   - dangerouslyAllowHTTP: Allows plain HTTP to issuers on other machines.
    ///   - tokenCacheCapacity: The number of cached tokens, 0 to 10,000,000; `nil` for 100,000.
    ///   - revocations: Tokens to refuse.
    ///   - maximumTokenBytes: The maximum length of a token; `nil` for 16384.
    ///   - corsAllowedOrigins: The origins of web pages that may read responses.
    ///   - onEvent: Receives events, including denials; `EngineEvent.log(to:)` writes them to a logger.
    public init(
        resources: [ResourceConfiguration],
        rootResource: ResourceIdentifier? = nil,
        dangerouslyAllowHTTP: Bool = false,
        tokenCacheCapacity: Int? = nil,
        revocations: RevocationList = RevocationList(),
        maximumTokenBytes: Int? = nil,
        corsAllowedOrigins: [String] = ["*"],
        onEvent: @escaping EngineEventHandler = EngineEvent.log()
    ) {
        self.resources = resources
        self.maximumTokenBytes = maximumTokenBytes ?? Int(NumberSetting.tokenBytes.standard)
        self.corsAllowedOrigins = corsAllowedOrigins
        self.rootResource = rootResource
        self.dangerouslyAllowHTTP = dangerouslyAllowHTTP
        self.tokenCacheCapacity = tokenCacheCapacity ?? Int(NumberSetting.tokenCacheEntries.standard)
        self.revocations = revocations
        self.onEvent = onEvent
    }
}
