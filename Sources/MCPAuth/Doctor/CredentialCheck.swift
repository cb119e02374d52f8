// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Checks what a resource does with tokens that no server issued, with two credentials, and with a token in the query.
///
/// No real token is used, so that nothing can happen behind a resource that refuses these.
struct CredentialCheck {
    let transport: any ProbeTransport
    /// The request without credentials.
    let request: ProbeRequest
    let resource: ResourceIdentifier

    /// A text that has the form of no kind of token, so that every verifier refuses it.
    static let garbage = "mcp-auth-doctor-sends-this-invalid-token"

    /// Checks the answer to ``garbage``, which was sent already.
    func checkGarbage(_ answer: ProbeAnswer, at place: String, _ report: inout DoctorReport) {
        checkRefusal(of: answer, at: place, accepted: .invalidTokenAccepted, &report)
    }

    /// Checks a JWT that says what a good one would say, and has no signature (RFC 8725 section 3.2).
    func checkUnsigned(issuer: String?, _ report: inout DoctorReport) async {
        let header: JSON = ["alg": "none", "typ": "JWT"]
        let claims: JSON = [
            "iss": .string(issuer ?? "https://issuer.example"), "aud": .string(resource.description),
            "sub": "mcp-auth-doctor", "client_id": "mcp-auth-doctor", "exp": 4_102_444_800,
        ]
        let token = [header, claims].map { Base64URL.encode($0.encoded()) }.joined(separator: ".") + "."
        let place = "\(request.name) with an unsigned token"
        let sent = request.adding("authorization", "Bearer \(token)")
        guard let answer = await transport.answer(to: sent, at: place, &report) else { return }
        checkRefusal(of: answer, at: place, accepted: .unsignedTokenAccepted, &report)
    }

    private func checkRefusal(
        of answer: ProbeAnswer,
        at place: String,
        accepted: DoctorCode,
        _ report: inout DoctorReport
    ) {
        let expected = "401 with `error=\"invalid_token\"`"
        if answer.isSuccess {
            report.fail(accepted, place, "answered \(answer.status): the token was accepted", expected: expected)
        } else if answer.status != 401 {
            let message = "answered \(answer.status), so clients do not get another token"
            report.fail(.invalidTokenStatus, place, message, expected: expected)
        } else {
            let challenge = ChallengeText(answer.values(of: "www-authenticate"))
            guard challenge.bearer?.value(of: "error") == "invalid_token" else {
                let message = "401 without `error=\"invalid_token\"`, so clients cannot tell that the token is refused"
                report.warn(.invalidTokenErrorMissing, place, message, expected: expected)
                return
            }
            report.ok(.invalidTokenRefused, place, "401 with `error=\"invalid_token\"`")
        }
    }

    /// Checks a request with two `Authorization` fields: a server and what is behind it could each read another one.
    func checkTwoCredentials(_ report: inout DoctorReport) async {
        let place = "\(request.name) with two Authorization fields"
        let sent = request.adding("authorization", "Bearer \(Self.garbage)")
            .adding("authorization", "Bearer \(Self.garbage)-2")
        guard let answer = await transport.answer(to: sent, at: place, &report) else { return }
        switch answer.status {
        case 400: report.ok(.twoCredentialsRefused, place, "400")
        case 200..<300:
            report.fail(.twoCredentialsAccepted, place, "answered \(answer.status)", expected: "400")
        case 500...: report.fail(.twoCredentialsStatus, place, "answered \(answer.status)", expected: "400")
        default:
            let message = "answered \(answer.status), so it is not clear which of them counts"
            report.warn(.twoCredentialsStatus, place, message, expected: "400 (RFC 6750 section 3.1)")
        }
    }

    /// Checks that a token in the query counts as no token (OAuth 2.1, MCP); URLs end up in logs.
    ///
    /// The answer to the request without a token must be a 401 without `error`, or it could not be told from this one.
    func checkQuery(_ report: inout DoctorReport) async {
        let url = request.url
        let query = (url.query.map { $0 + "&" } ?? "") + "access_token=\(Self.garbage)"
        guard let target = HTTPURL(url.origin + url.path + "?" + query) else { return }
        var sent = ProbeRequest(request.method, target)
        sent.fields = request.fields
        sent.body = request.body
        let place = "\(request.name) with a token in the query"
        guard let answer = await transport.answer(to: sent, at: place, &report) else { return }
        let expected = "the same answer as without a token"
        if answer.isSuccess {
            report.fail(.queryTokenAccepted, place, "answered \(answer.status)", expected: expected)
        } else if answer.status == 401,
            ChallengeText(answer.values(of: "www-authenticate")).bearer?.value(of: "error") != nil
        {
            let message = "the answer is about the token, so tokens are read from the query"
            report.fail(.queryTokenRead, place, message, expected: expected)
        } else if answer.status >= 500 {
            report.fail(.queryTokenRead, place, "answered \(answer.status)", expected: expected)
        } else {
            report.ok(.queryTokenIgnored, place, "\(answer.status), and the token is not read")
        }
    }
}
