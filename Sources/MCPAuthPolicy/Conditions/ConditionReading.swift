// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

extension Condition {
    private static let operators = PolicyGrammar.operators.map(\.key)

    /// Reads a condition: one of `all`, `any`, `not`, or a claim with exactly one operator.
    ///
    /// - Returns: `nil` when it has a mistake, which is added to `mistakes`.
    static func read(
        _ value: JSONView,
        at pointer: JSONPointer,
        in document: DocumentReader,
        _ mistakes: inout Mistakes
    ) -> Condition? {
        guard value.kind == .object else {
            mistakes.add(notACondition(value, pointer, document))
            return nil
        }
        let before = mistakes.count
        let keys = PolicyGrammar.conditionKeys
        guard
            let object = document.object(
                value,
                at: pointer,
                allowing: keys,
                foreign: PolicyWords.condition,
                noting: &mistakes
            )
        else { return nil }
        let condition = readShape(object, &mistakes)
        return mistakes.count == before ? condition : nil
    }

    private static func notACondition(
        _ value: JSONView,
        _ pointer: JSONPointer,
        _ document: DocumentReader
    ) -> ConfigurationError {
        let advice =
            switch value.kind {
            case .string: ": \(PolicyWords.expressionAdvice)"
            case .array: ": write `{\"all\": […]}` where all must be true, `{\"any\": […]}` where one is enough"
            default: ""
            }
        return document.error(.wrongType, "expected an object, found \(value.kind.inWords)\(advice)", at: pointer)
    }

    private static func readShape(_ object: ObjectReader, _ mistakes: inout Mistakes) -> Condition? {
        let shapes = PolicyGrammar.shapes.filter { object.value[$0] != nil }
        guard let shape = shapes.first, shapes.count == 1 else {
            let message = "a condition is exactly one of `all`, `any`, `not`, `claim`, `raw_claim`"
            mistakes.add(
                shapes.isEmpty
                    ? object.absence(of: PolicyGrammar.shapes, .invalidValue, message)
                    : object.error(.invalidValue, message)
            )
            return nil
        }
        let used = operators.filter { object.value[$0] != nil }
        guard shape == "claim" || shape == "raw_claim" else {
            for stray in used { mistakes.add(object.error(.conflict, "`\(stray)` needs a `claim`", at: stray)) }
            return readCombination(shape, object, &mistakes)
        }
        let reference = mistakes.noting(try readReference(shape, object))
        guard let name = used.first, used.count == 1 else {
            let message = "a claim needs exactly one of " + operators.map { "`\($0)`" }.joined(separator: ", ")
            mistakes.add(
                used.isEmpty
                    ? object.absence(of: operators, .invalidValue, message) : object.error(.invalidValue, message)
            )
            return nil
        }
        let predicate = mistakes.noting(try readPredicate(name, object))
        guard let reference, let predicate else { return nil }
        return .predicate(reference, predicate)
    }

    private static func readCombination(
        _ shape: String,
        _ object: ObjectReader,
        _ mistakes: inout Mistakes
    ) -> Condition? {
        if shape == "not", let inner = object.value["not"] {
            return read(inner, at: object.pointer.appending("not"), in: object.document, &mistakes).map(Condition.not)
        }
        var conditions: [Condition] = []
        for element in mistakes.noting(try object.elements(shape)) ?? [] where !mistakes.isFull {
            if let condition = read(element.value, at: element.pointer, in: object.document, &mistakes) {
                conditions.append(condition)
            }
        }
        return shape == "all" ? .all(conditions) : .any(conditions)
    }

    private static func readReference(
        _ key: String,
        _ object: ObjectReader
    ) throws(ConfigurationError) -> ClaimReference {
        let text = try object.string(key) ?? ""
        guard let pointer = JSONPointer(text), !pointer.tokens.isEmpty else {
            let example = JSONPointer(tokens: [text.isEmpty ? "tenant" : text])
            let message = "`\(text.printable)` is not a JSON Pointer such as `\(example.description.printable)`"
            throw object.error(.invalidValue, message, at: key)
        }
        return ClaimReference(pointer: pointer, isRaw: key == "raw_claim")
    }

    private static func readPredicate(_ name: String, _ object: ObjectReader) throws(ConfigurationError) -> Predicate {
        switch name {
        case "exists", "absent":
            let opposite = name == "exists" ? "absent" : "exists"
            guard try object.boolean(name) == true else {
                throw object.error(
                    .invalidValue,
                    "`\(name)` takes only true; for its opposite write `\"\(opposite)\": true`",
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
            throw object.error(.invalidValue, "`\(name)` is not an operator")
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
            throw object.error(.invalidValue, "`\(name)` must have 1 to \(Glob.longest) bytes", at: name)
        }
        return text
    }

    /// Reads a list that must not be empty: the result of an empty one would not depend on the claim.
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
        _ value: JSONView,
        at pointer: JSONPointer,
        _ object: ObjectReader
    ) throws(ConfigurationError) -> JSON {
        guard value.kind != .object, value.kind != .array else {
            throw object.document.error(.wrongType, "expected a string, number, true, false or null", at: pointer)
        }
        return JSON(value)
    }
}
