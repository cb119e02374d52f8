// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Checks whether clients can read the challenge of a refusal, and whether it says what they need.
struct ChallengeCheck {
    /// The URL of the metadata that the challenge names.
    private(set) var metadataURL: HTTPURL?
    /// Whether the challenge names an error.
    private(set) var hasError = false
    /// Whether there is a Bearer challenge that clients can read, but it names no metadata.
    private(set) var lacksMetadata = false

    private let place: String
    private let challenge: ChallengeText

    /// - Parameters:
    ///   - answer: An answer with status 401.
    ///   - place: The request that it answers.
    ///   - hasCredentials: Whether that request had a token.
    ///   - report: Receives the findings.
    init(_ answer: ProbeAnswer, at place: String, hasCredentials: Bool, _ report: inout DoctorReport) {
        self.place = place
        challenge = ChallengeText(answer.values(of: "www-authenticate"))
        guard !challenge.text.isEmpty else {
            report.fail(.challengeMissing, place, "401 without WWW-Authenticate", expected: Self.example)
            return
        }
        guard let challenges = challenge.challenges else {
            let message = "WWW-Authenticate does not follow its grammar: `\(challenge.text.printable)`"
            report.fail(.challengeMalformed, place, message, expected: Self.example)
            return
        }
        guard let bearer = challenge.bearer else {
            let schemes = challenges.map { "`\($0.scheme.printable)`" }.joined(separator: ", ")
            let message = "no Bearer challenge, only \(schemes)"
            report.fail(.challengeNotBearer, place, message, expected: Self.example)
            return
        }
        if challenges.first?.scheme.lowercased() != "bearer" {
            let message = "the first challenge is `\(challenges[0].scheme.printable)`, and some clients read no other"
            report.warn(.challengeNotFirst, place, message, expected: "Bearer as the first challenge")
        }
        let count = report.findings.count
        readNames(of: bearer, &report)
        readValues(of: bearer, hasCredentials, &report)
        if report.findings.count == count, !lacksMetadata {
            report.ok(.challengeReadable, place, "401, and clients can read the challenge")
        }
    }

    private static let example = "`WWW-Authenticate: Bearer resource_metadata=\"https://…\"`"

    /// The parameters that clients look for.
    private static let known = ["resource_metadata", "scope", "error"]

    /// The form: names in lower case, no spaces, and nothing that clients take for another value.
    private func readNames(of bearer: ChallengeText.Challenge, _ report: inout DoctorReport) {
        for name in Self.known {
            let parameter = bearer.parameters.first { $0.name.lowercased() == name }
            if let parameter, parameter.name != name {
                let message = "the parameter `\(parameter.name.printable)` is not in lower case: clients do not find it"
                report.fail(.challengeNotLowerCase, place, message, expected: "`\(name)=`")
            }
            if let parameter, parameter.isSpaced {
                let message = "there is a space beside the `=` of `\(name)`: clients do not find its value"
                report.fail(.challengeSpaces, place, message, expected: "`\(name)=\"…\"` without a space")
            }
            guard parameter.map({ $0.name == name && !$0.isSpaced && !$0.value.isEmpty }) ?? true else { continue }
            // Escapes, another challenge before this one, or a text such as `scope=` in another value.
            let found = challenge.clientValue(of: name)
            guard found != parameter?.value else { continue }
            let value = parameter.map { "`\($0.value.printable)`" } ?? "absent"
            let message = "`\(name)` is \(value), but clients read \(found.map { "`\($0.printable)`" } ?? "nothing")"
            let expected = "values without backslashes, and free text such as `error_description` at the end"
            report.fail(.challengeMisread, place, message, expected: expected)
        }
    }

    private mutating func readValues(
        of bearer: ChallengeText.Challenge,
        _ hasCredentials: Bool,
        _ report: inout DoctorReport
    ) {
        let error = bearer.value(of: "error")
        hasError = error != nil
        if let error, !hasCredentials {
            let message = "`error` is `\(error.printable)` although the request had no token (RFC 6750 section 3.1)"
            report.warn(.errorWithoutCredentials, place, message, expected: "no `error`")
        }
        if let scope = bearer.value(of: "scope"), ScopeSet(spaceDelimited: scope)?.isEmpty ?? true {
            let message = "`scope` is `\(scope.printable)`, which is not a list of scopes"
            report.warn(.challengeScopeInvalid, place, message, expected: "scopes with one space between them, or none")
        }
        guard let text = bearer.value(of: "resource_metadata") else {
            lacksMetadata = true
            return
        }
        guard let url = HTTPURL(text), url.isSecure else {
            let message = "`resource_metadata` is `\(text.printable)`"
            report.fail(.resourceMetadataURLInvalid, place, message, expected: "an absolute https URL")
            return
        }
        metadataURL = url
    }
}
