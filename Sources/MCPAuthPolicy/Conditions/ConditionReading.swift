// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

extension Condition {
    private static let operators = PolicyGrammar.operators.map(\.key)

    /// Reads a condition: one of `all`, `any`, `not`, or a claim with exactly one operator.
    static func read(
        _ value: JSONValue,
        at pointer: JSONPointer,
        in document: DocumentReader
    ) throws(ConfigurationError) -> Condition {
        let object = try document.object(value, at: pointer, allowing: PolicyGrammar.conditionKeys)
        let shapes = PolicyGrammar.shapes.filter { value[$0] != nil }
        guard let shape = shapes.first, shapes.count == 1 else {
            throw object.error(.invalidValue, "a condition is exactly one of `all`, `any`, `not`, `claim`, `raw_claim`")
        }
        let used = operators.filter { value[$0] != nil }
        guard shape == "claim" || shape == "raw_claim" else {
            if let stray = used.first { throw object.error(.conflict, "`\(stray)` needs a `claim`", at: stray) }
            return try readCombination(shape, object)
        }
        guard let name = used.first, used.count == 1 else {
            let list = operators.map { "`\($0)`" }.joined(separator: ", ")
            throw object.error(.invalidValue, "a claim needs exactly one of \(list)")
        }
        return .predicate(try readReference(shape, object), try readPredicate(name, object))
    }

    private static func readCombination(_ shape: String, _ object: ObjectReader) throws(ConfigurationError) -> Condition
    {
        if shape == "not", let inner = object.value["not"] {
            return .not(try read(inner, at: object.pointer.appending("not"), in: object.document))
        }
        var conditions: [Condition] = []
        for element in try object.elements(shape) ?? [] {
            conditions.append(try read(element.value, at: element.pointer, in: object.document))
        }
        return shape == "all" ? .all(conditions) : .any(conditions)
    }

    private static func readReference(
        _ key: String,
        _ object: ObjectReader
    ) throws(ConfigurationError) -> ClaimReference {
        let text = try object.string(key) ?? ""
        guard let pointer = JSONPointer(text), !pointer.tokens.isEmpty else {
            throw object.error(.invalidValue, "`\(text.printable)` is not a JSON Pointer such as `/tenant`", at: key)
        }
        return ClaimReference(pointer: pointer, isRaw: key == "raw_claim")
    }

    private static func readPredicate(_ name: String, _ object: ObjectReader) throws(ConfigurationError) -> Predicate {
        switch name {
        case "exists", "absent":
            guard try object.boolean(name) == true else {
                throw object.error(
                    .invalidValue,
                    "`\(name)` is written as true; use the other one for its opposite",
                    at: name
                )
            }
            return name == "exists" ? .exists : .absent
        case "in": return .isIn(try scalars(name, object))
        case "contains_any": return .containsAny(try scalars(name, object))
        case "contains_all": return .containsAll(try scalars(name, object))
        case "subset_of": return .subsetOf(try scalars(name, object))
        case "prefix": return .prefix(try text(name, object))
        case "suffix": return .suffix(try text(name, object))
        case "glob": return .glob(Glob(try text(name, object), .name))
        case "equals": return .equals(try scalar(name, object))
        case "contains": return .contains(try scalar(name, object))
        default: return try readComparison(name, object)
        }
    }

    private static func readComparison(_ name: String, _ object: ObjectReader) throws(ConfigurationError) -> Predicate {
        guard let comparison = Predicate.Comparison(rawValue: name) else {
            throw object.error(.invalidValue, "`\(name)` is no operator")
        }
        let value = object.value[name]
        if let number = value?.number { return .compare(comparison, .number(number)) }
        if let time = value?.string.flatMap(Timestamp.seconds) { return .compare(comparison, .time(time)) }
        throw object.error(
            .invalidValue,
            "`\(name)` needs a number or a date-time such as \"2026-01-31T00:00:00Z\" (RFC 3339)",
            at: name
        )
    }

    private static func text(_ name: String, _ object: ObjectReader) throws(ConfigurationError) -> String {
        let text = try object.string(name) ?? ""
        guard (1...Glob.longest).contains(text.utf8.count) else {
            throw object.error(.invalidValue, "`\(name)` has 1 to \(Glob.longest) bytes", at: name)
        }
        return text
    }

    /// A list without anything in it would be a condition that is always the same.
    private static func scalars(_ name: String, _ object: ObjectReader) throws(ConfigurationError) -> [JSON] {
        var constants: [JSON] = []
        for element in try object.elements(name) ?? [] {
            constants.append(try scalar(element.value, at: element.pointer, object))
        }
        guard !constants.isEmpty else {
            throw object.error(.unreachableRule, "`\(name)` is empty, so nothing matches", at: name)
        }
        return constants
    }

    private static func scalar(_ name: String, _ object: ObjectReader) throws(ConfigurationError) -> JSON {
        guard let value = object.value[name] else { throw object.error(.missingKey, "missing key `\(name)`") }
        return try scalar(value, at: object.pointer.appending(name), object)
    }

    private static func scalar(
        _ value: JSONValue,
        at pointer: JSONPointer,
        _ object: ObjectReader
    ) throws(ConfigurationError) -> JSON {
        guard value.kind != .object, value.kind != .array else {
            throw object.document.error(.wrongType, "expected a string, number, true, false or null", at: pointer)
        }
        return JSON(value)
    }
}
