// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// A method of the Model Context Protocol.
///
/// ``known`` has those of every revision through 2026-07-28 and of the Tasks extension. It is the one place that says
/// which parameter names what a method acts on.
package struct MCPMethod: Sendable {
    /// What a method acts on, where rules can list it by name.
    package enum Object: Sendable, Hashable {
        case tool
        case prompt
        case resourceURI
    }

    package let name: String
    /// The member of `params` that names what the method acts on; `nil` for a method that acts on nothing named.
    package let parameter: String?
    /// The kind of what it acts on; `nil` where rules have no list for it.
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

    /// The methods that act on something named.
    ///
    /// The Tasks extension has clients put the task in `Mcp-Name` so that requests are routed by it; no server depends
    /// on the field being there.
    private static let acting: [MCPMethod] = [
        callTool, getPrompt, readResource,
        MCPMethod("resources/subscribe", "uri", .resourceURI), MCPMethod("resources/unsubscribe", "uri", .resourceURI),
        MCPMethod("tasks/get", "taskId"), MCPMethod("tasks/update", "taskId"), MCPMethod("tasks/cancel", "taskId"),
        MCPMethod("tasks/result", "taskId"),
    ]

    /// Every method that MCP has, requests and notifications of both sides.
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

    /// The method of this name, where it acts on something named; `nil` for every other one.
    package static func acting(named name: String) -> MCPMethod? {
        acting.first { $0.name.utf8.count == name.utf8.count && $0.name.isExactly(name) }
    }

    /// Whether MCP has a method of this name.
    package static func isKnown(_ name: String) -> Bool {
        known.contains { $0.name.isExactly(name) }
    }

    /// The methods of MCP whose names begin as this one does, up to the first slash.
    private static func neighbours(of name: String) -> [String] {
        let namespace = name.utf8.prefix { $0 != UInt8(ascii: "/") }
        guard namespace.count < name.utf8.count else { return [] }
        return known.map(\.name).filter {
            $0.utf8.starts(with: namespace) && $0.utf8.dropFirst(namespace.count).first == 0x2F
        }
    }

    /// What is wrong with the name of a method, in words; `nil` for a method of MCP, and for one that an extension may
    /// have.
    ///
    /// An extension has names of its own, such as `acme/report`. What is nearly a method of MCP, has no slash, or
    /// stands among its methods (`tools/run`) is taken for a mistake.
    package static func mistake(in name: String) -> String? {
        guard !isKnown(name) else { return nil }
        let what = "`\(name.printable)` is not an MCP method"
        let suggestion = Suggestion.text(for: name, among: known.map(\.name))
        if !suggestion.isEmpty { return what + suggestion }
        guard name.utf8.contains(UInt8(ascii: "/")) else {
            return what + "; to call a tool, write `tools/call:\(name.printable)`"
        }
        let neighbours = neighbours(of: name)
        // Servers and clients have notifications of their own among those of MCP.
        guard !neighbours.isEmpty, !name.utf8.starts(with: "notifications/".utf8) else { return nil }
        return what + ", expected " + neighbours.map { "`\($0)`" }.joined(separator: ", ")
    }
}
