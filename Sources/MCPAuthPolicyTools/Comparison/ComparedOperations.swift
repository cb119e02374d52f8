// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthPolicy

internal import struct Foundation.CharacterSet

/// An operation for which two policies are compared.
struct ComparedOperation {
    /// The path of the resource for a message, and of the request for plain HTTP.
    let path: RequestPath
    let call: PolicyCall

    /// `nil` for plain HTTP and for an operation that is not known.
    var message: MCPMessage? {
        guard case .mcp(let messages) = call.operation else { return nil }
        return messages.first
    }

    var takesArguments: Bool {
        guard case .call(let method, _, _)? = message else { return false }
        return [.tool, .prompt].contains(MCPMethod.acting(named: method)?.object)
    }

    func request(_ message: MCPMessage?) -> ProtectedResourceRequest {
        ProtectedResourceRequest(
            method: call.method,
            path: path,
            operation: message.map { .mcp([$0]) } ?? call.operation
        )
    }
}

/// The operations that two policies tell apart: for every set of targets that one operation can match, at least one.
struct ComparedOperations {
    private(set) var operations: [ComparedOperation] = []
    /// Why some operations are missing; empty if none is.
    private(set) var gaps: [String] = []

    private static let mostOperations = 200_000
    /// The path of a resource, if no rule names a path.
    private static let usualPath = "/mcp"

    init(_ policies: [CompiledPolicy]) {
        let rules = policies.flatMap(\.rules)
        let targets = rules.map(\.targets)
        var paths = texts(
            targets.flatMap(\.paths) + Self.captureVariants(of: rules, \.paths, isPath: true),
            .path,
            "paths",
            and: [Self.usualPath]
        ).compactMap(RequestPath.init)
        let isPathNamed = targets.contains { !$0.paths.isEmpty }
        if isPathNamed { paths += paths.compactMap { RequestPath("\($0)/") } }
        let methods = texts(targets.flatMap(\.methods), .name, "MCP methods", and: MCPMethod.known.map(\.name))
        let tools = texts(targets.flatMap(\.tools), .name, "tools")
        let prompts = texts(targets.flatMap(\.prompts), .name, "prompts")
        var uris = texts(
            targets.flatMap(\.resourceURIs) + Self.captureVariants(of: rules, \.resourceURIs, isPath: false),
            .uri,
            "resource URIs"
        )
        uris.removeAll { !Targets.isPlain($0, .resourceURI) }
        // A URI that servers may resolve to another one.
        uris.append("x://x/../x")

        var messages: [MCPMessage] = methods.flatMap { method -> [MCPMessage] in
            guard let acting = MCPMethod.acting(named: method) else { return [.call(method: method, name: nil)] }
            let names =
                switch acting.object {
                case .tool: tools
                case .prompt: prompts
                case .resourceURI: uris
                case nil: ["x"]
                }
            return names.map { .call(method: method, name: $0) }
        }
        messages.append(.response)
        var calls = messages.map { PolicyCall(.mcp([$0]), .post) }
        calls += [
            PolicyCall(.mcp([.stream]), .get), PolicyCall(.mcp([.sessionEnd]), .delete), PolicyCall(.unknown, .post),
        ]
        var httpMethods = targets.reduce(into: Set<String>()) { $0.formUnion($1.httpMethods) }
        if let other = ["GET", "POST", "PUT", "PATCH", "DELETE", "x"].first(where: { !httpMethods.contains($0) }) {
            httpMethods.insert(other)
        }
        // A rule for messages may have paths; the path of the resource is one of them, or another one.
        let resourcePaths = isPathNamed ? paths : Array(paths.prefix(1))
        let plainMethods = httpMethods.sorted().compactMap { HTTPRequest.Method($0) }
        let count = resourcePaths.count * calls.count + plainMethods.count * paths.count
        if count > Self.mostOperations {
            gaps.append("only the first \(Self.mostOperations) of \(count) operations were compared")
        }
        // No more than are compared are made.
        let messageOperations = resourcePaths.lazy.flatMap { path in
            calls.lazy.map { ComparedOperation(path: path, call: $0) }
        }
        operations = Array(messageOperations.prefix(Self.mostOperations))
        let plainOperations = plainMethods.lazy.flatMap { method in
            paths.lazy.map { ComparedOperation(path: $0, call: PolicyCall(.http, method, path: $0)) }
        }
        operations += plainOperations.prefix(Self.mostOperations - operations.count)
    }

    /// The patterns without stars, then texts that tell all patterns apart.
    private mutating func texts(
        _ globs: [Glob],
        _ kind: PatternWords.Kind,
        _ what: String,
        and others: [String] = []
    ) -> [String] {
        let words = PatternWords(globs.map(\.elements), kind)
        if !words.isComplete { gaps.append("the patterns of \(what) overlap in too many ways to try all") }
        return (others + globs.filter { $0.isExact && $0.captures.isEmpty }.map(\.pattern) + words.words)
            .filter { !$0.isEmpty }.uniqued
    }

    /// The patterns with captures once more, with each value that the conditions of the rule ask for.
    private static func captureVariants(
        of rules: [PolicyRule],
        _ globs: (Targets) -> [Glob],
        isPath: Bool
    ) -> [Glob] {
        rules.filter(\.readsCaptures).flatMap { rule -> [Glob] in
            // Not UTF-8 when it is decoded, so the capture is not known.
            let values = ["%FF"] + (isPath ? [] : [""]) + segments(of: rule.condition?.leaves.map(\.predicate) ?? [])
            return globs(rule.targets).filter { !$0.captures.isEmpty }.flatMap { glob in
                glob.captures.flatMap { capture in
                    values.map { value in
                        let segments = glob.pattern.split(separator: "/", omittingEmptySubsequences: false)
                        let replaced = segments.map { segment in
                            guard segment.first == "{" else { return String(segment) }
                            return segment == "{\(capture.name)}" ? value : "*"
                        }
                        return Glob(replaced.joined(separator: "/"), .path)
                    }
                }
            }
        }
    }

    /// The segments that texts in predicates describe; a star stands for any other characters.
    private static func segments(of predicates: [Predicate]) -> [String] {
        let texts = predicates.flatMap { predicate -> [String] in
            switch predicate {
            case .prefix(let text): ["\(encoded(text))*"]
            case .suffix(let text): ["*\(encoded(text))"]
            case .glob(let glob): [glob.pattern]
            default: predicate.constants.compactMap(\.string).map(encoded)
            }
        }
        return Array(Set(texts)).filter { !$0.contains("/") }.sorted()
    }

    /// The text as a segment of a path or URI.
    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
    }

    private static let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~!$&'()+,=:@"))
}
