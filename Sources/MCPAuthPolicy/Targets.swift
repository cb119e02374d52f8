// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore

/// Which operations a rule is about.
struct Targets: Sendable {
    /// Whether a target matches one operation.
    enum Match: Sendable {
        case yes
        case no
        /// The operation cannot be known, and the rule is about some operations only.
        case unknown
    }

    let matchesAny: Bool
    let methods: [Glob]
    let includesBasics: Bool
    let tools: [Glob]
    let httpMethods: Set<String>
    let paths: [Glob]

    private var restrictsMCP: Bool { !methods.isEmpty || !tools.isEmpty || includesBasics }

    /// `message` is `nil` for plain HTTP and for an MCP operation that is not known.
    func match(_ operation: PolicyOperation, _ message: MCPMessage?) -> Match {
        if matchesAny { return .yes }
        guard httpMethods.isEmpty || httpMethods.contains(operation.method.rawValue) else { return .no }
        guard paths.isEmpty || paths.contains(where: { $0.matches(operation.path) }) else { return .no }
        if let message { return !restrictsMCP || matches(message) ? .yes : .no }
        if operation.operation == .http { return restrictsMCP ? .no : .yes }
        // Method and path do not say what an MCP message does, so they allow none that cannot be read.
        return .unknown
    }

    /// The MCP methods and tools the rule names, when it names nothing else by pattern or group.
    var exactNames: (methods: [String], tools: [String])? {
        guard restrictsMCP, !includesBasics else { return nil }
        let methodNames = methods.compactMap(\.exactText)
        let toolNames = tools.compactMap(\.exactText)
        guard methodNames.count == methods.count, toolNames.count == tools.count else { return nil }
        return (methodNames, toolNames)
    }

    private func matches(_ message: MCPMessage) -> Bool {
        switch message {
        case .response, .stream, .sessionEnd:
            return includesBasics
        case .call(let method, let name):
            if includesBasics, Self.isBasic(method) { return true }
            if methods.contains(where: { $0.matches(method) }) { return true }
            guard method == "tools/call", let name else { return false }
            return tools.contains { $0.matches(name) }
        }
    }

    private static func isBasic(_ method: String) -> Bool {
        ["initialize", "server/discover", "ping"].contains(method) || method.hasPrefix("notifications/")
    }
}
