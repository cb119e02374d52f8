// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import MCPAuthCore
internal import MCPAuthJSON

/// Which operations a rule is about.
package struct Targets: Sendable {
    /// Whether a target matches one operation.
    enum Match: Sendable {
        case yes
        case no
        /// The operation, or what it acts on, is not known, and the rule is about some operations only.
        case unknown
    }

    package var matchesAny = false
    package var methods: [Glob] = []
    package var includesBasics = false
    package var tools: [Glob] = []
    package var prompts: [Glob] = []
    package var resourceURIs: [Glob] = []
    package var httpMethods: Set<String> = []
    package var paths: [Glob] = [] {
        didSet { foldedPaths = paths.map { CaseFoldedGlob($0.starred) } }
    }
    /// The paths, for hosts that ignore case.
    private var foldedPaths: [CaseFoldedGlob] = []

    /// Whether the rule is about some MCP operations only.
    package var restrictsMCP: Bool {
        includesBasics || !(methods.isEmpty && tools.isEmpty && prompts.isEmpty && resourceURIs.isEmpty)
    }

    private func names(of object: MCPMethod.Object) -> [Glob] {
        switch object {
        case .tool: tools
        case .prompt: prompts
        case .resourceURI: resourceURIs
        }
    }

    /// Whether the targets match an operation.
    ///
    /// - Parameters:
    ///   - message: `nil` for plain HTTP and for an MCP operation that is not known.
    ///   - isAgainstCaller: Whether the rule denies or requires; every spelling of the path then counts.
    func match(_ request: ProtectedResourceRequest, _ message: MCPMessage?, isAgainstCaller: Bool) -> Match {
        if matchesAny { return .yes }
        guard matchesHTTP(request, isAgainstCaller: isAgainstCaller) else { return .no }
        if let message { return restrictsMCP ? match(message) : .yes }
        if request.operation == .http { return restrictsMCP ? .no : .yes }
        // The HTTP method and path do not tell what an MCP message does, so they allow none that cannot be read.
        return .unknown
    }

    /// Whether the HTTP method and path match those of the rule.
    ///
    /// Hosts have one handler for a path with and without a trailing slash, and some hosts ignore case in paths. A rule
    /// that denies or requires matches all of these spellings; a rule that allows matches the canonical path only.
    func matchesHTTP(_ request: ProtectedResourceRequest, isAgainstCaller: Bool) -> Bool {
        guard hasHTTPMethod(of: request) else { return false }
        return paths.isEmpty || firstPathPattern(matching: request, isAgainstCaller: isAgainstCaller) != nil
    }

    func hasHTTPMethod(of request: ProtectedResourceRequest) -> Bool {
        httpMethods.isEmpty || httpMethods.contains(request.method.rawValue)
    }

    /// The first pattern of `paths` that matches a spelling of the path that counts.
    func firstPathPattern(matching request: ProtectedResourceRequest, isAgainstCaller: Bool) -> Int? {
        paths.indices.first { index in
            if hasPath(index, request.path.description, ignoringCase: isAgainstCaller && request.ignoresCase) {
                return true
            }
            guard isAgainstCaller, let path = request.path.withSlash else { return false }
            return hasPath(index, path, ignoringCase: request.ignoresCase)
        }
    }

    private func hasPath(_ index: Int, _ path: String, ignoringCase: Bool) -> Bool {
        paths[index].matches(path) || ignoringCase && foldedPaths[index].matches(path)
    }

    /// The first pattern of `resource_uris` that matches the URI.
    func firstURIPattern(matching uri: String) -> Int? {
        resourceURIs.firstIndex { $0.matches(uri) }
    }

    /// Calls `body` with every pattern of `paths` that matches, and the spelling of the path that it matches.
    func forEachMatch(
        of request: ProtectedResourceRequest,
        isAgainstCaller: Bool,
        _ body: (Glob, String) -> Void
    ) {
        let ignoresCase = isAgainstCaller && request.ignoresCase
        for (index, glob) in paths.enumerated() {
            func offer(_ path: String) {
                if hasPath(index, path, ignoringCase: ignoresCase) { body(glob, path) }
            }
            offer(request.path.description)
            if isAgainstCaller, let path = request.path.withSlash { offer(path) }
        }
    }

    /// Whether the rule lists the MCP method itself, and so every name that it acts on.
    func hasMethod(_ method: String) -> Bool {
        includesBasics && Self.isBasic(method) || methods.contains { $0.matches(method) }
    }

    /// Whether the rule lists the name of a tool or prompt, or the URI of a resource.
    func hasName(_ name: String, _ object: MCPMethod.Object) -> Bool {
        names(of: object).contains { $0.matches(name) }
    }

    private func match(_ message: MCPMessage) -> Match {
        guard case .call(let method, let name, _) = message else { return includesBasics ? .yes : .no }
        if hasMethod(method) { return .yes }
        guard let object = MCPMethod.acting(named: method)?.object, !names(of: object).isEmpty else { return .no }
        guard let name, Self.isPlain(name, object) else { return .unknown }
        return hasName(name, object) ? .yes : .no
    }

    /// Whether a name can be compared as written: the server may resolve a URI with dot segments to another one.
    ///
    /// Works on bytes, since a combining mark after `/` would hide the slash among characters.
    package static func isPlain(_ name: String, _ object: MCPMethod.Object) -> Bool {
        guard object == .resourceURI else { return true }
        // Most URIs have no segment of dots, plain or encoded.
        guard name.utf8.contains(UInt8(ascii: ".")) || name.utf8.contains(UInt8(ascii: "%")) else { return true }
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

    /// Removes two hexadecimal digits and returns the byte that they encode; `nil` when there are none.
    private static func decoded(_ bytes: inout ArraySlice<UInt8>) -> UInt8? {
        let digits = bytes.prefix(2)
        let values = String(decoding: digits, as: UTF8.self).compactMap(\.hexDigitValue)
        guard digits.count == 2, values.count == 2 else { return nil }
        let value = UInt8(values[0] << 4 | values[1])
        bytes = bytes.dropFirst(2)
        return value
    }

    private static func isDots(_ segment: [UInt8]) -> Bool {
        segment == [UInt8(ascii: ".")] || segment == [UInt8(ascii: "."), UInt8(ascii: ".")]
    }

    /// The methods that every session needs, whatever the server offers.
    package static let basicMethods = ["initialize", "server/discover", "ping", "subscriptions/listen"]
    static let basicPrefix = "notifications/"

    private static func isBasic(_ method: String) -> Bool {
        basicMethods.contains { $0.isExactly(method) } || method.utf8.starts(with: basicPrefix.utf8)
    }
}
