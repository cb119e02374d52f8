// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Which scopes a granted scope includes: `scope_implies`, checked to have no circle.
struct ScopeGraph: Sendable {
    /// Each scope with everything it implies, itself not among them.
    private let implied: [String: Set<String>]

    static let empty = ScopeGraph(implied: [:])

    private init(implied: [String: Set<String>]) {
        self.implied = implied
    }

    /// - Throws: ``ConfigurationError`` for a circle or a value that is no scope.
    static func read(_ object: ObjectReader) throws(ConfigurationError) -> ScopeGraph {
        var edges: [String: [String]] = [:]
        var pointers: [String: JSONPointer] = [:]
        for (name, value, pointer) in try object.dictionary("scope_implies") {
            guard let elements = value.array, ScopeSet.isScopeToken(name) else {
                throw object.document.error(.wrongType, "expected a scope with an array of scopes", at: pointer)
            }
            var names: [String] = []
            for element in elements {
                guard let scope = element.string, ScopeSet.isScopeToken(scope) else {
                    throw object.document.error(.invalidValue, "expected an array of scopes", at: pointer)
                }
                names.append(scope)
            }
            edges[name] = names
            pointers[name] = pointer
        }
        var implied: [String: Set<String>] = [:]
        for name in edges.keys.sorted() {
            let reached = reachable(from: name, edges)
            if reached.contains(name) {
                throw object.document.error(
                    .cyclicImplication,
                    "the scope `\(name.printable)` implies itself",
                    at: pointers[name] ?? .root,
                    part: .name
                )
            }
            implied[name] = reached
        }
        return ScopeGraph(implied: implied)
    }

    /// The granted scopes with everything they imply.
    func expand(_ granted: ScopeSet) -> Set<String> {
        granted.reduce(into: Set(granted)) { result, scope in
            if let more = implied[scope] { result.formUnion(more) }
        }
    }

    private static func reachable(from start: String, _ edges: [String: [String]]) -> Set<String> {
        var reached = Set<String>()
        var pending = edges[start] ?? []
        while let scope = pending.popLast() {
            if reached.insert(scope).inserted { pending += edges[scope] ?? [] }
        }
        return reached
    }
}
