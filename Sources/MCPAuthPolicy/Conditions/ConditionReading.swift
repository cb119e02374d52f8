// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

extension Condition {
    private static let operators = Predicate.Operator.allCases.map(\.rawValue)

    /// Reads a condition: one of `all`, `any`, `not`, or a value with exactly one operator.
    ///
    /// - Parameter captures: The names that patterns of the rule capture, by their indexes.
    /// - Returns: `nil` when it has a mistake, which is added to `mistakes`.
    static func read(
        _ value: JSONView,
        at pointer: JSONPointer,
        in document: DocumentReader,
        capturing captures: [String],
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
        let condition = readShape(object, captures, &mistakes)
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

    private static func readShape(
        _ object: ObjectReader,
        _ captures: [String],
        _ mistakes: inout Mistakes
    ) -> Condition? {
        let shapes = PolicyGrammar.shapes.filter { object.value[$0] != nil }
        guard let shape = shapes.first, shapes.count == 1 else {
            let list = PolicyGrammar.shapes.map { "`\($0)`" }.joined(separator: ", ")
            let message = "a condition is exactly one of \(list)"
            mistakes.add(
                shapes.isEmpty
                    ? object.absence(of: PolicyGrammar.shapes, .invalidValue, message)
                    : object.error(.invalidValue, message)
            )
            return nil
        }
        let used = operators.filter { object.value[$0] != nil }
        guard let key = ValueReference.Key(rawValue: shape) else {
            for stray in used { mistakes.add(object.error(.conflict, "`\(stray)` needs a `claim`", at: stray)) }
            return readCombination(shape, object, captures, &mistakes)
        }
        let reference = mistakes.noting(try readReference(key, object, captures))
        guard let name = used.first.flatMap(Predicate.Operator.init), used.count == 1 else {
            let message = "a value needs exactly one of " + operators.map { "`\($0)`" }.joined(separator: ", ")
            mistakes.add(
                used.isEmpty
                    ? object.absence(of: operators, .invalidValue, message) : object.error(.invalidValue, message)
            )
            return nil
        }
        let predicate = mistakes.noting(try readPredicate(name, object, captures))
        guard let reference, let predicate else { return nil }
        if let operand = predicate.operand, operand == reference {
            mistakes.add(object.error(.unreachableRule, "the value is compared with itself", at: name.rawValue))
            return nil
        }
        return .predicate(Condition.Leaf(reference, predicate))
    }

    private static func readCombination(
        _ shape: String,
        _ object: ObjectReader,
        _ captures: [String],
        _ mistakes: inout Mistakes
    ) -> Condition? {
        if shape == "not", let inner = object.value["not"] {
            let pointer = object.pointer.appending("not")
            return read(inner, at: pointer, in: object.document, capturing: captures, &mistakes).map(Condition.not)
        }
        var conditions: [Condition] = []
        for element in mistakes.noting(try object.elements(shape)) ?? [] where !mistakes.isFull {
            let (value, pointer) = (element.value, element.pointer)
            if let read = read(value, at: pointer, in: object.document, capturing: captures, &mistakes) {
                conditions.append(read)
            }
        }
        return shape == "all" ? .all(conditions) : .any(conditions)
    }

    private static func readReference(
        _ key: ValueReference.Key,
        _ object: ObjectReader,
        _ captures: [String]
    ) throws(ConfigurationError) -> ValueReference {
        let text = try object.string(key.rawValue) ?? ""
        if key == .capture {
            guard let index = captures.firstIndex(where: text.isExactly) else {
                let suggestion = Suggestion.text(for: text, among: captures)
                let advice =
                    captures.isEmpty ? "; write one in `paths` or `resource_uris`, as in `/tenants/{tenant}/**`" : ""
                let message = "no pattern of this rule captures `\(text.printable)`\(suggestion)\(advice)"
                throw object.error(.unknownName, message, at: key.rawValue)
            }
            return ValueReference(.capture, JSONPointer(tokens: [text]), index: index)
        }
        guard let pointer = JSONPointer(text), !pointer.tokens.isEmpty else {
            let example = JSONPointer(tokens: [text.isEmpty ? "tenant" : text])
            let message = "`\(text.printable)` is not a JSON Pointer such as `\(example.description.printable)`"
            throw object.error(.invalidValue, message, at: key.rawValue)
        }
        guard key != .argument || pointer.tokens.count <= ArgumentTable.mostTokens else {
            let message = "a pointer to an argument has at most \(ArgumentTable.mostTokens) parts"
            throw object.error(.invalidValue, message, at: key.rawValue)
        }
        // The table of the policy assigns the slot of an argument.
        return ValueReference(key, pointer)
    }

    private static func readPredicate(
        _ name: Predicate.Operator,
        _ object: ObjectReader,
        _ captures: [String]
    ) throws(ConfigurationError) -> Predicate {
        if object.value[name.rawValue]?.kind == .object {
            return .compared(name, to: try readOperand(name, object, captures))
        }
        let key = name.rawValue
        switch name {
        case .exists, .absent:
            let opposite = name == .exists ? "absent" : "exists"
            guard try object.boolean(key) == true else {
                throw object.error(
                    .invalidValue,
                    "`\(key)` takes only true; for its opposite write `\"\(opposite)\": true`",
                    at: key
                )
            }
            return name == .exists ? .exists : .absent
        case .isIn: return .isIn(try scalars(key, object))
        case .containsAny: return .containsAny(try scalars(key, object))
        case .containsAll: return .containsAll(try scalars(key, object))
        case .subsetOf: return .subsetOf(try scalars(key, object))
        case .prefix: return .prefix(try text(key, object))
        case .suffix: return .suffix(try text(key, object))
        case .glob: return .glob(Glob(try text(key, object), .name))
        case .equals: return .equals(try scalar(key, object))
        case .contains: return .contains(try scalar(key, object))
        case .lessThan: return try readComparison(.lessThan, key, object)
        case .atMost: return try readComparison(.atMost, key, object)
        case .greaterThan: return try readComparison(.greaterThan, key, object)
        case .atLeast: return try readComparison(.atLeast, key, object)
        }
    }

    /// Reads an operand that is another value of the request, such as `{"claim": "/tenant"}`.
    private static func readOperand(
        _ name: Predicate.Operator,
        _ object: ObjectReader,
        _ captures: [String]
    ) throws(ConfigurationError) -> ValueReference {
        guard name.takesValue else {
            throw object.error(
                .wrongType,
                "`\(name.rawValue)` takes a constant, not another value of the request",
                at: name.rawValue
            )
        }
        var mistakes = Mistakes()
        let read = object.value[name.rawValue].flatMap { value in
            object.document.object(
                value,
                at: object.pointer.appending(name.rawValue),
                allowing: PolicyGrammar.operand.keys,
                foreign: PolicyWords.condition,
                noting: &mistakes
            )
        }
        try mistakes.check()
        let keys = ValueReference.Key.allCases.filter { read?.value[$0.rawValue] != nil }
        guard let read, let key = keys.first, keys.count == 1 else {
            let list = ValueReference.Key.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            let message = "an operand that is a value of the request is exactly one of \(list)"
            throw object.error(.invalidValue, message, at: name.rawValue)
        }
        return try readReference(key, read, captures)
    }

    private static func readComparison(
        _ comparison: Predicate.Comparison,
        _ name: String,
        _ object: ObjectReader
    ) throws(ConfigurationError) -> Predicate {
        let value = object.value[name]
        if let value, value.number != nil { return .compare(comparison, .number(JSON(value))) }
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
