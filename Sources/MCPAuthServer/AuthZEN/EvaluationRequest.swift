// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON

/// One question of a gateway: whether a subject may send a request.
///
/// The resource and the action become the HTTP request that the client sends, so that everything after it is the same.
struct EvaluationRequest: Sendable {
    private enum ResourceType: String {
        case http
        case mcp
    }

    let subject: EvaluationSubject
    /// The request of the client, without its token.
    let request: HTTPRequest
    /// The body of the request; `nil` if it is not known, as for every action that is only an HTTP method.
    let body: [UInt8]?

    static let members = ["subject", "action", "resource", "context"]

    init(_ question: WrittenObject) throws(EvaluationMistake) {
        subject = try EvaluationSubject(try question.required("subject"))
        let action = try question.required("action").object(["name", "properties"])
        let resource = try question.required("resource").object(["type", "id", "properties"])
        // Nothing in them counts. Their types are checked so that a gateway notices its mistakes.
        _ = try question["context"]?.object([])
        _ = try resource["properties"]?.object([])

        let type = try resource.required("type")
        let id = try resource.required("id")
        guard let resourceType = ResourceType(rawValue: try type.string()) else {
            throw type.mistake(expected: "`http` or `mcp`", found: "another text")
        }
        guard let url = HTTPURL(try id.string()) else {
            let expected = "the absolute URL of a request, without user information and fragment"
            throw id.mistake(expected: expected, found: "another text")
        }
        let message: Message?
        let method: HTTPRequest.Method
        switch resourceType {
        case .http:
            message = nil
            method = try Self.method(try action.required("name"))
            _ = try action["properties"]?.object([])
        case .mcp:
            message = try Message(action)
            method = .post
        }
        request = HTTPRequest(
            method: method,
            scheme: url.scheme,
            authority: url.authority,
            path: url.path + (url.query.map { "?\($0)" } ?? ""),
            headerFields: message?.fields ?? [:]
        )
        body = message?.body
    }

    private static func method(_ name: WrittenValue) throws(EvaluationMistake) -> HTTPRequest.Method {
        let text = try name.string()
        // Rules name methods in upper case, so another case would escape those that deny. The target of CONNECT is no
        // URL, and proxies answer TRACE themselves.
        guard let method = HTTPRequest.Method(text), method != .connect, method != .trace,
            !text.utf8.contains(where: { (0x61...0x7A).contains($0) })
        else {
            let expected = "an HTTP method in upper case, other than CONNECT and TRACE"
            throw name.mistake(expected: expected, found: "another text")
        }
        return method
    }
}

extension EvaluationRequest {
    /// A JSON-RPC message of a client, and the fields that a client sends with it.
    private struct Message {
        let body: [UInt8]
        let fields: HTTPFields

        init(_ action: WrittenObject) throws(EvaluationMistake) {
            let name = try action.required("name")
            let method = try name.string()
            let properties = action["properties"]
            let params = try properties?.object(Self.members)
            // As they were written: what another parser may see in them must be seen here too.
            var body = Array(#"{"jsonrpc":"2.0","id":1,"method":"#.utf8) + name.text
            if let properties { body += Array(#","params":"#.utf8) + properties.text }
            body.append(UInt8(ascii: "}"))
            self.body = body
            fields = Self.fields(method, params)
        }

        /// The members of `params` that clients repeat in fields.
        private static let members = ["_meta", "name", "uri", "taskId"]
        private static let versionMember = "io.modelcontextprotocol/protocolVersion"

        /// The fields that agree with the message.
        ///
        /// A message that names its revision is refused without them (MCP 2026-07-28), and a gateway does not say which
        /// fields the client sent.
        private static func fields(_ method: String, _ params: WrittenObject?) -> HTTPFields {
            var fields: HTTPFields = [.contentType: "application/json"]
            guard let version = try? params?["_meta"]?.object([versionMember])[versionMember]?.string() else {
                return fields
            }
            append("MCP-Protocol-Version", version, to: &fields)
            append("Mcp-Method", method, to: &fields)
            if let parameter = MCPMethod.acting(named: method)?.parameter,
                let object = try? params?[parameter]?.string()
            {
                append("Mcp-Name", "=?base64?\(Base64.encode(Array(object.utf8)))?=", to: &fields)
            }
            return fields
        }

        /// Appends a field; a value that no client can send is left out, and then the message is refused.
        private static func append(_ name: String, _ value: String, to fields: inout HTTPFields) {
            guard let name = HTTPField.Name(name), HTTPField.isValidValue(value) else { return }
            fields.append(HTTPField(name: name, value: value))
        }
    }
}
