// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import HTTPTypes
internal import Hummingbird
internal import MCPAuthJSON

/// The revisions of MCP that the demonstration supports, the newest first.
enum MCPRevision: String, CaseIterable {
    case july2026 = "2026-07-28"
    case november2025 = "2025-11-25"
    case june2025 = "2025-06-18"
    case march2025 = "2025-03-26"

    static let newest = MCPRevision.july2026

    /// Those in which a client opens a session with `initialize`, the newest first.
    static let withSessions = allCases.filter { !$0.isStateless }

    /// Whether each request contains what a client of an older revision sends once, in `initialize`.
    var isStateless: Bool { self == .july2026 }

    /// Whether a body may be an array of several messages.
    var hasBatches: Bool { self == .march2025 }

    /// The revision that the field of a request names; without the field, the revision from before the field existed.
    ///
    /// The guard has already checked that the body names the same revision.
    static func of(_ fields: HTTPFields) throws(MCPError) -> MCPRevision {
        guard let text = HTTPField.Name("MCP-Protocol-Version").flatMap({ fields[$0] }) else { return .march2025 }
        guard let revision = MCPRevision(rawValue: text) else { throw .unsupported(text) }
        return revision
    }
}

/// A JSON-RPC error (MCP 2026-07-28, Error Codes).
struct MCPError: Error {
    let code: Int64
    let message: String
    var data: JSON?

    static func parsing(_ message: String) -> MCPError { MCPError(code: -32700, message: message) }
    static func invalidRequest(_ message: String) -> MCPError { MCPError(code: -32600, message: message) }
    static func unknownMethod(_ message: String) -> MCPError { MCPError(code: -32601, message: message) }
    static func invalidParameters(_ message: String) -> MCPError { MCPError(code: -32602, message: message) }

    static func unsupported(_ revision: String) -> MCPError {
        let supported = MCPRevision.allCases.map { JSON.string($0.rawValue) }
        let data: JSON = ["supported": .array(supported), "requested": .string(revision)]
        return MCPError(code: -32022, message: "this revision of MCP is not supported", data: data)
    }

    /// The HTTP status: in older revisions, an error of a method has status 200.
    func status(in revision: MCPRevision?) -> HTTPResponse.Status {
        switch code {
        case -32700, -32600, -32022: .badRequest
        case -32601 where revision?.isStateless ?? false: .notFound
        case -32602 where revision?.isStateless ?? false: .badRequest
        default: .ok
        }
    }

    func message(id: JSON) -> JSON {
        var members: [String: JSON] = ["code": .integer(code), "message": .string(message)]
        members["data"] = data
        return ["jsonrpc": "2.0", "id": id, "error": .object(members)]
    }
}

/// A JSON-RPC request.
struct MCPRequest {
    let id: JSON
    let method: String
    let parameters: JSONView?
    let revision: MCPRevision

    /// Reads one message.
    ///
    /// - Returns: `nil` for messages that get no answer: notifications and, where the revision allows them, responses.
    init?(_ message: JSONView, _ revision: MCPRevision) throws(MCPError) {
        guard message.kind == .object, message["jsonrpc"]?.string == "2.0" else {
            throw .invalidRequest("the message is not a JSON-RPC 2.0 message")
        }
        guard let method = message["method"]?.string else {
            let isResponse = message["result"] != nil || message["error"] != nil
            guard isResponse, !revision.isStateless else {
                throw .invalidRequest("the message is not a JSON-RPC request or notification")
            }
            return nil
        }
        guard let given = message["id"] else { return nil }
        guard let id = Self.identifier(given) else {
            throw .invalidRequest("the id of a request is a string or an integer")
        }
        self.id = id
        self.method = method
        self.parameters = message["params"]
        self.revision = revision
    }

    /// The identifier of a request, for its answer; `nil` for a value that cannot be one.
    static func identifier(_ value: JSONView?) -> JSON? {
        value.flatMap { $0.string != nil || $0.integer != nil ? JSON($0) : nil }
    }

    /// Checks what each request of a revision without sessions must contain (MCP 2026-07-28, Per-request protocol
    /// fields).
    func checkMetadata() throws(MCPError) {
        guard revision.isStateless else { return }
        let meta = parameters?["_meta"]
        guard meta?["io.modelcontextprotocol/protocolVersion"]?.string != nil,
            meta?["io.modelcontextprotocol/clientCapabilities"]?.kind == .object
        else {
            let names = "`io.modelcontextprotocol/protocolVersion` and `io.modelcontextprotocol/clientCapabilities`"
            throw .invalidParameters("`params._meta` must have \(names)")
        }
    }
}
#endif
