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

    var matchesAny = false
    var methods: [Glob] = []
    var includesBasics = false
    var tools: [Glob] = []
    var prompts: [Glob] = []
    var resourceURIs: [Glob] = []
    var httpMethods: Set<String> = []
    var paths: [Glob] = [] {
        didSet { foldedPaths = paths.map { CaseFoldedGlob($0.pattern) } }
    }
    /// The paths, for hosts that ignore case.
    private var foldedPaths: [CaseFoldedGlob] = []

    /// Whether the rule is about some MCP operations only.
    var restrictsMCP: Bool {
        includesBasics || !(methods.isEmpty && tools.isEmpty && prompts.isEmpty && resourceURIs.isEmpty)
    }

    private func names(of object: MCPMethod.Object) -> [Glob] {
        switch object {
        case .tool: tools
        case .prompt: prompts
        case .resourceURI: resourceURIs
        }
    }

    /// `message` is `nil` for plain HTTP and for an MCP operation that is not known.
    ///
    /// - Parameter isAgainstCaller: Whether the rule denies or requires, so that every reading of the path counts.
    func match(_ request: ProtectedResourceRequest, _ message: MCPMessage?, isAgainstCaller: Bool) -> Match {
        if matchesAny { return .yes }
        guard matchesHTTP(request, isAgainstCaller: isAgainstCaller) else { return .no }
        if let message { return restrictsMCP ? match(message) : .yes }
        if request.operation == .http { return restrictsMCP ? .no : .yes }
        // Method and path do not say what an MCP message does, so they allow none that cannot be read.
        return .unknown
    }

    /// Whether method and path are among those of the rule.
    ///
    /// Hosts have one handler for a path with and without a slash at its end, and some for every spelling in upper and
    /// lower case. What denies or requires is about each of these, and what allows about the one that is spelled as the
    /// rule.
    func matchesHTTP(_ request: ProtectedResourceRequest, isAgainstCaller: Bool) -> Bool {
        guard httpMethods.isEmpty || httpMethods.contains(request.method.rawValue) else { return false }
        guard !paths.isEmpty else { return true }
        if hasPath(request.path.description, ignoringCase: isAgainstCaller && request.ignoresCase) { return true }
        guard isAgainstCaller, let path = request.path.withSlash else { return false }
        return hasPath(path, ignoringCase: request.ignoresCase)
    }

    private func hasPath(_ path: String, ignoringCase: Bool) -> Bool {
        paths.contains { $0.matches(path) } || ignoringCase && foldedPaths.contains { $0.matches(path) }
    }

    /// Whether the method is listed, whatever it acts on.
    func hasMethod(_ method: String) -> Bool {
        includesBasics && Self.isBasic(method) || methods.contains { $0.matches(method) }
    }

    /// Whether the name is listed among those of its kind.
    func hasName(_ name: String, _ object: MCPMethod.Object) -> Bool {
        names(of: object).contains { $0.matches(name) }
    }

    private func match(_ message: MCPMessage) -> Match {
        guard case .call(let method, let name) = message else { return includesBasics ? .yes : .no }
        if hasMethod(method) { return .yes }
        guard let object = MCPMethod.acting(named: method)?.object, !names(of: object).isEmpty else { return .no }
        guard let name, Self.isPlain(name, object) else { return .unknown }
        return hasName(name, object) ? .yes : .no
    }

    /// Whether a name can be compared as it is: a URI with dot segments may be read as another one by the server.
    ///
    /// Looks at bytes, since a mark that combines with `/` would hide it from a look at characters.
    static func isPlain(_ name: String, _ object: MCPMethod.Object) -> Bool {
        guard object == .resourceURI else { return true }
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
    static let basicMethods = ["initialize", "server/discover", "ping", "subscriptions/listen"]
    static let basicPrefix = "notifications/"

    private static func isBasic(_ method: String) -> Bool {
        basicMethods.contains { $0.isExactly(method) } || method.utf8.starts(with: basicPrefix.utf8)
    }
}
