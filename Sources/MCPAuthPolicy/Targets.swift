// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON

/// Which operations a rule is about.
struct Targets: Sendable {
    /// Whether a target matches one operation.
    enum Match: Sendable {
        case yes
        case no
        /// The operation, or what it acts on, cannot be known, and the rule is about some only.
        case unknown
    }

    /// What an MCP method acts on.
    enum Kind: Sendable {
        case tool
        case prompt
        case resourceURI

        /// `nil` for methods that act on nothing named.
        init?(method: String) {
            switch method {
            case "tools/call": self = .tool
            case "prompts/get": self = .prompt
            case "resources/read", "resources/subscribe", "resources/unsubscribe": self = .resourceURI
            default: return nil
            }
        }
    }

    var matchesAny = false
    var methods: [Glob] = []
    var includesBasics = false
    var tools: [Glob] = []
    var prompts: [Glob] = []
    var resourceURIs: [Glob] = []
    var httpMethods: Set<String> = []
    var paths: [Glob] = []

    /// Whether the rule is about some MCP operations only.
    var restrictsMCP: Bool {
        includesBasics || !(methods.isEmpty && tools.isEmpty && prompts.isEmpty && resourceURIs.isEmpty)
    }

    func names(of kind: Kind) -> [Glob] {
        switch kind {
        case .tool: tools
        case .prompt: prompts
        case .resourceURI: resourceURIs
        }
    }

    /// `message` is `nil` for plain HTTP and for an MCP operation that is not known.
    func match(_ operation: PolicyOperation, _ message: MCPMessage?, countingSlash: Bool) -> Match {
        if matchesAny { return .yes }
        guard matchesHTTP(operation, countingSlash: countingSlash) else { return .no }
        if let message { return restrictsMCP ? match(message) : .yes }
        if operation.operation == .http { return restrictsMCP ? .no : .yes }
        // Method and path do not say what an MCP message does, so they allow none that cannot be read.
        return .unknown
    }

    /// Whether method and path are among those of the rule.
    ///
    /// - Parameter countingSlash: Whether the path with the slash that the request has at its end is one of its paths too.
    func matchesHTTP(_ operation: PolicyOperation, countingSlash: Bool) -> Bool {
        guard httpMethods.isEmpty || httpMethods.contains(operation.method.rawValue) else { return false }
        guard !paths.isEmpty else { return true }
        if paths.contains(where: { $0.matches(operation.path) }) { return true }
        guard countingSlash, let path = operation.pathWithSlash else { return false }
        return paths.contains { $0.matches(path) }
    }

    private func match(_ message: MCPMessage) -> Match {
        guard case .call(let method, let name) = message else { return includesBasics ? .yes : .no }
        if includesBasics, Self.isBasic(method) { return .yes }
        if methods.contains(where: { $0.matches(method) }) { return .yes }
        guard let kind = Kind(method: method) else { return .no }
        let globs = names(of: kind)
        guard !globs.isEmpty else { return .no }
        guard let name, Self.isPlain(name, kind) else { return .unknown }
        return globs.contains { $0.matches(name) } ? .yes : .no
    }

    /// Whether a name can be compared as it is: a URI with dot segments may be read as another one by the server.
    ///
    /// Looks at bytes, since a mark that combines with `/` would hide it from a look at characters.
    static func isPlain(_ name: String, _ kind: Kind) -> Bool {
        guard kind == .resourceURI else { return true }
        var segment: [UInt8] = []
        var bytes = Array(name.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })[...]
        while let byte = bytes.popFirst() {
            let read = byte == UInt8(ascii: "%") ? decoded(&bytes) ?? byte : byte
            guard read == UInt8(ascii: "/") || read == UInt8(ascii: "\\") else {
                segment.append(read)
                continue
            }
            if isDots(segment) { return false }
            segment = []
        }
        return !isDots(segment)
    }

    /// The byte that two hexadecimal digits stand for, which are then taken; `nil` when there are none.
    private static func decoded(_ bytes: inout ArraySlice<UInt8>) -> UInt8? {
        let digits = bytes.prefix(2)
        guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
            return nil
        }
        bytes = bytes.dropFirst(2)
        return value
    }

    private static func isDots(_ segment: [UInt8]) -> Bool {
        segment == [UInt8(ascii: ".")] || segment == [UInt8(ascii: "."), UInt8(ascii: ".")]
    }

    /// What every session needs, whatever the server offers.
    static let basicMethods = ["initialize", "server/discover", "ping"]
    static let basicPrefix = "notifications/"

    private static func isBasic(_ method: String) -> Bool {
        basicMethods.contains { $0.isExactly(method) } || method.utf8.starts(with: basicPrefix.utf8)
    }
}
