// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// The meaning of an introspection response with a status other than 200.
///
/// RFC 7662 section 2.3 defines such responses for invalid requests, not for invalid tokens. Some servers still answer
/// an unknown token with 400 or 401 and `invalid_token`; if this counted as an outage, a client with an expired token
/// would never get a new one. If this resource server authenticates with a bearer token, `invalid_token` is about that
/// token instead.
struct IntrospectionRefusal: CustomStringConvertible {
    /// Whether it is about the token in the request.
    let isAboutToken: Bool
    let code: EngineEvent.Code
    let level: EngineEvent.Level
    /// What an operator reads, such as `answered 403 access_denied: this resource server may not introspect`.
    let description: String

    /// - Parameter body: The body, if it is JSON.
    init(_ status: Int, _ body: JSONView?, _ client: ClientAuthentication) {
        let error = body?["error"]?.string.flatMap { Self.isErrorCode($0) ? $0 : nil }
        isAboutToken = (status == 400 || status == 401) && error == "invalid_token" && !client.isBearer
        let areCredentialsRefused: Bool
        let meaning: String
        switch (status, error) {
        case (400, "invalid_token"), (401, "invalid_token"):
            areCredentialsRefused = client.isBearer
            meaning =
                client.isBearer
                ? "it does not accept the bearer token of this resource server" : "the token is not active"
        case (401, _), (400, "invalid_client"), (400, "unauthorized_client"):
            (areCredentialsRefused, meaning) = (true, "it does not accept the credentials of this resource server")
        case (403, _), (400, "access_denied"):
            (areCredentialsRefused, meaning) = (true, "this resource server may not introspect")
        case (300..<400, _): (areCredentialsRefused, meaning) = (false, "redirects are not followed")
        case (404, _), (410, _):
            (areCredentialsRefused, meaning) = (false, "there is no introspection endpoint at this URL")
        case (405, _):
            (areCredentialsRefused, meaning) = (false, "it does not accept POST: not an introspection endpoint")
        case (429, _): (areCredentialsRefused, meaning) = (false, "it received too many requests")
        case (400..<500, _): (areCredentialsRefused, meaning) = (false, "it rejected the request")
        case (500..., _): (areCredentialsRefused, meaning) = (false, "the issuer has an internal error")
        default: (areCredentialsRefused, meaning) = (false, "expected 200")
        }
        code = areCredentialsRefused ? .introspectionCredentialsRefused : .introspectionFailed
        level = areCredentialsRefused ? .error : .warning
        description = "answered \(status)\(error.map { " \($0)" } ?? ""): \(meaning)"
    }

    var diagnosis: Diagnosis {
        Diagnosis("the introspection response", expected: "an active token", found: description)
    }

    /// Whether this can be an error code (RFC 6749 section 5.2); other texts are not logged.
    private static func isErrorCode(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
    }
}
