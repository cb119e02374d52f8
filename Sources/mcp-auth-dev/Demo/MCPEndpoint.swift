// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Hummingbird
internal import MCPAuth
internal import MCPAuthJSON

/// A small working MCP server (Streamable HTTP, JSON answers) with tools that keep lines of text.
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

    /// Answers one JSON-RPC message.
    func response(to body: [UInt8], caller: AuthInfo?) -> Response {
        guard let message = try? JSONDocument(parsing: body, limits: .fetched).root,
            let method = message["method"]?.string
        else { return Self.json(Self.error(id: .null, -32700, "not a JSON-RPC request"), .badRequest) }
        guard let id = message["id"].map(JSON.init) else { return Response(status: .accepted) }
        switch method {
        case "initialize":
            return Self.json(Self.result(id, initialization(message["params"])))
        case "ping":
            return Self.json(Self.result(id, [:]))
        case "tools/list":
            return Self.json(Self.result(id, ["tools": .array([reading, writing].map(Self.description))]))
        case "tools/call":
            return Self.json(call(id, message["params"], caller))
        default:
            return Self.json(Self.error(id: id, -32601, "method not found"))
        }
    }

    private func initialization(_ parameters: JSONValue?) -> JSON {
        let known = ["2025-11-25", "2025-06-18", "2025-03-26"]
        let asked = parameters?["protocolVersion"]?.string ?? known[0]
        return [
            "protocolVersion": .string(known.contains(asked) ? asked : known[0]),
            "capabilities": ["tools": [:]],
            "serverInfo": ["name": .string(name), "version": "1.0.0"],
        ]
    }

    private func call(_ id: JSON, _ parameters: JSONValue?, _ caller: AuthInfo?) -> JSON {
        switch parameters?["name"]?.string {
        case reading.name:
            return Self.result(id, Self.text(lines.joined(separator: "\n")))
        case writing.name:
            guard let argument = writing.argument, let line = parameters?["arguments"]?[argument]?.string else {
                return Self.error(id: id, -32602, "the tool needs its string argument")
            }
            lines.append("\(line) (\(caller?.subject ?? caller?.clientID ?? "unknown"))")
            return Self.result(id, Self.text("kept: \(line)"))
        default:
            return Self.error(id: id, -32602, "unknown tool")
        }
    }

    private static func description(_ tool: Tool) -> JSON {
        var schema: [String: JSON] = ["type": "object"]
        if let argument = tool.argument {
            schema["properties"] = .object([argument: ["type": "string"]])
            schema["required"] = [.string(argument)]
        }
        return ["name": .string(tool.name), "description": .string(tool.title), "inputSchema": .object(schema)]
    }

    private static func text(_ text: String) -> JSON {
        ["content": [["type": "text", "text": .string(text)]]]
    }

    private static func result(_ id: JSON, _ result: JSON) -> JSON {
        ["jsonrpc": "2.0", "id": id, "result": result]
    }

    private static func error(id: JSON, _ code: Int64, _ message: String) -> JSON {
        ["jsonrpc": "2.0", "id": id, "error": ["code": .integer(code), "message": .string(message)]]
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
