// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Something an operator may want to know.
///
/// Its text names issuers, resources and modules; never a token, a claim value or a secret. ``metadata`` names who was
/// refused.
public struct EngineEvent: Sendable, Hashable, CustomStringConvertible {
    /// How much it matters.
    public enum Level: String, Sendable, CaseIterable {
        case debug
        case info
        case warning
        case error
    }

    /// Stable names of what can happen.
    public enum Code: String, Sendable, CaseIterable {
        /// Metadata or keys of an issuer could not be fetched.
        case fetchFailed = "fetch_failed"
        /// The published keys of an issuer are others than before.
        case keysChanged = "keys_changed"
        /// Keys of an issuer are left out, and why.
        case keysSkipped = "keys_skipped"
        /// An issuer refuses the credentials of this resource server.
        case introspectionCredentialsRefused = "introspection_credentials_refused"
        /// An issuer did not answer an introspection request as it should.
        case introspectionFailed = "introspection_failed"
        /// More introspection requests than allowed.
        case introspectionLimited = "introspection_limited"
        /// A line of a verifier module.
        case module
        /// A verifier module did not answer, or not as it must.
        case moduleFailed = "module_failed"
        /// A verifier of the application did not answer, or not as it must.
        case verifierFailed = "verifier_failed"
        /// A request was refused, and why.
        case requestDenied = "request_denied"
        /// Rules in shadow mode would have denied a request.
        case wouldDeny = "would_deny"
        /// A new configuration is in force.
        case reloaded
        /// A new configuration is not acceptable; the old one stays in force.
        case reloadRefused = "reload_refused"
        /// What was fetched and remembered was thrown away.
        case purged
        /// The revocation list was replaced.
        case revocationsReplaced = "revocations_replaced"
    }

    /// How much it matters.
    public let level: Level
    /// What happened.
    public let code: Code
    /// The rest, in words.
    public let message: String
    /// Why a request was refused; `nil` for everything else.
    public let reason: Denial.Reason?
    /// Of a refusal: `resource`, `status`, and where they are known `issuer`, `subject`, `client`, `operation` and `rules`.
    public let metadata: [String: String]

    /// The refusal of a request.
    ///
    /// - Parameter resource: Where the request was to; `nil` when it was to no resource.
    package init(_ denial: Denial, at resource: ResourceIdentifier?) {
        let place = resource.map { "`\($0)`" } ?? "no resource"
        let diagnosis = denial.diagnosis.map { ", \($0)" } ?? ""
        let message = "\(place): \(denial.reason), status \(denial.status)\(diagnosis)"
        var metadata = ["status": String(denial.status)]
        metadata["resource"] = resource?.description
        metadata["issuer"] = denial.caller?.issuer.description.printable
        metadata["subject"] = denial.caller?.subject?.printable
        metadata["client"] = denial.caller?.clientID?.printable
        metadata["operation"] = denial.operation
        if !denial.rules.isEmpty { metadata["rules"] = denial.rules.map(\.printable).joined(separator: ", ") }
        self.init(.info, .requestDenied, message, reason: denial.reason, metadata: metadata)
    }

    package init(
        _ level: Level,
        _ code: Code,
        _ message: String,
        reason: Denial.Reason? = nil,
        metadata: [String: String] = [:]
    ) {
        self.metadata = metadata
        self.level = level
        self.code = code
        self.message = message
        self.reason = reason
    }

    /// The line for a log; nothing in it moves a cursor or hides text.
    public var description: String { "\(code.rawValue): \(message)".escaped }
}

/// Takes what happens; it is called from any thread and must not block.
public typealias EngineEventHandler = @Sendable (EngineEvent) -> Void
