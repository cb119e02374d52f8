// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON

/// A set of scopes that a policy document names, one bit for each.
package struct ScopeBits: Sendable, Hashable {
    private var first: UInt64 = 0
    /// The bits of scopes after the 64th; empty, and without an allocation, in nearly every policy.
    private var rest: [UInt64] = []

    mutating func insert(_ index: Int) {
        guard index >= 64 else {
            first |= 1 << UInt64(index)
            return
        }
        let word = index / 64 - 1
        while rest.count <= word { rest.append(0) }
        rest[word] |= 1 << UInt64(index % 64)
    }

    mutating func formUnion(_ other: ScopeBits) {
        first |= other.first
        guard !other.rest.isEmpty else { return }
        for (word, bits) in other.rest.enumerated() {
            if word < rest.count { rest[word] |= bits } else { rest.append(bits) }
        }
    }

    func isSuperset(of other: ScopeBits) -> Bool {
        guard first & other.first == other.first else { return false }
        guard !other.rest.isEmpty else { return true }
        for (word, bits) in other.rest.enumerated() {
            guard bits & (word < rest.count ? rest[word] : 0) == bits else { return false }
        }
        return true
    }

    func intersects(_ other: ScopeBits) -> Bool {
        if first & other.first != 0 { return true }
        return zip(rest, other.rest).contains { $0 & $1 != 0 }
    }
}

/// The scopes that a policy document names, and which of them each scope of a token grants.
package struct ScopeTable: Sendable {
    /// The maximum number of scopes in `scope_implies`; for each one, all scopes that it implies are computed.
    static let mostImplying = 1000

    /// For each scope, the named scopes that it grants: itself and those that it implies.
    private var worth: [String: ScopeBits] = [:]
    /// The same as a list when there are few, since comparing short names is faster than hashing one.
    private var few: [(scope: String, worth: ScopeBits)]?
    private var indices: [String: Int] = [:]
    /// For each scope, all scopes that it implies directly or indirectly, without itself.
    package let implied: [String: Set<String>]

    init(implied: [String: Set<String>]) {
        self.implied = implied
    }

    /// Adds scopes to the named ones and returns their bits.
    mutating func bits(naming scopes: ScopeSet) -> ScopeBits {
        var bits = ScopeBits()
        for scope in scopes {
            let index = indices[scope] ?? indices.count
            indices[scope] = index
            bits.insert(index)
        }
        return bits
    }

    /// Computes what each scope grants; called once, after all scopes are named.
    mutating func finish() {
        for scope in Set(indices.keys).union(implied.keys) {
            var bits = ScopeBits()
            for reached in (implied[scope] ?? []).union([scope]) {
                if let index = indices[reached] { bits.insert(index) }
            }
            worth[scope] = bits
        }
        if worth.count <= 8 { few = worth.map { ($0.key, $0.value) } }
    }

    /// The named scopes that a token's scopes grant.
    package func granted(by scopes: ScopeSet) -> ScopeBits {
        var bits = ScopeBits()
        guard !worth.isEmpty else { return bits }
        for scope in scopes.values {
            if let few {
                for index in few.indices where few[index].scope == scope { bits.formUnion(few[index].worth) }
            } else if let more = worth[scope] {
                bits.formUnion(more)
            }
        }
        return bits
    }

    /// Whether the bits contain the scope.
    func has(_ scope: String, in bits: ScopeBits) -> Bool {
        guard let index = indices[scope] else { return false }
        var one = ScopeBits()
        one.insert(index)
        return bits.isSuperset(of: one)
    }

    /// The given scopes that the bits do not contain.
    func missing(_ scopes: ScopeSet, in bits: ScopeBits) -> ScopeSet {
        ScopeSet(scopes.filter { !has($0, in: bits) })
    }
}

extension ScopeTable {
    /// Reads `scope_implies`.
    ///
    /// - Throws: ``ConfigurationError`` for a cycle, a value that is not a scope, or too many scopes.
    static func read(_ object: ObjectReader) throws(ConfigurationError) -> ScopeTable {
        var edges: [String: [String]] = [:]
        var pointers: [String: JSONPointer] = [:]
        var mistakes = Mistakes()
        for (name, value, pointer) in try object.dictionary("scope_implies") where !mistakes.isFull {
            guard let elements = value.array, ScopeSet.isScopeToken(name) else {
                let message = "expected a scope with an array of scopes"
                mistakes.add(object.document.error(.wrongType, message, at: pointer))
                continue
            }
            edges[name] = elements.compactMap { $0.string.flatMap { ScopeSet.isScopeToken($0) ? $0 : nil } }
            pointers[name] = pointer
            if edges[name]?.count != elements.count {
                mistakes.add(object.document.error(.invalidValue, "expected an array of scopes", at: pointer))
            }
        }
        try mistakes.check()
        guard Set(edges.values.joined()).union(edges.keys).count <= mostImplying else {
            throw object.error(.invalidValue, "more than \(mostImplying) scopes are listed", at: "scope_implies")
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
        return ScopeTable(implied: implied)
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
