// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

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
    /// The places in the order in which they were added, so that the same values are tried in every run.
    private var places: [Place] = []
    private var parents: [Place: Place] = [:]

    mutating func add(_ use: SearchValues.Use) {
        guard !use.rule.requiresProof else { return }
        for leaf in use.rule.condition?.leaves ?? [] {
            let (subject, predicate) = (leaf.reference, leaf.predicate)
            let place = place(of: subject, use)
            add(place, predicate)
            guard let operand = predicate.operand else { continue }
            let other = self.place(of: operand, use)
            add(other, predicate)
            join(place, other)
        }
    }

    mutating func add(_ place: Place, texts: [String] = [], numbers: [JSON] = []) {
        change(place) { demands in
            demands.texts += texts
            demands.numbers += numbers
        }
    }

    private mutating func add(_ place: Place, _ predicate: Predicate) {
        change(place) { $0.add(predicate) }
    }

    private mutating func change(_ place: Place, _ body: (inout ValueChoices.Demands) -> Void) {
        if demands[place] == nil { places.append(place) }
        body(&demands[place, default: ValueChoices.Demands()])
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

    /// The texts worth trying at a place, because it or a value that is compared with it is compared with them.
    func texts(at place: Place) -> [String] {
        guard demands[place] != nil else { return [] }
        return ValueChoices(pools[root(place)] ?? ValueChoices.Demands()).values.compactMap { $0?.string }
    }

    /// The demands of all places of a group, by the root of the group.
    private var pools: [Place: ValueChoices.Demands] {
        places.reduce(into: [:]) { pools, place in
            pools[root(place), default: ValueChoices.Demands()].formUnion(demands[place] ?? ValueChoices.Demands())
        }
    }

    /// The members of claims and arguments, with the values at each pointer that rules read in them.
    var members: [(kind: SearchValues.Variable.Kind, pointers: [([String], ValueChoices)])] {
        let pools = pools
        var result: [SearchValues.Variable.Kind: [([String], ValueChoices)]] = [:]
        for place in places {
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
            let choices = ValueChoices(pools[root(place)] ?? ValueChoices.Demands())
            result[kind, default: []].append((pointer, choices))
        }
        return result.map { kind, pointers in
            (kind, pointers.sorted { $0.0.lexicographicallyPrecedes($1.0) })
        }.sorted { $0.0.words < $1.0.words }
    }
}
