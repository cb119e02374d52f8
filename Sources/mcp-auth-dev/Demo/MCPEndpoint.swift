// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Hummingbird
internal import MCPAuth
internal import MCPAuthJSON

/// A small working MCP server (Streamable HTTP) with tools that keep lines of text.
///
/// It supports every revision of ``MCPRevision``. Before a request comes here, the guard has decided that the caller
/// may make it and has checked that the `Mcp-*` fields agree with the body. There is no caller if the request has no
/// token and its policy allows anyone.
actor MCPEndpoint {
    /// One tool.
    struct Tool: Sendable {
        let name: String
        let title: String
        /// The string argument it takes; `nil` for none.
        let argument: String?
    }

    private let name: String
    private let reading: Tool
    private let writing: Tool
    private var lines: [String]

    init(name: String, reading: Tool, writing: Tool, lines: [String]) {
        self.name = name
        self.reading = reading
        self.writing = writing
        self.lines = lines
    }

    /// The response to the body of one POST request.
    func response(to body: [UInt8], fields: HTTPFields, caller: AuthInfo?) -> Response {
        let limits = JSONDocument.Limits(bytes: Self.longestBody, depth: 64)
        guard let root = try? JSONDocument(parsing: body, limits: limits).root else {
            return Self.refusal(.parsing("the body is not JSON"), of: nil)
        }
        let revision: MCPRevision
        do throws(MCPError) {
            revision = try MCPRevision.of(fields)
        } catch {
            return Self.refusal(error, of: root["id"])
        }
        guard let batch = root.array else { return response(to: root, revision, caller) }
        guard revision.hasBatches, !batch.isEmpty else {
            return Self.refusal(.invalidRequest("the body must be one JSON-RPC message"), of: nil)
        }
        let answers = batch.compactMap { answer(to: $0, revision, caller)?.message }
        return answers.isEmpty ? Response(status: .accepted) : Self.json(.array(answers))
    }

    /// In bytes.
    static let longestBody = 1024 * 1024

    private func response(to message: JSONView, _ revision: MCPRevision, _ caller: AuthInfo?) -> Response {
        if let subscription = subscription(message, revision, caller) { return subscription.response }
        guard let answer = answer(to: message, revision, caller) else { return Response(status: .accepted) }
        return Self.json(answer.message, answer.status)
    }

    private struct Answer {
        let message: JSON
        var status = HTTPResponse.Status.ok
    }

    /// The answer to one message; `nil` for a message that gets none.
    private func answer(to message: JSONView, _ revision: MCPRevision, _ caller: AuthInfo?) -> Answer? {
        var id = JSON.null
        do throws(MCPError) {
            guard let request = try MCPRequest(message, revision) else { return nil }
            id = request.id
            try request.checkMetadata()
            let result = try result(of: request, caller)
            return Answer(message: ["jsonrpc": "2.0", "id": id, "result": .object(result)])
        } catch {
            return Answer(message: error.message(id: id), status: error.status(in: revision))
        }
    }

    private func result(of request: MCPRequest, _ caller: AuthInfo?) throws(MCPError) -> [String: JSON] {
        let isStateless = request.revision.isStateless
        var result: [String: JSON]
        switch request.method {
        case "initialize" where !isStateless:
            result = initialization(request.parameters)
        case "ping" where !isStateless:
            result = [:]
        case "server/discover" where isStateless:
            let supported = MCPRevision.allCases.map { JSON.string($0.rawValue) }
            result = ["supportedVersions": .array(supported), "capabilities": Self.capabilities]
            result.merge(Self.freshness(seconds: 3600)) { $1 }
        case "tools/list":
            result = ["tools": .array([describe(reading, reads: true), describe(writing, reads: false)])]
            if isStateless { result.merge(Self.freshness(seconds: 60)) { $1 } }
        case "tools/call":
            result = try call(request.parameters, caller)
        default:
            throw .unknownMethod("there is no method `\(request.method)` in revision \(request.revision.rawValue)")
        }
        if isStateless {
            result["resultType"] = "complete"
            result["_meta"] = ["io.modelcontextprotocol/serverInfo": information]
        }
        return result
    }

    private var information: JSON { ["name": .string(name), "version": "1.0.0"] }

    private static let capabilities: JSON = ["tools": [:]]

    /// How long a client may cache a result, which must not be shared between tokens.
    private static func freshness(seconds: Int64) -> [String: JSON] {
        ["ttlMs": .integer(seconds * 1000), "cacheScope": "private"]
    }

    private func initialization(_ parameters: JSONView?) -> [String: JSON] {
        let asked = parameters?["protocolVersion"]?.string
        let revision = MCPRevision.withSessions.first { $0.rawValue == asked } ?? MCPRevision.withSessions[0]
        return [
            "protocolVersion": .string(revision.rawValue), "capabilities": Self.capabilities, "serverInfo": information,
        ]
    }

    private func call(_ parameters: JSONView?, _ caller: AuthInfo?) throws(MCPError) -> [String: JSON] {
        let asked = parameters?["name"]?.string
        if asked == reading.name { return Self.text(lines.joined(separator: "\n")) }
        guard asked == writing.name, let argument = writing.argument else {
            throw .invalidParameters("there are the tools `\(reading.name)` and `\(writing.name)`")
        }
        guard let line = parameters?["arguments"]?[argument]?.string else {
            var result = Self.text("the argument `\(argument)` is missing, or is not a string")
            result["isError"] = true
            return result
        }
        lines.append("\(line) (\(caller?.subject ?? caller?.clientID ?? "unknown"))")
        if lines.count > Self.mostLines { lines.removeFirst() }
        return Self.text("kept: \(line)")
    }

    private static let mostLines = 100

    private func describe(_ tool: Tool, reads: Bool) -> JSON {
        var schema: [String: JSON] = ["type": "object"]
        if let argument = tool.argument {
            schema["properties"] = .object([argument: ["type": "string", "description": "The line to keep"]])
            schema["required"] = [.string(argument)]
        }
        return [
            "name": .string(tool.name), "title": .string(tool.title), "description": .string(tool.title),
            "inputSchema": .object(schema),
            "annotations": ["readOnlyHint": .boolean(reads), "destructiveHint": false, "openWorldHint": false],
        ]
    }

    /// The stream that `subscriptions/listen` opens; `nil` for every other message.
    private func subscription(
        _ message: JSONView,
        _ revision: MCPRevision,
        _ caller: AuthInfo?
    ) -> MCPSubscription? {
        guard revision.isStateless, let request = try? MCPRequest(message, revision),
            request.method == "subscriptions/listen", (try? request.checkMetadata()) != nil
        else { return nil }
        return MCPSubscription(id: request.id, server: information, expiresAt: caller?.expiresAt)
    }

    private static func text(_ text: String) -> [String: JSON] {
        ["content": [["type": "text", "text": .string(text)]]]
    }

    /// The response to a body from which no request can be read.
    private static func refusal(_ error: MCPError, of id: JSONView?) -> Response {
        json(error.message(id: MCPRequest.identifier(id) ?? .null), error.status(in: nil))
    }

    private static func json(_ value: JSON, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.encoded()))
        )
    }
}
#endif
