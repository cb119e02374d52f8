// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// A method of the Model Context Protocol.
///
/// ``known`` has the methods of every revision through 2026-07-28 and of the Tasks extension. It also says which
/// parameter names the object of a method.
package struct MCPMethod: Sendable {
    /// The kind of object that a method acts on, if rules can list such objects by name.
    package enum Object: Sendable, Hashable {
        case tool
        case prompt
        case resourceURI
    }

    package let name: String
    /// The member of `params` that names the object of the method; `nil` if the method has no named object.
    package let parameter: String?
    /// The kind of the object; `nil` if rules have no list for it.
    package let object: Object?
    /// Whether a request of revision 2026-07-28 must repeat the parameter in `Mcp-Name` (Standard Request Headers).
    package let demandsNameField: Bool

    private init(_ name: String, _ parameter: String? = nil, _ object: Object? = nil, demandsNameField: Bool = false) {
        self.name = name
        self.parameter = parameter
        self.object = object
        self.demandsNameField = demandsNameField
    }

    package static let callTool = MCPMethod("tools/call", "name", .tool, demandsNameField: true)
    package static let getPrompt = MCPMethod("prompts/get", "name", .prompt, demandsNameField: true)
    package static let readResource = MCPMethod("resources/read", "uri", .resourceURI, demandsNameField: true)

    /// The methods that act on a named object.
    ///
    /// In the Tasks extension, clients put the task in `Mcp-Name` to route requests by it; no server requires the
    /// field.
    private static let acting: [MCPMethod] = [
        callTool, getPrompt, readResource,
        MCPMethod("resources/subscribe", "uri", .resourceURI), MCPMethod("resources/unsubscribe", "uri", .resourceURI),
        MCPMethod("tasks/get", "taskId"), MCPMethod("tasks/update", "taskId"), MCPMethod("tasks/cancel", "taskId"),
        MCPMethod("tasks/result", "taskId"),
    ]

    /// Every method of MCP: requests and notifications of both sides.
    package static let known: [MCPMethod] =
        acting
        + [
            "initialize", "ping", "server/discover", "subscriptions/listen", "tools/list", "prompts/list",
            "resources/list",
            "resources/templates/list", "completion/complete", "logging/setLevel", "tasks/list",
            "sampling/createMessage",
            "roots/list", "elicitation/create", "notifications/initialized", "notifications/cancelled",
            "notifications/progress", "notifications/message", "notifications/roots/list_changed",
            "notifications/tools/list_changed", "notifications/prompts/list_changed",
            "notifications/resources/list_changed", "notifications/resources/updated",
            "notifications/subscriptions/acknowledged", "notifications/elicitation/complete", "notifications/tasks",
            "notifications/tasks/status",
        ].map { MCPMethod($0) }

    /// The method of this name if it acts on a named object; `nil` for every other method.
    package static func acting(named name: String) -> MCPMethod? {
        acting.first { $0.name.utf8.count == name.utf8.count && $0.name.isExactly(name) }
    }

    /// Whether MCP has a method of this name.
    package static func isKnown(_ name: String) -> Bool {
        known.contains { $0.name.isExactly(name) }
    }

    /// The methods of MCP with the same part before the first slash.
    private static func neighbours(of name: String) -> [String] {
        let namespace = name.utf8.prefix { $0 != UInt8(ascii: "/") }
        guard namespace.count < name.utf8.count else { return [] }
        return known.map(\.name).filter {
            $0.utf8.starts(with: namespace) && $0.utf8.dropFirst(namespace.count).first == 0x2F
        }
    }

    /// A message about a mistake in the name of a method; `nil` for a method of MCP and for a possible name in an
    /// extension.
    ///
    /// An extension has its own names, such as `acme/report`. A name that is similar to a method of MCP, has no slash,
    /// or begins as methods of MCP do (`tools/run`) is taken for a mistake.
    package static func mistake(in name: String) -> String? {
        guard !isKnown(name) else { return nil }
        let what = "`\(name.printable)` is not an MCP method"
        let suggestion = Suggestion.text(for: name, among: known.map(\.name))
        if !suggestion.isEmpty { return what + suggestion }
        guard name.utf8.contains(UInt8(ascii: "/")) else {
            return what + "; to call a tool, write `tools/call:\(name.printable)`"
        }
        let neighbours = neighbours(of: name)
        // Servers and clients also define their own notifications under this prefix.
        guard !neighbours.isEmpty, !name.utf8.starts(with: "notifications/".utf8) else { return nil }
        return what + ", expected " + neighbours.map { "`\($0)`" }.joined(separator: ", ")
    }
}
