// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// The values of a member of the claims or the arguments, made of the values at the pointers that rules read in it.
struct MemberChoices {
    /// The values; the first is a missing one.
    private(set) var values: [JSON?] = [nil]
    private(set) var isComplete = true
    /// The values as JSON: texts are told apart byte by byte, as predicates do; empty for a missing one.
    private var seen: Set<[UInt8]> = [[]]

    private static let most = 1024

    /// - Parameter lists: For each pointer below the member, the values there.
    init(_ lists: [(pointer: [String], values: [JSON?])]) {
        for value in lists.first(where: { $0.pointer.isEmpty })?.values ?? [] { add(value) }
        let inner = lists.filter { !$0.pointer.isEmpty }
        guard !inner.isEmpty else { return }
        // A member of another kind, then every combination of the inner values.
        add("x")
        var made: [JSON] = [Self.holder(inner[0].pointer[0])]
        for (pointer, values) in inner {
            // No more than are kept are made.
            if made.count * values.count > Self.most { isComplete = false }
            let combinations = made.lazy.flatMap { outer in
                values.lazy.map { value in Self.setting(pointer[...], of: outer, to: value) }
            }
            made = Array(combinations.prefix(Self.most))
        }
        for value in made { add(value) }
    }

    private mutating func add(_ value: JSON?) {
        guard values.count <= 2 * Self.most else {
            isComplete = false
            return
        }
        if seen.insert(value?.encodedExactly() ?? []).inserted { values.append(value) }
    }

    private static func holder(_ token: String) -> JSON {
        JSONPointer.arrayIndex(token) == nil ? .object([:]) : .array([])
    }

    private static func setting(_ pointer: ArraySlice<String>, of outer: JSON, to value: JSON?) -> JSON {
        guard let token = pointer.first, let value else { return outer }
        let rest = pointer.dropFirst()
        func inner(_ current: JSON?) -> JSON {
            guard let next = rest.first else { return value }
            return setting(rest, of: current ?? holder(next), to: value)
        }
        switch outer {
        case .array(var elements):
            guard let index = JSONPointer.arrayIndex(token), index < 64 else { return outer }
            while elements.count <= index { elements.append(.null) }
            elements[index] = inner(elements[index] == .null ? nil : elements[index])
            return .array(elements)
        case .object(var members):
            members[token] = inner(members[token])
            return .object(members)
        default: return outer
        }
    }
}
