// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// The arguments that the rules of a policy read.
///
/// Each has a slot. One pass over the arguments of a call fills all slots, so the time depends on the length of the
/// arguments and not on the number of rules.
struct ArgumentTable: Sendable {
    /// Longer strings, and arrays with more elements, can be compared with nothing.
    static let mostBytes = 4096
    static let mostElements = 1000
    /// The maximum number of reference tokens of a pointer; deeper values are not read from a request.
    static let mostTokens = 64

    // A node is a place in the arguments that a rule reads, or one above it; the first is the arguments themselves. In
    // arrays of their own, because a copy of a node would copy references.
    private var slots: [Int?] = [nil]
    /// The names of the members below each node.
    private var names = [MemberNames([])]
    /// Their nodes, in the same order.
    private var children: [[Int]] = [[]]
    private(set) var count = 0

    /// The slot of an argument, which is added if it is new.
    mutating func slot(of pointer: JSONPointer) -> Int {
        var node = 0
        for token in pointer.tokens {
            if let index = names[node].names.firstIndex(where: { $0.utf8.elementsEqual(token.utf8) }) {
                node = children[node][index]
                continue
            }
            let new = slots.count
            slots.append(nil)
            names.append(MemberNames([]))
            children.append([])
            names[node] = MemberNames(names[node].names + [token])
            children[node].append(new)
            node = new
        }
        if let slot = slots[node] { return slot }
        slots[node] = count
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
        guard !children[index].isEmpty else {
            let value = reader.value(text, mostBytes: Self.mostBytes, mostElements: Self.mostElements)
            if let slot = slots[index] { values[slot] = .known(.made(value)) }
            return
        }
        if let slot = slots[index] {
            var copy = reader
            // The members of an object are not compared.
            let value =
                reader.isObject(text)
                ? JSON.object([:]) : copy.value(text, mostBytes: Self.mostBytes, mostElements: Self.mostElements)
            values[slot] = .known(.made(value))
        }
        if reader.isObject(text) {
            readMembers(of: &reader, text, index, into: &values)
        } else if reader.isArray(text) {
            readElements(of: &reader, text, index, into: &values)
        } else {
            reader.skip(text)
        }
    }

    private func readMembers(
        of reader: inout ValidJSON,
        _ text: Span<UInt8>,
        _ node: Int,
        into values: inout ArgumentValues
    ) {
        var ambiguous: [Int] = []
        guard reader.enter(text) else { return }
        let names = names[node]
        repeat {
            switch reader.name(text, among: names) {
            case .one(let index): read(&reader, text, at: children[node][index], into: &values)
            case .perhaps(let indexes):
                ambiguous += indexes
                reader.skip(text)
            case .another: reader.skip(text)
            }
        } while reader.next(text)
        // The server may take such a member for the argument.
        for index in ambiguous { hide(children[node][index], in: &values) }
    }

    private func readElements(
        of reader: inout ValidJSON,
        _ text: Span<UInt8>,
        _ node: Int,
        into values: inout ArgumentValues
    ) {
        let indexes = names[node].names.map(JSONPointer.arrayIndex)
        var position = 0
        guard reader.enter(text) else { return }
        repeat {
            if let index = indexes.firstIndex(of: position) {
                read(&reader, text, at: children[node][index], into: &values)
            } else {
                reader.skip(text)
            }
            position += 1
        } while reader.next(text)
    }

    private func hide(_ index: Int, in values: inout ArgumentValues) {
        if let slot = slots[index] { values[slot] = .unknown }
        for child in children[index] { hide(child, in: &values) }
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
