// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Checks what clients in web pages need (Fetch standard, CORS protocol).
///
/// Other clients do without it, so these findings are warnings.
struct WebClientCheck {
    let transport: any ProbeTransport
    /// The request without credentials.
    let request: ProbeRequest
    /// The origin of the web page.
    let origin: String

    /// Checks the preflight that a browser sends before a request with a token.
    func checkPreflight(_ report: inout DoctorReport) async {
        let fields = ["authorization", "content-type", "mcp-protocol-version"]
        let preflight = ProbeRequest(.options, request.url).adding("origin", origin)
            .adding("access-control-request-method", request.method.rawValue)
            .adding("access-control-request-headers", fields.joined(separator: ","))
        let place = "OPTIONS \(request.url) from \(origin)"
        guard let answer = await transport.answer(to: preflight, at: place, &report) else { return }
        guard answer.isSuccess else {
            let message = "answered \(answer.status): browsers send no request with a token then"
            report.warn(.preflightStatus, place, message, expected: "204 without a token")
            return
        }
        guard answer.isReadable(by: origin) else {
            let message = "Access-Control-Allow-Origin does not allow this origin"
            report.warn(.preflightNotShared, place, message, expected: "`*`, or the origin")
            return
        }
        // `*` does not stand for Authorization.
        let allowed = answer.list("access-control-allow-headers")
        let missing = fields.filter { !allowed.contains($0) && ($0 == "authorization" || !allowed.contains("*")) }
        guard missing.isEmpty else {
            let message = "Access-Control-Allow-Headers lacks \(missing.joined(separator: ", "))"
            report.warn(.preflightFields, place, message, expected: fields.joined(separator: ", "))
            return
        }
        report.ok(.preflightAnswered, place, "\(answer.status) with the fields that clients send")
    }

    /// Checks whether a web page can read the challenge.
    func checkExposure(_ report: inout DoctorReport) async {
        let place = "\(request.name) from \(origin)"
        guard let answer = await transport.answer(to: request.adding("origin", origin), at: place, &report) else {
            return
        }
        let exposed = answer.list("access-control-expose-headers")
        let isExposed = exposed.contains("www-authenticate") || exposed.contains("*")
        guard answer.status == 401, answer.isReadable(by: origin), isExposed else {
            let message =
                if answer.status != 401 { "answered \(answer.status) to a web page" } else {
                    answer.isReadable(by: origin)
                        ? "Access-Control-Expose-Headers does not name WWW-Authenticate"
                        : "Access-Control-Allow-Origin does not allow this origin"
                }
            let expected = "401 that the page may read, with `Access-Control-Expose-Headers: WWW-Authenticate`"
            report.warn(.challengeNotExposed, place, message, expected: expected)
            return
        }
        report.ok(.challengeExposed, place, "a web page can read the challenge")
    }

    /// Checks whether a web page can read the metadata.
    ///
    /// - Parameter metadata: The request with which it was fetched.
    func checkMetadata(_ metadata: ProbeRequest, _ report: inout DoctorReport) async {
        let place = "\(metadata.name) from \(origin)"
        guard let answer = await transport.answer(to: metadata.adding("origin", origin), at: place, &report) else {
            return
        }
        guard answer.status == 200, answer.isReadable(by: origin) else {
            let message = answer.status == 200 ? "a web page cannot read the metadata" : "answered \(answer.status)"
            let expected = "`Access-Control-Allow-Origin: *`"
            report.warn(.resourceMetadataNotShared, place, message, expected: expected)
            return
        }
        report.ok(.resourceMetadataShared, place, "a web page can read the metadata")
    }
}
