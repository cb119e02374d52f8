// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// The part of JSON Schema (draft 2020-12) that a module may use to describe its configuration.
///
/// All keywords but the annotations are enforced. A schema with any other keyword is refused when the module is loaded,
/// so that no module relies on a check that is not made. Three rules differ from JSON Schema: a member that
/// `properties` does not name is refused unless `additionalProperties` allows it, an `integer` is written without a
/// fraction or exponent, and `"format": "path"` makes a string a path relative to the configuration file.
final class ModuleSchema: Sendable {
    struct Fault: Error {
        let reason: String
    }

    /// What is allowed for members that `properties` does not name.
    private enum Others: Sendable {
        case refused
        case anything
        case like(ModuleSchema)
    }

    private enum Kind: String, CaseIterable {
        case null
        case boolean
        case integer
        case number
        case string
        case array
        case object

        var withArticle: String {
            switch self {
            case .null: "null"
            case .boolean: "true or false"
            case .integer: "a whole number"
            case .number: "a number"
            case .string: "a string"
            case .array: "an array"
            case .object: "an object"
            }
        }
    }

    private let kinds: [Kind]
    private let values: [JSON]?
    private let minimum: Double?
    private let maximum: Double?
    private let lengths: ClosedRange<Int>
    private let counts: ClosedRange<Int>
    private let items: ModuleSchema?
    private let properties: [String: ModuleSchema]
    private let required: [String]
    private let others: Others
    private let isPath: Bool

    /// Keywords for people only, which are allowed and not enforced.
    private static let annotations: Set<String> = [
        "$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly",
        "writeOnly",
    ]
    private static let keywords: Set<String> = [
        "type", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "items",
        "properties", "required", "additionalProperties", "format",
    ]

    /// Reads the schema of a module.
    convenience init(text: String) throws(Fault) {
        let document: JSONDocument
        do throws(JSONParsingError) {
            document = try JSONDocument(parsing: Array(text.utf8), limits: .file)
        } catch {
            throw Fault(reason: "its schema is not valid JSON: \(error.message) at line \(error.line)")
        }
        try self.init(JSON(document.root), at: .root)
    }

    private init(_ schema: JSON, at place: JSONPointer) throws(Fault) {
        guard case .object(let members) = schema else { throw Self.fault("is not an object", at: place) }
        let reader = KeywordReader(members: members, place: place)
        for name in members.keys.sorted() where !Self.keywords.contains(name) && !Self.annotations.contains(name) {
            let known = Self.keywords.sorted().map { "`\($0)`" }.joined(separator: ", ")
            throw Self.fault("is not one of the keywords that are enforced: \(known)", at: place.appending(name))
        }
        kinds = try Self.kinds(reader.words("type"), at: place.appending("type"))
        let listed = try reader.array("enum")
        values = members["const"].map { only in listed.map { $0.filter { $0 == only } } ?? [only] } ?? listed
        minimum = try reader.number("minimum")
        maximum = try reader.number("maximum")
        lengths = try reader.range("minLength", "maxLength")
        counts = try reader.range("minItems", "maxItems")
        items = try members["items"].map { schema throws(Fault) in
            try ModuleSchema(schema, at: place.appending("items"))
        }
        var properties: [String: ModuleSchema] = [:]
        for (name, schema) in try reader.object("properties") ?? [:] {
            properties[name] = try ModuleSchema(schema, at: place.appending("properties").appending(name))
        }
        self.properties = properties
        required = try reader.words("required") ?? []
        isPath = try reader.words("format") == ["path"]
        others =
            switch members["additionalProperties"] {
            case nil, .boolean(false): .refused
            case .boolean(true): .anything
            case let schema?: .like(try ModuleSchema(schema, at: place.appending("additionalProperties")))
            }
    }

    private static func kinds(_ words: [String]?, at place: JSONPointer) throws(Fault) -> [Kind] {
        guard let words else { return [] }
        let kinds = words.compactMap(Kind.init)
        guard kinds.count == words.count, !kinds.isEmpty else {
            let known = Kind.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            throw fault("must be one or several of \(known)", at: place)
        }
        return kinds
    }

    fileprivate static func fault(_ reason: String, at place: JSONPointer) -> Fault {
        let name = place.tokens.isEmpty ? "the schema" : "`\(place.description.printable)`"
        return Fault(reason: "its schema has a mistake: \(name) \(reason)")
    }

    /// A mistake in a configuration.
    struct Mistake: Error {
        let code: ConfigurationError.Code
        let message: String
        /// The pointer to the value, or to the member whose name is wrong.
        let place: JSONPointer
        var isAboutName = false
    }

    /// The value as the module receives it: checked, with paths resolved, and without a `description` or `$comment`
    /// that the schema does not name.
    ///
    /// - Throws: ``Mistake`` for the first mistake; members are checked in the order of their names.
    func resolved(_ value: JSON, at place: JSONPointer, _ resolvePath: (String) -> String) throws(Mistake) -> JSON {
        guard let kind = Self.kind(of: value) else {
            throw mistake(
                .wrongType,
                "cannot be represented: a number is out of range, or a string contains NUL",
                at: place
            )
        }
        guard kinds.isEmpty || kinds.contains(kind) || (kind == .integer && kinds.contains(.number)) else {
            let expected = kinds.map(\.withArticle).joined(separator: " or ")
            throw mistake(.wrongType, "is \(kind.withArticle), expected \(expected)", at: place)
        }
        if let values, !values.contains(value) { throw notAmong(values, value, at: place) }
        switch value {
        case .integer, .number: try check(value.double ?? 0, at: place)
        case .string(let text):
            try check(text.unicodeScalars.count, lengths, "characters", at: place)
            if isPath { return .string(resolvePath(text)) }
        case .array(let elements): return try resolved(elements, at: place, resolvePath)
        case .object(let members): return try resolved(members, at: place, resolvePath)
        case .null, .boolean, .unrepresentable: break
        }
        return value
    }

    private func check(_ number: Double, at place: JSONPointer) throws(Mistake) {
        if let minimum, !(number >= minimum) {
            throw mistake(.invalidValue, "is less than \(Self.text(minimum))", at: place)
        }
        if let maximum, !(number <= maximum) {
            throw mistake(.invalidValue, "is more than \(Self.text(maximum))", at: place)
        }
    }

    private func check(
        _ count: Int,
        _ range: ClosedRange<Int>,
        _ unit: String,
        at place: JSONPointer
    ) throws(Mistake) {
        if count < range.lowerBound {
            throw mistake(.invalidValue, "has \(count) \(unit), expected at least \(range.lowerBound)", at: place)
        }
        if count > range.upperBound {
            throw mistake(.invalidValue, "has \(count) \(unit), expected at most \(range.upperBound)", at: place)
        }
    }

    private func resolved(
        _ elements: [JSON],
        at place: JSONPointer,
        _ resolvePath: (String) -> String
    ) throws(Mistake) -> JSON {
        try check(elements.count, counts, "elements", at: place)
        guard let items else { return .array(elements) }
        var resolved: [JSON] = []
        for (index, element) in elements.enumerated() {
            resolved.append(try items.resolved(element, at: place.appending(String(index)), resolvePath))
        }
        return .array(resolved)
    }

    private func resolved(
        _ members: [String: JSON],
        at place: JSONPointer,
        _ resolvePath: (String) -> String
    ) throws(Mistake) -> JSON {
        var resolved: [String: JSON] = [:]
        for name in members.keys.sorted() {
            guard let member = members[name] else { continue }
            let memberPlace = place.appending(name)
            if let schema = properties[name] {
                resolved[name] = try schema.resolved(member, at: memberPlace, resolvePath)
            } else if case .like(let schema) = others {
                resolved[name] = try schema.resolved(member, at: memberPlace, resolvePath)
            } else if case .anything = others {
                resolved[name] = member
            } else if !["description", "$comment"].contains(name) || member.string == nil {
                throw unknown(name, in: place)
            }
        }
        for name in required where resolved[name] == nil {
            let owner = Self.text(place)
            throw Mistake(code: .missingKey, message: "missing key `\(name.printable)` in \(owner)", place: place)
        }
        return .object(resolved)
    }

    private func unknown(_ name: String, in place: JSONPointer) -> Mistake {
        var help = Suggestion.text(for: name, among: properties.keys)
        if help.isEmpty {
            let known = properties.keys.sorted().map { "`\($0.printable)`" }.joined(separator: ", ")
            help = known.isEmpty ? ", this module has no keys there" : ", expected one of \(known)"
        }
        return Mistake(
            code: .unknownKey,
            message: "unknown key `\(name.printable)` in \(Self.text(place))\(help)",
            place: place.appending(name),
            isAboutName: true
        )
    }

    private func notAmong(_ values: [JSON], _ value: JSON, at place: JSONPointer) -> Mistake {
        let words = values.map { value in
            value.string.map { "`\($0.printable)`" } ?? String(decoding: value.encoded(), as: UTF8.self).printable
        }
        let help = value.string.map { Suggestion.text(for: $0, among: values.compactMap(\.string)) } ?? ""
        let expected = words.count == 1 ? "expected \(words[0])" : "expected one of \(words.joined(separator: ", "))"
        return mistake(.invalidValue, "has a value that is not allowed, \(expected)\(help)", at: place)
    }

    private func mistake(_ code: ConfigurationError.Code, _ reason: String, at place: JSONPointer) -> Mistake {
        Mistake(code: code, message: "\(Self.text(place)) \(reason)", place: place)
    }

    /// The name of a value in messages: its pointer after `config`.
    private static func text(_ place: JSONPointer) -> String { "`config\(place.description.printable)`" }

    private static func text(_ number: Double) -> String {
        Int64(exactly: number).map(String.init) ?? "\(number)"
    }

    private static func kind(of value: JSON) -> Kind? {
        switch value {
        case .unrepresentable: nil
        case .null: .null
        case .boolean: .boolean
        case .integer: .integer
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }
}

/// The keywords of one schema, with their types.
private struct KeywordReader {
    let members: [String: JSON]
    let place: JSONPointer

    func number(_ name: String) throws(ModuleSchema.Fault) -> Double? {
        try read(name, "a number", \.double)
    }

    /// A string, or an array of strings.
    func words(_ name: String) throws(ModuleSchema.Fault) -> [String]? {
        try read(name, "a string or an array of strings") { value in value.string.map { [$0] } ?? value.strings }
    }

    func array(_ name: String) throws(ModuleSchema.Fault) -> [JSON]? {
        try read(name, "an array") { value in
            guard case .array(let elements) = value else { return nil }
            return elements
        }
    }

    func object(_ name: String) throws(ModuleSchema.Fault) -> [String: JSON]? {
        try read(name, "an object") { value in
            guard case .object(let members) = value else { return nil }
            return members
        }
    }

    /// The range between two keywords; unlimited where one is absent.
    func range(_ least: String, _ most: String) throws(ModuleSchema.Fault) -> ClosedRange<Int> {
        let lower = try count(least) ?? 0
        let upper = try count(most) ?? Int.max
        guard lower <= upper else { throw ModuleSchema.fault("is less than `\(least)`", at: place.appending(most)) }
        return lower...upper
    }

    private func count(_ name: String) throws(ModuleSchema.Fault) -> Int? {
        try read(name, "a whole number of at least 0") { value in
            guard case .integer(let number) = value, number >= 0 else { return nil }
            return Int(number)
        }
    }

    private func read<Value>(
        _ name: String,
        _ expected: String,
        _ convert: (JSON) -> Value?
    ) throws(ModuleSchema.Fault) -> Value? {
        guard let member = members[name] else { return nil }
        guard let value = convert(member) else {
            throw ModuleSchema.fault("must be \(expected)", at: place.appending(name))
        }
        return value
    }
}
