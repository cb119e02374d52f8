// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthJSON

/// The answer to one question of a gateway.
enum EvaluationAnswer: Sendable {
    /// The request may pass, for this caller; the id is that under which the decision is kept.
    case allowed(AuthInfo?, DecisionID?)
    /// The client would get this response.
    case refused(RenderedResponse)

    var isAllowed: Bool {
        if case .allowed = self { return true }
        return false
    }

    /// The answer as a decision of AuthZEN.
    ///
    /// The context has who is calling, or what the client would be told: enough to send the same response.
    var json: JSON {
        var members: [String: JSON] = ["decision": .boolean(isAllowed)]
        let context =
            switch self {
            case .allowed(let caller, let id): Self.context(of: caller, id)
            case .refused(let response): Self.context(of: response)
            }
        if !context.isEmpty { members["context"] = .object(context) }
        return .object(members)
    }

    private static func context(of caller: AuthInfo?, _ id: DecisionID?) -> [String: JSON] {
        let values = [
            ("subject", caller?.subject), ("issuer", caller?.issuer.description), ("client_id", caller?.clientID),
            ("scope", caller?.scopes.description), ("decision_id", id?.description),
        ]
        var context: [String: JSON] = [:]
        for (name, value) in values { context[name] = value.map(JSON.string) }
        return context
    }

    private static func context(of response: RenderedResponse) -> [String: JSON] {
        let fields = response.head.headerFields
        var context: [String: JSON] = ["status": .integer(Int64(response.head.status.code))]
        context["www_authenticate"] = fields[.wwwAuthenticate].map(JSON.string)
        context["retry_after"] = fields[.retryAfter].flatMap { Int64($0) }.map(JSON.integer)
        context["decision_id"] = fields[DecisionID.fieldName].map(JSON.string)
        let body = try? JSON(parsing: response.body)
        switch body?["error"] {
        case .string(let code)?:
            context["error"] = .string(code)
            context["error_description"] = body?["error_description"]
        case .object(let error)?:
            // A JSON-RPC error, for a message that is not one of MCP.
            context["error"] = "invalid_request"
            context["error_description"] = error["message"]
        default: break
        }
        return context
    }
}
