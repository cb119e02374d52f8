// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthJSON

/// The three values of Kleene logic, ordered so that "and" is the minimum and "or" the maximum.
enum NaiveTruth: Int, Comparable {
    case no
    case unknown
    case yes

    init(_ isTrue: Bool) { self = isTrue ? .yes : .no }

    /// True for an empty list.
    static func all(_ truths: [NaiveTruth]) -> NaiveTruth { truths.min() ?? .yes }

    /// False for an empty list.
    static func any(_ truths: [NaiveTruth]) -> NaiveTruth { truths.max() ?? .no }

    static prefix func ! (truth: NaiveTruth) -> NaiveTruth {
        switch truth {
        case .no: .yes
        case .unknown: .unknown
        case .yes: .no
        }
    }

    static func < (left: NaiveTruth, right: NaiveTruth) -> Bool { left.rawValue < right.rawValue }
}

/// Conditions on the claims of one token and on what one message says.
struct NaiveCondition {
    /// The claims in which a single string counts as a set with that string.
    private static let setClaims = ["scope", "scp", "aud", "groups", "roles", "amr"]

    let claims: JSON
    let rawClaims: JSON
    let areClaimsUnknown: Bool
    /// An object; `nil` when nothing is known about arguments.
    let arguments: JSON?
    /// The captures of the rule that are known.
    let captures: [String: String]
    /// Whether a capture that differs only in case may be the same for the host.
    let foldsCaptures: Bool

    /// What is known of a value: `.some(nil)` is a missing one.
    private typealias Known = JSON??

    /// The value of a condition; a condition that cannot be interpreted is unknown.
    func truth(of condition: JSON) -> NaiveTruth {
        if let parts = condition["all"]?.elements { return .all(parts.map(truth)) }
        if let parts = condition["any"]?.elements { return .any(parts.map(truth)) }
        if let inner = condition["not"] { return !truth(of: inner) }
        guard case .some(let value) = known(condition) else { return .unknown }
        guard case .object(var members) = condition else { return .unknown }
        var readsCapture = members["capture"] != nil
        for (name, operand) in members where !["claim", "raw_claim", "argument", "capture"].contains(name) {
            guard case .object(let reference) = operand else { continue }
            if reference["capture"] != nil { readsCapture = true }
            guard let constant = self.operand(operand, of: name) else { return .unknown }
            members[name] = constant
        }
        let truth = predicate(.object(members), on: value)
        guard readsCapture, foldsCaptures else { return truth }
        return truth == predicate(folded(.object(members)), on: value.map(folded)) ? truth : .unknown
    }

    /// The value that a condition or an operand names.
    private func known(_ reference: JSON) -> Known {
        if let name = reference["capture"]?.string { return captures[name].map { .some(.string($0)) } }
        if let pointer = reference["argument"]?.string { return arguments.map { Self.value(at: pointer, in: $0) } }
        if areClaimsUnknown { return nil }
        if let pointer = reference["claim"]?.string { return .some(Self.value(at: pointer, in: claims)) }
        if let pointer = reference["raw_claim"]?.string { return .some(Self.value(at: pointer, in: rawClaims)) }
        return nil
    }

    private static func value(at pointer: String, in document: JSON) -> JSON? {
        (JSONPointer(pointer)?.tokens ?? []).reduce(Optional(document)) { value, token in value?[token] }
    }

    /// A value of the request in place of a constant; `nil` when it is no operand for the operator.
    private func operand(_ reference: JSON, of name: String) -> JSON? {
        guard case .some(let found?) = known(reference) else { return nil }
        func isScalar(_ value: JSON) -> Bool {
            switch value {
            case .string, .boolean, .integer, .number: true
            default: false
            }
        }
        switch name {
        case "equals", "contains": return isScalar(found) ? found : nil
        case "in", "contains_any", "contains_all", "subset_of":
            let pointer = (reference["claim"] ?? reference["raw_claim"])?.string
            let tokens = pointer.flatMap { JSONPointer($0)?.tokens } ?? []
            guard let elements = elements(of: found, named: tokens), !elements.isEmpty,
                elements.allSatisfy(isScalar)
            else { return nil }
            return .array(elements)
        case "prefix", "suffix": return found.string.map(\.isEmpty) == false ? found : nil
        default: return found
        }
    }

    private func folded(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): .string(text.lowercased())
        case .array(let elements): .array(elements.map(folded))
        case .object(let members): .object(members.mapValues(folded))
        default: value
        }
    }

    private func predicate(_ condition: JSON, on value: JSON?) -> NaiveTruth {
        if condition["exists"] != nil { return NaiveTruth(value != nil) }
        if condition["absent"] != nil { return NaiveTruth(value == nil) }
        guard let value else { return .unknown }
        let tokens = (condition["claim"] ?? condition["raw_claim"])?.string.flatMap { JSONPointer($0)?.tokens } ?? []
        return comparison(condition, value) ?? setPredicate(condition, elements(of: value, named: tokens)) ?? .unknown
    }

    /// The elements of an array, or of the set that a single string stands for.
    private func elements(of value: JSON, named tokens: [String]) -> [JSON]? {
        if value.string != nil, tokens.count == 1, Self.setClaims.contains(tokens[0]) { return [value] }
        return value.elements
    }

    /// The predicates that read one value; `nil` when the condition has none of them.
    private func comparison(_ condition: JSON, _ value: JSON) -> NaiveTruth? {
        if let constant = condition["equals"] { return equal(value, constant) }
        if let constants = condition["in"]?.elements { return isOne(value, of: constants) }
        if let constant = condition["prefix"] { return text(value, constant) { $0.starts(with: $1) } }
        if let constant = condition["suffix"] {
            return text(value, constant) { $0.reversed().starts(with: $1.reversed()) }
        }
        if let constant = condition["glob"] {
            return text(value, constant) { NaiveGlob.matches($1[...], $0[...], starMatchesSlash: true) }
        }
        if let constant = condition["lt"] { return order(value, constant) { $0 < 0 } }
        if let constant = condition["lte"] { return order(value, constant) { $0 <= 0 } }
        if let constant = condition["gt"] { return order(value, constant) { $0 > 0 } }
        if let constant = condition["gte"] { return order(value, constant) { $0 >= 0 } }
        return nil
    }

    /// The predicates that read a set; `nil` when the condition has none of them.
    private func setPredicate(_ condition: JSON, _ elements: [JSON]?) -> NaiveTruth? {
        guard let elements else { return .unknown }
        func holds(_ constant: JSON) -> NaiveTruth { .any(elements.map { equal($0, constant) }) }
        if let constant = condition["contains"] { return holds(constant) }
        if let constants = condition["contains_any"]?.elements { return .any(constants.map(holds)) }
        if let constants = condition["contains_all"]?.elements { return .all(constants.map(holds)) }
        if let constants = condition["subset_of"]?.elements {
            return .all(elements.map { element in .any(constants.map { equal(element, $0) }) })
        }
        return nil
    }

    /// Unknown for values of different kinds: they are neither equal nor unequal.
    private func equal(_ left: JSON, _ right: JSON) -> NaiveTruth {
        switch (left, right) {
        case (.null, .null): return .yes
        case (.boolean(let left), .boolean(let right)): return NaiveTruth(left == right)
        case (.string(let left), .string(let right)): return NaiveTruth(left.utf8.elementsEqual(right.utf8))
        case (.integer(let left), .integer(let right)): return NaiveTruth(left == right)
        default:
            guard let left = left.double, let right = right.double else { return .unknown }
            return NaiveTruth(left == right)
        }
    }

    /// Ignores constants of another kind than the value; unknown when all are of another kind.
    private func isOne(_ value: JSON, of constants: [JSON]) -> NaiveTruth {
        if constants.isEmpty { return .no }
        let comparable = constants.map { equal(value, $0) }.filter { $0 != .unknown }
        return comparable.isEmpty ? .unknown : .any(comparable)
    }

    private func text(_ value: JSON, _ constant: JSON, _ test: ([UInt8], [UInt8]) -> Bool) -> NaiveTruth {
        guard let value = value.string, let constant = constant.string else { return .unknown }
        return NaiveTruth(test(Array(value.utf8), Array(constant.utf8)))
    }

    /// Only two numbers or two instants have an order; anything else is unknown.
    private func order(_ value: JSON, _ constant: JSON, _ test: (Int) -> Bool) -> NaiveTruth {
        if let value = value.double, let constant = constant.double {
            return NaiveTruth(test(sign(value, constant)))
        }
        if let value = value.string.flatMap(NaiveInstant.init),
            let constant = constant.string.flatMap(NaiveInstant.init)
        {
            return NaiveTruth(test(sign(value, constant)))
        }
        return .unknown
    }

    private func sign<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
        if left < right { return -1 }
        return left == right ? 0 : 1
    }
}

extension JSON {
    /// The elements of an array; `nil` for every other kind.
    var elements: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
}
