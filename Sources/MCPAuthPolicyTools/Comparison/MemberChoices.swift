// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// The values of a member of the claims or the arguments, made of the values at the pointers that rules read in it.
struct MemberChoices {
    /// The values; the first is a missing one.
    private(set) var values: [JSON?] = [nil]
    private(set) var isComplete = true

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
            made = made.flatMap { outer in values.map { value in Self.setting(pointer[...], of: outer, to: value) } }
            if made.count > Self.most {
                isComplete = false
                made.removeLast(made.count - Self.most)
            }
        }
        for value in made { add(value) }
    }

    private mutating func add(_ value: JSON?) {
        guard values.count <= 2 * Self.most else {
            isComplete = false
            return
        }
        if !values.contains(value) { values.append(value) }
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

/// References that predicates compare with each other, so that all of them need values of the same kinds.
struct ReferenceGroups {
    /// A value of a request.
    enum Place: Hashable {
        case claim([String])
        case argument([String])
        /// A capture of a rule.
        case capture(Int, String)
    }

    private var demands: [Place: ValueChoices.Demands] = [:]
    private var parents: [Place: Place] = [:]
    /// Places where a text counts as a list.
    private var lists = Set<Place>()

    mutating func add(_ use: SearchValues.Use) {
        guard !use.rule.requiresProof else { return }
        for leaf in use.rule.condition?.leaves ?? [] {
            let (subject, predicate) = (leaf.reference, leaf.predicate)
            let place = place(of: subject, use)
            add(place, predicate)
            if subject.isSetValued { lists.insert(place) }
            guard let operand = predicate.operand else { continue }
            let other = self.place(of: operand, use)
            add(other, predicate)
            if operand.isSetValued { lists.insert(other) }
            join(place, other)
        }
    }

    mutating func add(_ place: Place, texts: [String] = [], numbers: [JSON] = []) {
        demands[place, default: ValueChoices.Demands()].texts += texts
        demands[place, default: ValueChoices.Demands()].numbers += numbers
    }

    private mutating func add(_ place: Place, _ predicate: Predicate) {
        demands[place, default: ValueChoices.Demands()].add(predicate)
    }

    private mutating func place(of reference: ValueReference, _ use: SearchValues.Use) -> Place {
        switch reference.key {
        case .claim, .rawClaim: return .claim(reference.pointer.tokens)
        case .argument: return .argument(reference.pointer.tokens)
        case .capture:
            let place = Place.capture(use.number, reference.text)
            if use.captures.indices.contains(reference.index), case .known(let value?) = use.captures[reference.index],
                let text = value.text
            {
                add(place, texts: [text])
            }
            return place
        }
    }

    private func root(_ place: Place) -> Place {
        var place = place
        while let parent = parents[place] { place = parent }
        return place
    }

    private mutating func join(_ place: Place, _ other: Place) {
        let (one, two) = (root(place), root(other))
        if one != two { parents[one] = two }
    }

    /// The members of claims and arguments, with the values at each pointer that rules read in them.
    var members: [(kind: SearchValues.Variable.Kind, pointers: [([String], ValueChoices)])] {
        var pools: [Place: ValueChoices.Demands] = [:]
        for (place, own) in demands {
            var pool = pools[root(place)] ?? ValueChoices.Demands()
            pool.predicates += own.predicates
            pool.operators.formUnion(own.operators)
            pool.texts += own.texts
            pool.numbers += own.numbers
            pools[root(place)] = pool
        }
        var result: [SearchValues.Variable.Kind: [([String], ValueChoices)]] = [:]
        for place in demands.keys {
            let kind: SearchValues.Variable.Kind
            let pointer: [String]
            switch place {
            case .claim(let tokens):
                guard let name = tokens.first, name != "scope", !SearchCaller.claimNames.contains(name) else {
                    continue
                }
                (kind, pointer) = (.claim(name), Array(tokens.dropFirst()))
            case .argument(let tokens):
                guard let name = tokens.first else { continue }
                (kind, pointer) = (.argument(name), Array(tokens.dropFirst()))
            case .capture: continue
            }
            let choices = ValueChoices(pools[root(place)] ?? ValueChoices.Demands(), mayBeList: lists.contains(place))
            result[kind, default: []].append((pointer, choices))
        }
        return result.map { kind, pointers in
            (kind, pointers.sorted { $0.0.lexicographicallyPrecedes($1.0) })
        }.sorted { $0.0.words < $1.0.words }
    }
}

extension SearchValues.Variable.Kind {
    /// For messages.
    var words: String {
        switch self {
        case .scope(let name): "the scope `\(name)`"
        case .claim(let name): "the claim `\(name)`"
        case .argument(let name): "the argument `\(name)`"
        }
    }
}
