// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthVerification

/// What ``ResourceDoctor`` found about a running protected resource, in the order in which it looked.
package struct DoctorReport: Sendable {
    package typealias Severity = IssuerInspection.Finding.Severity

    /// One check: where it looked, what is wrong there, and what would be right.
    package struct Finding: Sendable, Hashable {
        package let severity: Severity
        /// A stable name: a ``DoctorCode``, or the code of a finding about an authorization server.
        package let code: String
        /// The request, document or server that was looked at.
        package let place: String
        package let message: String
        /// What would be right; `nil` if nothing is wrong, or if the message says it.
        package let expected: String?
        /// Whether there was no answer, so that the same check may succeed later.
        package let isOutage: Bool
    }

    package private(set) var findings: [Finding] = []

    /// Whether something is wrong that trying again later does not mend.
    package var isWrong: Bool { findings.contains { $0.severity == .error && !$0.isOutage } }
    /// Whether a server did not answer.
    package var isUnreachable: Bool { findings.contains { $0.severity == .error && $0.isOutage } }

    mutating func ok(_ code: DoctorCode, _ place: String, _ message: String) {
        add(Finding(.ok, code.rawValue, place, message))
    }

    mutating func warn(_ code: DoctorCode, _ place: String, _ message: String, expected: String) {
        add(Finding(.warning, code.rawValue, place, message, expected: expected))
    }

    mutating func fail(_ code: DoctorCode, _ place: String, _ message: String, expected: String) {
        add(Finding(.error, code.rawValue, place, message, expected: expected))
    }

    /// Records that a server did not answer.
    mutating func miss(_ code: DoctorCode, _ place: String, _ message: String) {
        add(Finding(.error, code.rawValue, place, message, expected: "an answer", isOutage: true))
    }

    mutating func add(_ finding: Finding) {
        findings.append(finding)
    }
}

extension DoctorReport.Finding {
    init(
        _ severity: DoctorReport.Severity,
        _ code: String,
        _ place: String,
        _ message: String,
        expected: String? = nil,
        isOutage: Bool = false
    ) {
        self.severity = severity
        self.code = code
        self.place = place
        self.message = message
        self.expected = expected
        self.isOutage = isOutage
    }
}

/// The stable names of what `mcp-auth doctor` finds at a resource; `docs/codes.md` lists them.
package enum DoctorCode: String, CaseIterable, Sendable {
    case plainHTTP = "plain_http"
    case resourceUnreachable = "resource_unreachable"
    case noAnswer = "no_answer"

    case notProtected = "not_protected"
    case openWithoutToken = "open_without_token"
    case unauthenticatedStatus = "unauthenticated_status"
    case challengeReadable = "challenge_readable"
    case challengeMissing = "challenge_missing"
    case challengeMalformed = "challenge_malformed"
    case challengeNotBearer = "challenge_not_bearer"
    case challengeNotFirst = "challenge_not_first"
    case challengeNotLowerCase = "challenge_not_lower_case"
    case challengeSpaces = "challenge_spaces"
    case challengeMisread = "challenge_misread"
    case challengeScopeInvalid = "challenge_scope_invalid"
    case errorWithoutCredentials = "error_without_credentials"

    case resourceMetadataFound = "resource_metadata_found"
    case resourceMetadataMissing = "resource_metadata_missing"
    case resourceMetadataURLInvalid = "resource_metadata_url_invalid"
    case resourceMetadataOtherOrigin = "resource_metadata_other_origin"
    case resourceMetadataStatus = "resource_metadata_status"
    case resourceMetadataNotJSON = "resource_metadata_not_json"
    case resourceMetadataContentType = "resource_metadata_content_type"
    case resourceDiffers = "resource_differs"
    case resourceIsParent = "resource_is_parent"
    case authorizationServersMissing = "authorization_servers_missing"
    case authorizationServerInvalid = "authorization_server_invalid"
    case bearerMethodMissing = "bearer_method_missing"
    case wellKnownMissing = "well_known_missing"
    case resourceMetadataDocumentsDiffer = "resource_metadata_documents_differ"
    case resourceMetadataShared = "resource_metadata_shared"
    case resourceMetadataNotShared = "resource_metadata_not_shared"

    case issuersLeftOut = "issuers_left_out"

    case invalidTokenRefused = "invalid_token_refused"
    case invalidTokenAccepted = "invalid_token_accepted"
    case unsignedTokenAccepted = "unsigned_token_accepted"
    case invalidTokenStatus = "invalid_token_status"
    case invalidTokenErrorMissing = "invalid_token_error_missing"
    case twoCredentialsRefused = "two_credentials_refused"
    case twoCredentialsAccepted = "two_credentials_accepted"
    case twoCredentialsStatus = "two_credentials_status"
    case queryTokenIgnored = "query_token_ignored"
    case queryTokenAccepted = "query_token_accepted"
    case queryTokenRead = "query_token_read"

    case preflightAnswered = "preflight_answered"
    case preflightStatus = "preflight_status"
    case preflightNotShared = "preflight_not_shared"
    case preflightFields = "preflight_fields"
    case challengeExposed = "challenge_exposed"
    case challengeNotExposed = "challenge_not_exposed"
}
