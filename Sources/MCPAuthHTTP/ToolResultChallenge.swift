// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON

/// The challenge as the result of a tool call, for clients that react to nothing else.
///
/// A `tools/call` that lacks credentials, scopes or a sign-in is answered with status 200 and a result with `isError`,
/// which has the challenge in `_meta["mcp/www_authenticate"]`: an array of values of `WWW-Authenticate` (MCP SEP-1489).
enum ToolResultChallenge {
    /// The response; `nil` unless the denial has a challenge that a client can meet, and the body is one `tools/call`
    /// with an id.
    static func response(to denial: Denial, of request: HTTPRequest, body: [UInt8]) -> RenderedResponse? {
        guard let challenge = denial.challenge, canBeMet(denial.reason), let id = MCPCallID.read(body) else {
            return nil
        }
        var result: [String: JSON] = [
            "content": [["type": "text", "text": .string(ResponseWriting.description(of: denial))]],
            "isError": true,
            "_meta": ["mcp/www_authenticate": [.string(text(of: challenge))]],
        ]
        // Results of this revision and later ones say that they are complete (MCP 2026-07-28, Result).
        if MCPHeaders(request.headerFields).isOfRevision20260728 { result["resultType"] = "complete" }
        let message: JSON = ["jsonrpc": "2.0", "id": id, "result": .object(result)]
        let isStream = !accepts("application/json", request) && accepts("text/event-stream", request)
        var head = HTTPResponse(status: .ok)
        head.headerFields[.contentType] = isStream ? "text/event-stream" : "application/json"
        head.headerFields[.cacheControl] = "no-store"
        let text = message.encoded()
        let event = Array("event: message\ndata: ".utf8) + text + Array("\n\n".utf8)
        return RenderedResponse(head: head, body: isStream ? event : text)
    }

    private static func canBeMet(_ reason: Denial.Reason) -> Bool {
        [.noCredentials, .insufficientScope, .insufficientAuthentication].contains(reason)
    }

    /// The challenge with an error code, without which clients do not start a login from a tool result.
    private static func text(of challenge: BearerChallenge) -> String {
        guard challenge.error == nil else { return ResponseWriting.text(of: challenge) }
        return ResponseWriting.text(
            of: BearerChallenge(
                error: .insufficientScope,
                scope: challenge.scope,
                resourceMetadata: challenge.resourceMetadata
            )
        )
    }

    /// Whether the client takes a response of this type; a client that does not say takes any.
    private static func accepts(_ type: String, _ request: HTTPRequest) -> Bool {
        let fields = request.headerFields[values: .accept]
        guard !fields.isEmpty else { return true }
        let ranges = fields.flatMap { $0.split(separator: ",") }.map { range in
            range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        }
        // The most specific range counts (RFC 9110 section 12.5.1).
        for name in [type, type.prefix { $0 != "/" } + "/*", "*/*"] {
            let named = ranges.filter { $0.first == name }
            guard named.isEmpty else { return named.contains { !$0.dropFirst().contains(where: isRefusal) } }
        }
        return false
    }

    private static func isRefusal(_ parameter: String) -> Bool {
        ["q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000"].contains(parameter)
    }
}

/// The id of the JSON-RPC request in a body, if the body is one `tools/call`.
private enum MCPCallID {
    private static let members = MemberNames(["id", "method"])
    private static let longestID = 1024

    /// `nil` for a batch, a notification, another method, and an id that is neither a string nor an integer.
    static func read(_ body: [UInt8]) -> JSON? {
        var place: Int?
        var method: String?
        do throws(JSONParsingError) {
            var cursor = try JSONCursor(body, limits: MCPMessageReading.limits)
            guard cursor.kind == .object else { return nil }
            try cursor.object { name, cursor throws(JSONParsingError) in
                guard case .one(let index) = members.match(name) else { return }
                if index == 0 {
                    place = cursor.offset
                } else {
                    method = try cursor.string()
                }
            }
            try cursor.end()
        } catch {
            return nil
        }
        guard method == MCPMethod.callTool.name, let place else { return nil }
        var reader = ValidJSON(body.span, from: place)
        let id = reader.value(body.span, mostBytes: longestID, mostElements: 0)
        switch id {
        case .string, .integer: return id
        default: return nil
        }
    }
}
