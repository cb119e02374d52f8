// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// The captures of the patterns of one rule, and their values in a request.
struct CaptureTable: Sendable {
    /// One name: the patterns of `paths`, or of `resource_uris`, that capture it.
    private struct Entry: Sendable {
        let name: String
        let isOfPath: Bool
    }

    private let entries: [Entry]

    /// - Returns: The names, in the order of their indexes.
    static func names(of targets: Targets) -> [String] { CaptureTable(targets).entries.map(\.name) }

    init(_ targets: Targets) {
        var entries: [Entry] = []
        for (globs, isOfPath) in [(targets.paths, true), (targets.resourceURIs, false)] {
            for capture in globs.flatMap(\.captures) where !entries.contains(where: { $0.name == capture.name }) {
                entries.append(Entry(name: capture.name, isOfPath: isOfPath))
            }
        }
        self.entries = entries
    }

    /// The values of all captures in a request.
    ///
    /// A value is known only if all patterns that match capture the same text: the server may route by another pattern
    /// than the first. It is unknown where the rule matches in another way, such as by a method.
    func values(
        of targets: Targets,
        _ request: ProtectedResourceRequest,
        _ message: MCPMessage?,
        isAgainstCaller: Bool
    ) -> [KnownValue] {
        entries.map { entry in
            var found: String?
            var isKnown = true
            func add(_ glob: Glob, _ text: String) {
                let value = glob.captures.first { $0.name == entry.name }?.value(in: text)
                if value == nil || found.map({ !$0.isExactly(value ?? "") }) ?? false { isKnown = false }
                found = value
            }
            if entry.isOfPath {
                targets.forEachMatch(of: request, isAgainstCaller: isAgainstCaller, add)
            } else if case .call(let method, let name?, _)? = message,
                MCPMethod.acting(named: method)?.object == .resourceURI, Targets.isPlain(name, .resourceURI)
            {
                for glob in targets.resourceURIs where glob.matches(name) { add(glob, name) }
            }
            guard isKnown, let found else { return .unknown }
            return .known(.made(.string(found)))
        }
    }
}
