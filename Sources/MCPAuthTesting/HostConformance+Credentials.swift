// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// What is sent as a token, and where (RFC 6750 section 2, RFC 9110 section 11.6.2).
extension HostConformance {
    private enum Outcome {
        case allowed
        /// 401 without an error code: the client has no token yet, or not of this kind (RFC 6750 section 3.1).
        case missing
        case invalid
        case malformed

        var status: Int {
            switch self {
            case .allowed: 200
            case .missing, .invalid: 401
            case .malformed: 400
            }
        }

        var challenge: (String, String?)? {
            switch self {
            case .allowed: ("www-authenticate", nil)
            case .missing: ("www-authenticate", "Bearer resource_metadata=")
            case .invalid: ("www-authenticate", #"Bearer error="invalid_token", resource_metadata="#)
            case .malformed: ("www-authenticate", #"Bearer error="invalid_request", resource_metadata="#)
            }
        }
    }

    private static func authorization(_ name: String, _ value: String, _ outcome: Outcome) -> Row {
        Row(
            name: name,
            credentials: .field(value),
            body: .text(list),
            status: outcome.status,
            field: outcome.challenge
        )
    }

    private static func elsewhere(_ name: String, _ fields: [(String, String)], path: String = "/notes") -> Row {
        Row(
            name: name,
            path: path,
            credentials: .none,
            fields: fields,
            body: .text(list),
            status: 401,
            field: Outcome.missing.challenge
        )
    }

    static let credentials: [Row] =
        [
            authorization("a good token is accepted", "Bearer {notes}", .allowed),
            authorization("the scheme is read in any case", "bEARER {notes}", .allowed),
            authorization("several spaces after the scheme are one", "Bearer   {notes}", .allowed),
            authorization("spaces around the value do not count", "  Bearer {notes}  ", .allowed),
            authorization("a scheme without a token counts as no token", "Bearer", .missing),
            authorization("a scheme with a space and no token counts as no token", "Bearer ", .missing),
            authorization("an empty Authorization field counts as no token", "", .missing),
            authorization("another scheme is told to use a token", "Basic eDp5", .missing),
            authorization("a token with the scheme DPoP is not a bearer token", "DPoP {notes}", .missing),
            authorization("a token without a scheme is not a bearer token", "{notes}", .missing),
            authorization("a tab does not separate the scheme from the token", "Bearer\t{notes}", .missing),
            authorization("a tab inside the token is malformed", "Bearer {notes}\tx", .malformed),
            authorization("two tokens in one field are malformed", "Bearer a b", .malformed),
            authorization("a comma after the token is malformed", "Bearer {notes},", .malformed),
            authorization(
                "a second bearer token after a comma is malformed",
                "Bearer garbage, Bearer {notes}",
                .malformed
            ),
            authorization("another scheme before the token is malformed", "Basic eDp5, Bearer {notes}", .malformed),
            authorization("another scheme after the token is malformed", "Bearer {notes}, Basic eDp5", .malformed),
            authorization("letters outside ASCII in a token are malformed", "Bearer t\u{F6}ken", .malformed),
            authorization("a token that nobody issued is invalid", "Bearer garbage", .invalid),
            authorization("a token in quotes is invalid", "Bearer \"{notes}\"", .invalid),
            authorization("a token with one letter more is invalid", "Bearer {notes}A", .invalid),
            authorization(
                "an unsecured token is invalid",
                "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
                .invalid
            ),
            authorization(
                "a token of the greatest length is read",
                "Bearer " + String(repeating: "a", count: 4096),
                .invalid
            ),
            Row(
                name:
                    "a token that is one byte too long is refused with 431, so that its client does not sign in again",
                credentials: .field("Bearer " + String(repeating: "a", count: 4097)),
                body: .text(list),
                status: 431,
                contains: "request_header_fields_too_large"
            ),
            Row(
                name: "the token of another resource is invalid",
                credentials: .calendar,
                body: .text(list),
                status: 401,
                field: Outcome.invalid.challenge
            ),
            Row(
                name: "the token of an inner resource is good there",
                path: "/notes/admin",
                credentials: .admin,
                body: .text(list),
                status: 200
            ),
            Row(
                name: "the token of an inner resource is invalid at the outer one",
                credentials: .admin,
                body: .text(list),
                status: 401,
                field: Outcome.invalid.challenge
            ),
            Row(
                name: "a refusal says nothing about the token",
                credentials: .field("Bearer {notes}A"),
                body: .text(list),
                status: 401,
                lacks: "signature"
            ),
            Row(
                name: "a refusal is not kept by caches",
                credentials: .none,
                body: .text(list),
                status: 401,
                field: ("cache-control", "no-store")
            ),
            Row(
                name: "a GET without a token gets a JSON answer too",
                method: "GET",
                credentials: .none,
                status: 401,
                contains: #""error":"unauthorized""#
            ),
            Row(
                name: "the challenge names the metadata of the resource that was asked for",
                method: "GET",
                path: "/notes/admin/x",
                credentials: .none,
                status: 401,
                field: ("www-authenticate", "{base}/.well-known/oauth-protected-resource/notes/admin\"")
            ),
            Row(
                name: "the name of the field is read in any case",
                credentials: .none,
                fields: [("AUTHORIZATION", "Bearer {notes}")],
                body: .text(list),
                status: 200
            ),
        ] + severalFields + otherPlaces

    /// Hosts that pass on only the last of several fields cannot refuse these.
    private static let severalFields = [
        Row(
            name: "a second Authorization field with a good token does not help a bad one",
            credentials: garbage,
            fields: [("Authorization", "Bearer {notes}")],
            body: .text(list),
            status: 400,
            statusKeepingLast: 200
        ),
        Row(
            name: "a second Authorization field with a bad token is not ignored",
            fields: [("Authorization", "Bearer garbage")],
            body: .text(list),
            status: 400,
            statusKeepingLast: 401
        ),
        Row(
            name: "the same token in two Authorization fields is malformed",
            credentials: .field("Bearer {notes}"),
            fields: [("authorization", "Bearer {notes}")],
            body: .text(list),
            status: 400,
            statusKeepingLast: 200
        ),
        Row(
            name: "another scheme in a second Authorization field is malformed",
            fields: [("Authorization", "Basic eDp5")],
            body: .text(list),
            status: 400,
            statusKeepingLast: 401
        ),
    ]

    private static let otherPlaces = [
        Row(
            name: "without a token, the answer says where to get one",
            credentials: .none,
            body: .text(list),
            status: 401,
            field: Outcome.missing.challenge
        ),
        elsewhere("a token in the query is ignored", [], path: "/notes?access_token={notes}"),
        Row(
            name: "a bad token in the query does not harm a good one",
            path: "/notes?access_token=garbage",
            body: .text(list),
            status: 200
        ),
        Row(
            name: "a token in a form is ignored",
            credentials: .none,
            fields: [("Content-Type", "application/x-www-form-urlencoded")],
            body: .form("access_token={notes}"),
            status: 401,
            field: Outcome.missing.challenge
        ),
        elsewhere("a token in a cookie is ignored", [("Cookie", "access_token={notes}")]),
        elsewhere("a token for a proxy is ignored", [("Proxy-Authorization", "Bearer {notes}")]),
        elsewhere(
            "a token in a field with a similar name is ignored",
            [
                ("Authorization_", "Bearer {notes}"), ("X-Authorization", "Bearer {notes}"),
                ("X-Access-Token", "{notes}"),
            ]
        ),
        elsewhere("a session is no token", [("Mcp-Session-Id", "1868a90c-8cf6-4f4d-8cde-2ab5b2b0a3f5")]),
    ]
}
