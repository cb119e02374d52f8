// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON

/// Whom a gateway asks about: the bearer of an access token, or a caller without one.
///
/// Nothing else that a gateway says about a caller counts: only the token shows who it is.
struct EvaluationSubject: Sendable {
    private enum Kind: String {
        case bearer = "access_token"
        case anyone
    }

    private let kind: Kind
    /// The subject that the gateway expects; empty for any.
    private let id: String
    /// The token; empty if the client sent none.
    private let token: String

    init(_ value: WrittenValue) throws(EvaluationMistake) {
        let subject = try value.object(["type", "id", "properties"])
        let type = try subject.required("type")
        guard let kind = Kind(rawValue: try type.string()) else {
            throw type.mistake(expected: "`access_token` or `anyone`", found: "another text")
        }
        id = try subject.required("id").string()
        let presented = try subject["properties"]?.object(["access_token"])["access_token"]
        token = try presented?.string() ?? ""
        // A token that was presented is never ignored.
        if kind == .anyone, let presented, !token.isEmpty {
            throw presented.mistake(expected: "no token of a subject of the type `anyone`", found: "one")
        }
        self.kind = kind
    }

    /// The request with the token in the field in which its resource expects it; `nil` for `Authorization`.
    func presentingToken(in field: HTTPField.Name?, of request: HTTPRequest) -> HTTPRequest {
        guard !token.isEmpty else { return request }
        var request = request
        // A token with bytes that no field can have is replaced by a malformed one, so that it is refused as one.
        // Otherwise swift-http-types would change these bytes until the field is valid.
        let presented = token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? token : ","
        if let field {
            request.headerFields[field] = presented
        } else {
            request.headerFields[.authorization] = "Bearer \(presented)"
        }
        return request
    }

    /// Refuses a caller who may send the request, but is not the one that the gateway asks about.
    func refusal(of caller: AuthInfo?) -> Denial? {
        guard kind == .bearer else { return nil }
        guard let caller else {
            let diagnosis = Diagnosis("the token", expected: "one, as the type of the subject says", found: "none")
            return Denial(.noCredentials, status: 401, diagnosis: diagnosis)
        }
        guard !id.isEmpty, !(caller.subject?.isExactly(id) ?? false) else { return nil }
        let found = caller.subject == nil ? "nothing" : "another text"
        let diagnosis = Diagnosis("claim `sub`", expected: "the `id` of the subject in the question", found: found)
        return Denial(.unexpectedClaimValue, status: 403, diagnosis: diagnosis)
    }
}
