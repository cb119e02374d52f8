// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON

/// The subject of one decision: a message, or a request without a known message.
enum NaiveSituation {
    case http
    case message(MCPMessage)
    case unknown

    /// One for every message of the operation.
    static func all(of operation: RequestOperation) -> [NaiveSituation] {
        switch operation {
        case .http: [.http]
        case .unknown: [.unknown]
        case .mcp(let messages): messages.map(NaiveSituation.message)
        }
    }
}

extension NaiveSituation {
    /// The arguments of a call, an object; `nil` when nothing is known about them.
    var arguments: JSON? {
        guard case .message(let message) = self, let arguments = message.arguments else { return nil }
        return try? JSON(parsing: Array(arguments.text[arguments.range]))
    }
}

/// The segments that the patterns of one rule capture.
struct NaiveCaptures {
    let rule: JSON

    /// The captures whose values are known: every pattern that matches gives the same text.
    func values(in situation: NaiveSituation, of request: NaiveRequest) -> [String: String] {
        var all: [String: Set<String?>] = [:]
        let names = patterns("paths").flatMap(Self.names)
        for pattern in patterns("paths") {
            for path in spellings(of: request.path) where isPath(path, like: pattern, request) {
                let found = Self.read(pattern, path)
                for name in names { all[name, default: []].insert(found[name]) }
            }
        }
        if case .message(.call(let method, let uri?, _)) = situation, method.hasPrefix("resources/"),
            !NaiveTarget.hasDotSegment(uri)
        {
            let names = patterns("resource_uris").flatMap(Self.names)
            for pattern in patterns("resource_uris") where NaiveGlob.isPath(uri, like: Self.starred(pattern)) {
                let found = Self.read(pattern, uri)
                for name in names { all[name, default: []].insert(found[name]) }
            }
        }
        return all.compactMapValues { $0.count == 1 ? $0.first ?? nil : nil }
    }

    private func patterns(_ list: String) -> [String] { (rule[list]?.elements ?? []).compactMap(\.string) }

    private func isPath(_ path: String, like pattern: String, _ request: NaiveRequest) -> Bool {
        let pattern = Self.starred(pattern)
        let folds = request.ignoresCase && rule["effect"] != .string("allow")
        return NaiveGlob.isPath(path, like: pattern)
            || folds && NaiveGlob.isPath(path.lowercased(), like: pattern.lowercased())
    }

    private func spellings(of path: String) -> [String] {
        NaiveTarget(rule: rule, httpRulesAllowMessages: true).spellings(of: path)
    }

    static func starred(_ pattern: String) -> String {
        pattern.split(separator: "/", omittingEmptySubsequences: false)
            .map { isCapture($0) ? "*" : String($0) }.joined(separator: "/")
    }

    private static func isCapture(_ segment: Substring) -> Bool { segment.hasPrefix("{") }

    private static func names(_ pattern: String) -> [String] {
        pattern.split(separator: "/").filter(isCapture).map { String($0.dropFirst().dropLast()) }
    }

    /// The captured texts of one pattern; an empty one is not known.
    private static func read(_ pattern: String, _ text: String) -> [String: String] {
        let segments = pattern.split(separator: "/", omittingEmptySubsequences: false)
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let star = segments.firstIndex { $0.contains("**") } ?? segments.count
        var found: [String: String] = [:]
        for (index, segment) in segments.enumerated() where isCapture(segment) {
            let position = index < star ? index : parts.count - (segments.count - index)
            guard parts.indices.contains(position), !parts[position].isEmpty else { continue }
            found[String(segment.dropFirst().dropLast())] = String(parts[position])
        }
        return found
    }
}

/// The targets of one rule.
struct NaiveTarget {
    let rule: JSON
    let httpRulesAllowMessages: Bool

    /// Whether the rule applies to the situation.
    ///
    /// If this is unknown, an allow does not apply, and a deny or require does.
    func truth(for situation: NaiveSituation, of request: NaiveRequest) -> NaiveTruth {
        if rule["targets"] == .string("any") { return .yes }
        var parts: [NaiveTruth] = []
        if let methods = rule["http_methods"]?.elements {
            parts.append(NaiveTruth(methods.contains(.string(request.method))))
        }
        if let paths = rule["paths"]?.elements {
            let matches = paths.compactMap(\.string).map(NaiveCaptures.starred).contains { pattern in
                spellings(of: request.path).contains { path in
                    NaiveGlob.isPath(path, like: pattern)
                        || countsCase(request) && NaiveGlob.isPath(path.lowercased(), like: pattern.lowercased())
                }
            }
            parts.append(NaiveTruth(matches))
        }
        let lists = ["mcp_methods", "tools", "prompts", "resource_uris"].filter { rule[$0] != nil }
        switch situation {
        case .http:
            parts.append(NaiveTruth(lists.isEmpty))
        case .unknown:
            parts.append(.unknown)
        case .message(let message):
            if lists.isEmpty {
                parts.append(httpRulesAllowMessages ? .yes : .unknown)
            } else {
                parts.append(.any(lists.map { matches(message, list: $0) }))
            }
        }
        return .all(parts)
    }

    /// The path without its trailing slash; for a deny or require also the path with it.
    func spellings(of path: String) -> [String] {
        guard path.count > 1, path.last == "/" else { return [path] }
        let short = String(path.dropLast())
        return rule["effect"] == .string("allow") ? [short] : [short, path]
    }

    /// Whether the rule ignores case in paths: a deny or require does on a host that does; an allow never does.
    private func countsCase(_ request: NaiveRequest) -> Bool {
        request.ignoresCase && rule["effect"] != .string("allow")
    }

    private func matches(_ message: MCPMessage, list: String) -> NaiveTruth {
        let entries = (rule[list]?.elements ?? []).compactMap(\.string)
        return switch list {
        case "mcp_methods":
            .any(entries.map { NaiveTruth(hasMethod(message, like: $0)) })
        case "tools":
            names(message, of: ["tools/call"], entries, NaiveGlob.isName)
        case "prompts":
            names(message, of: ["prompts/get"], entries, NaiveGlob.isName)
        default:
            names(message, of: ["resources/read", "resources/subscribe", "resources/unsubscribe"], entries) {
                uri,
                entry in
                NaiveGlob.isPath(uri, like: NaiveCaptures.starred(entry))
            }
        }
    }

    /// A message that is not a call has no method, so only `@basics` can match it.
    private func hasMethod(_ message: MCPMessage, like entry: String) -> Bool {
        if entry == "@basics" { return isBasic(message) }
        guard case .call(let method, _, _) = message else { return false }
        return NaiveGlob.isName(method, like: entry)
    }

    /// Whether the message is one that every session needs.
    private func isBasic(_ message: MCPMessage) -> Bool {
        switch message {
        case .response, .stream, .sessionEnd: true
        case .call(let method, _, _):
            ["initialize", "server/discover", "ping", "subscriptions/listen"].contains(method)
                || method.hasPrefix("notifications/")
        }
    }

    /// Whether the message acts on one of these names; unknown without a name, and for a URI with a dot segment.
    private func names(
        _ message: MCPMessage,
        of methods: [String],
        _ entries: [String],
        _ isLike: (String, String) -> Bool
    ) -> NaiveTruth {
        guard case .call(let method, let name, _) = message, methods.contains(method) else { return .no }
        guard let name else { return .unknown }
        if method.hasPrefix("resources/"), Self.hasDotSegment(name) { return .unknown }
        return NaiveTruth(entries.contains { isLike(name, $0) })
    }

    /// Whether a segment is `.` or `..`; `%2e` is a dot too (RFC 3986).
    static func hasDotSegment(_ uri: String) -> Bool {
        uri.split { "/?#".contains($0) }.contains { segment in
            [".", "..", ".%2e", "%2e.", "%2e", "%2e%2e"].contains(segment.lowercased())
        }
    }
}

/// The two meanings of `*`.
enum NaiveGlob {
    /// In a name `*` matches anything.
    static func isName(_ name: String, like pattern: String) -> Bool {
        matches(Array(pattern.utf8)[...], Array(name.utf8)[...], starMatchesSlash: true)
    }

    /// In a path or URI `*` stops at `/`, and `**` does not.
    static func isPath(_ path: String, like pattern: String) -> Bool {
        matches(Array(pattern.utf8)[...], Array(path.utf8)[...], starMatchesSlash: false)
    }

    /// Tries every length that a star could match.
    static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, starMatchesSlash: Bool) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let star = UInt8(ascii: "*")
        guard first == star else {
            return text.first == first
                && matches(pattern.dropFirst(), text.dropFirst(), starMatchesSlash: starMatchesSlash)
        }
        let isDouble = pattern.dropFirst().first == star
        let rest = pattern.dropFirst(isDouble ? 2 : 1)
        return (0...text.count).contains { length in
            (isDouble || starMatchesSlash || !text.prefix(length).contains(UInt8(ascii: "/")))
                && matches(rest, text.dropFirst(length), starMatchesSlash: starMatchesSlash)
        }
    }
}
