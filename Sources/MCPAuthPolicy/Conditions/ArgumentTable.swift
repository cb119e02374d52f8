// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// The arguments that the rules of a policy read.
///
/// Each has a slot. One pass over the arguments of a call fills all slots, so the time depends on the length of the
/// arguments and not on the number of rules.
struct ArgumentTable: Sendable {
    /// A place in the arguments that a rule reads, or one above it.
    private struct Node: Sendable {
        var slot: Int?
        /// The names of the members below, and their nodes in the same order.
        var names = MemberNames([])
        var children: [Int] = []
    }

    /// Longer strings, and arrays with more elements, can be compared with nothing.
    static let mostBytes = 4096
    static let mostElements = 1000
    /// The maximum number of reference tokens of a pointer; deeper values are not read from a request.
    static let mostTokens = 64

    private var nodes = [Node()]
    private(set) var count = 0

    /// The slot of an argument, which is added if it is new.
    mutating func slot(of pointer: JSONPointer) -> Int {
        var node = 0
        for token in pointer.tokens {
            if let index = nodes[node].names.names.firstIndex(where: { $0.utf8.elementsEqual(token.utf8) }) {
                node = nodes[node].children[index]
                continue
            }
            nodes.append(Node())
            nodes[node].names = MemberNames(nodes[node].names.names + [token])
            nodes[node].children.append(nodes.count - 1)
            node = nodes.count - 1
        }
        if let slot = nodes[node].slot { return slot }
        nodes[node].slot = count
        count += 1
        return count - 1
    }

    /// The values of all slots in the arguments of one call; all unknown if the arguments are not known.
    func values(in arguments: MCPArguments?) -> ArgumentValues {
        guard count > 0, let arguments else { return .unknown }
        var values = [KnownValue](repeating: .known(nil), count: count)
        var cursor = JSONCursor(arguments.text, from: arguments.range.lowerBound)
        do throws(JSONParsingError) {
            try read(&cursor, at: 0, into: &values)
        } catch {
            return .unknown
        }
        return ArgumentValues(values)
    }

    /// Reads the value at a node, and everything below it that has a slot.
    private func read(
        _ cursor: inout JSONCursor,
        at index: Int,
        into values: inout [KnownValue]
    ) throws(JSONParsingError) {
        let node = nodes[index]
        guard !node.children.isEmpty else {
            let value = try cursor.value(mostBytes: Self.mostBytes, mostElements: Self.mostElements)
            if let slot = node.slot { values[slot] = .known(.made(value)) }
            return
        }
        if let slot = node.slot {
            var copy = cursor
            let isObject = cursor.kind == .object
            let value =
                try isObject
                ? .object([:]) : copy.value(mostBytes: Self.mostBytes, mostElements: Self.mostElements)
            values[slot] = .known(.made(value))
        }
        switch cursor.kind {
        case .object: try readMembers(of: &cursor, node, into: &values)
        case .array: try readElements(of: &cursor, node, into: &values)
        default: try cursor.skip()
        }
    }

    private func readMembers(
        of cursor: inout JSONCursor,
        _ node: Node,
        into values: inout [KnownValue]
    ) throws(JSONParsingError) {
        var ambiguous: [Int] = []
        try cursor.object { name, cursor throws(JSONParsingError) in
            switch node.names.match(name) {
            case .one(let index): try read(&cursor, at: node.children[index], into: &values)
            case .perhaps(let indexes): ambiguous += indexes
            case .another: break
            }
        }
        // The server may take such a member for the argument.
        for index in ambiguous { hide(node.children[index], in: &values) }
    }

    private func readElements(
        of cursor: inout JSONCursor,
        _ node: Node,
        into values: inout [KnownValue]
    ) throws(JSONParsingError) {
        let indexes = node.names.names.map(JSONPointer.arrayIndex)
        var position = 0
        try cursor.array { cursor throws(JSONParsingError) in
            if let index = indexes.firstIndex(of: position) {
                try read(&cursor, at: node.children[index], into: &values)
            }
            position += 1
        }
    }

    private func hide(_ index: Int, in values: inout [KnownValue]) {
        if let slot = nodes[index].slot { values[slot] = .unknown }
        for child in nodes[index].children { hide(child, in: &values) }
    }
}

/// The arguments of one call, by their slots in the ``ArgumentTable`` of a policy.
struct ArgumentValues {
    /// `nil` if nothing is known about the arguments.
    private let values: [KnownValue]?

    init(_ values: [KnownValue]) {
        self.values = values
    }

    private init() {
        values = nil
    }

    static let unknown = ArgumentValues()

    subscript(slot: Int) -> KnownValue {
        guard let values, values.indices.contains(slot) else { return .unknown }
        return values[slot]
    }
}
