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
        var values = ArgumentValues(count: count)
        let bytes = arguments.text
        let text = bytes.span
        var reader = ValidJSON(text, from: arguments.range.lowerBound)
        read(&reader, text, at: 0, into: &values)
        return values
    }

    /// Reads the value at a node, and everything below it that has a slot.
    private func read(_ reader: inout ValidJSON, _ text: Span<UInt8>, at index: Int, into values: inout ArgumentValues)
    {
        let node = nodes[index]
        guard !node.children.isEmpty else {
            let value = reader.value(text, mostBytes: Self.mostBytes, mostElements: Self.mostElements)
            if let slot = node.slot { values[slot] = .known(.made(value)) }
            return
        }
        if let slot = node.slot {
            var copy = reader
            // The members of an object are not compared.
            let value =
                reader.isObject(text)
                ? JSON.object([:]) : copy.value(text, mostBytes: Self.mostBytes, mostElements: Self.mostElements)
            values[slot] = .known(.made(value))
        }
        if reader.isObject(text) {
            readMembers(of: &reader, text, node, into: &values)
        } else if reader.isArray(text) {
            readElements(of: &reader, text, node, into: &values)
        } else {
            reader.skip(text)
        }
    }

    private func readMembers(
        of reader: inout ValidJSON,
        _ text: Span<UInt8>,
        _ node: Node,
        into values: inout ArgumentValues
    ) {
        var ambiguous: [Int] = []
        guard reader.enter(text) else { return }
        repeat {
            switch reader.name(text, among: node.names) {
            case .one(let index): read(&reader, text, at: node.children[index], into: &values)
            case .perhaps(let indexes):
                ambiguous += indexes
                reader.skip(text)
            case .another: reader.skip(text)
            }
        } while reader.next(text)
        // The server may take such a member for the argument.
        for index in ambiguous { hide(node.children[index], in: &values) }
    }

    private func readElements(
        of reader: inout ValidJSON,
        _ text: Span<UInt8>,
        _ node: Node,
        into values: inout ArgumentValues
    ) {
        let indexes = node.names.names.map(JSONPointer.arrayIndex)
        var position = 0
        guard reader.enter(text) else { return }
        repeat {
            if let index = indexes.firstIndex(of: position) {
                read(&reader, text, at: node.children[index], into: &values)
            } else {
                reader.skip(text)
            }
            position += 1
        } while reader.next(text)
    }

    private func hide(_ index: Int, in values: inout ArgumentValues) {
        if let slot = nodes[index].slot { values[slot] = .unknown }
        for child in nodes[index].children { hide(child, in: &values) }
    }
}

/// The arguments of one call, by their slots in the ``ArgumentTable`` of a policy.
struct ArgumentValues {
    // The first is stored here, so that a policy that reads one argument allocates nothing.
    private var first: KnownValue
    private var others: [KnownValue]

    /// Missing arguments.
    init(count: Int) {
        first = .known(nil)
        others = count > 1 ? Array(repeating: .known(nil), count: count - 1) : []
    }

    private init() {
        first = .unknown
        others = []
    }

    /// Nothing is known about the arguments.
    static let unknown = ArgumentValues()

    subscript(slot: Int) -> KnownValue {
        get {
            if slot == 0 { return first }
            return others.indices.contains(slot - 1) ? others[slot - 1] : .unknown
        }
        set {
            if slot == 0 { first = newValue } else { others[slot - 1] = newValue }
        }
    }
}
