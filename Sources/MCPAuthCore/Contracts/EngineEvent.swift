// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// An event for operators, such as a failed fetch or a refused request.
///
/// The message names issuers, resources and modules, and never contains a token, a claim value or a secret.
/// ``metadata`` identifies the caller of a refused request.
public struct EngineEvent: Sendable, Hashable, CustomStringConvertible {
    /// The severity of an event.
    public enum Level: String, Sendable, CaseIterable {
        /// For finding a fault, such as each decision.
        case debug
        /// Normal operation, such as a refused request.
        case info
        /// Something that an operator should look at.
        case warning
        /// Something that an operator must mend.
        case error
    }

    /// The stable name of a kind of event.
    public enum Code: String, Sendable, CaseIterable {
        /// Metadata or keys of an issuer could not be fetched.
        case fetchFailed = "fetch_failed"
        /// The published keys of an issuer changed.
        case keysChanged = "keys_changed"
        /// Some keys of an issuer are not used; the message says why.
        case keysSkipped = "keys_skipped"
        /// An issuer refused the credentials of this resource server.
        case introspectionCredentialsRefused = "introspection_credentials_refused"
        /// An introspection request failed, or its response was invalid.
        case introspectionFailed = "introspection_failed"
        /// There were more introspection requests than allowed.
        case introspectionLimited = "introspection_limited"
        /// A module was loaded; the message has its version and the hash of its bytes.
        case moduleLoaded = "module_loaded"
        /// A module logged a line.
        case module
        /// A module did not answer, or its answer was invalid.
        case moduleFailed = "module_failed"
        /// A module changed one of its counters: `module`, `counter` and `by` in the metadata.
        case moduleCounted = "module_counted"
        /// A verifier of the application did not answer, or its answer was invalid.
        case verifierFailed = "verifier_failed"
        /// A request was refused; the message says why.
        case requestDenied = "request_denied"
        /// Rules in shadow mode would have denied a request.
        case wouldDeny = "would_deny"
        /// A new configuration is in force.
        case reloaded
        /// A new configuration was refused; the old one stays in force.
        case reloadRefused = "reload_refused"
        /// The cached keys, metadata and token facts were discarded.
        case purged
        /// The revocation list was replaced.
        case revocationsReplaced = "revocations_replaced"
        /// Requests, decisions or spans could not be written, or sent, to where they are kept.
        case recordingFailed = "recording_failed"
    }

    /// The severity.
    public let level: Level
    /// What happened.
    public let code: Code
    /// The details, in words.
    public let message: String
    /// Why a request was refused; `nil` for other events.
    public let reason: Denial.Reason?
    /// For a refused request: `resource`, `status` and, if known, `issuer`, `subject`, `client`, `operation` and
    /// `rules`.
    public let metadata: [String: String]

    /// Creates the event for a refused request.
    ///
    /// - Parameter resource: The resource of the request; `nil` if the request matched none.
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

    /// One line for a log, with control characters and invisible characters escaped.
    public var description: String { "\(code.rawValue): \(message)".escaped }
}

/// Receives events; it is called from any thread and must not block.
public typealias EngineEventHandler = @Sendable (EngineEvent) -> Void
