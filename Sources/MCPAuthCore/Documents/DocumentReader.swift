// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// Reads a hand-written JSON file strictly, with errors that give the place and the cause.
///
/// Every object is read through ``object(_:at:allowing:)``, which refuses unknown keys. `description` and `$comment`
/// are allowed in every object, `$schema` at the top.
package struct DocumentReader: Sendable {
    /// The name that errors use for the file.
    package let file: String
    package let root: JSONView
    private let bytes: [UInt8]

    /// - Throws: ``ConfigurationError`` when the text is not acceptable JSON.
    package init(file: String, bytes: [UInt8]) throws(ConfigurationError) {
        self.file = file
        // Positions do not count a byte order mark, as in editors.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        self.bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        let limits = JSONDocument.Limits.file
        do throws(JSONParsingError) {
            root = try JSONDocument(parsing: self.bytes, limits: limits).root
        } catch {
            throw Self.error(error, in: file, self.bytes, limits)
        }
    }

    /// The error for a text that is not acceptable JSON: the place of each mistake, explained in plain words.
    package static func error(
        _ error: JSONParsingError,
        in file: String,
        _ bytes: [UInt8],
        _ limits: JSONDocument.Limits
    ) -> ConfigurationError {
        let mistakes =
            bytes.isEmpty || bytes.count > limits.bytes
            ? [] : JSONSyntaxCheck.mistakes(in: bytes, mostDepth: limits.depth)
        let errors = mistakes.map { mistake in
            let position = JSONLocator.position(of: mistake.offset, in: bytes)
            let location = ConfigurationError.Location(file: file, line: position.line, column: position.column)
            return ConfigurationError(mistake.isDuplicate ? .duplicate : .invalidJSON, mistake.message, at: location)
        }
        guard let first = errors.first else {
            let location = ConfigurationError.Location(file: file, line: error.line, column: error.column)
            return ConfigurationError(.invalidJSON, error.message, at: location)
        }
        return ConfigurationError(first.code, first.message, at: first.location, others: Array(errors.dropFirst()))
    }

    /// An error about the value (or the member name) at `pointer`.
    package func error(
        _ code: ConfigurationError.Code,
        _ message: String,
        at pointer: JSONPointer,
        part: JSONLocator.Part = .value
    ) -> ConfigurationError {
        ConfigurationError(code, message, at: location(of: pointer, part))
    }

    fileprivate func location(
        of pointer: JSONPointer,
        _ part: JSONLocator.Part = .value
    ) -> ConfigurationError.Location {
        let position = JSONLocator.position(of: pointer, part: part, in: bytes)
        return ConfigurationError.Location(file: file, line: position.line, column: position.column)
    }

    /// Reads the top-level object.
    package func rootObject(
        allowing keys: [String],
        foreign: ForeignWords = .none
    ) throws(ConfigurationError) -> ObjectReader {
        try object(root, at: .root, allowing: keys + ["$schema"], foreign: foreign)
    }

    /// Reads a value as an object that has only these keys.
    ///
    /// - Throws: ``ConfigurationError`` with every unknown key.
    package func object(
        _ value: JSONView,
        at pointer: JSONPointer,
        allowing keys: [String],
        foreign: ForeignWords = .none
    ) throws(ConfigurationError) -> ObjectReader {
        var mistakes = Mistakes()
        let object = object(value, at: pointer, allowing: keys, foreign: foreign, noting: &mistakes)
        try mistakes.check()
        guard let object else { throw notAnObject(value, pointer) }
        return object
    }

    /// Reads a value as an object, and adds an error to `mistakes` for each unknown key.
    ///
    /// - Returns: `nil` when it is not an object.
    package func object(
        _ value: JSONView,
        at pointer: JSONPointer,
        allowing keys: [String],
        foreign: ForeignWords = .none,
        noting mistakes: inout Mistakes
    ) -> ObjectReader? {
        guard let members = value.members else {
            mistakes.add(notAnObject(value, pointer))
            return nil
        }
        var misspelt: Set<String>? = []
        for member in members where !keys.contains(member.name) && !Self.keysAllowedAnywhere.contains(member.name) {
            guard !mistakes.isFull else { break }
            let suggestion = Suggestion.text(for: member.name, among: keys, foreign: foreign)
            if let meant = Suggestion.closest(to: member.name, among: keys) { misspelt?.insert(meant) }
            if foreign.advice(on: member.name) != nil { misspelt = nil }
            let message = "unknown key `\(member.name.printable)`\(suggestion)"
            mistakes.add(error(.unknownKey, message, at: pointer.appending(member.name), part: .name))
        }
        for remark in Self.keysAllowedAnywhere.sorted() {
            guard let member = value[remark], member.kind != .string, !keys.contains(remark) else { continue }
            let message = "`\(remark)` is \(member.kind.inWords), expected a string"
            mistakes.add(error(.wrongType, message, at: pointer.appending(remark)))
        }
        return ObjectReader(document: self, value: value, pointer: pointer, misspelt: misspelt)
    }

    private func notAnObject(_ value: JSONView, _ pointer: JSONPointer) -> ConfigurationError {
        error(.wrongType, "expected an object, found \(value.kind.inWords)", at: pointer)
    }

    fileprivate static let keysAllowedAnywhere: Set<String> = ["description", "$comment"]
}

/// One object of a ``DocumentReader``, with typed access to its members.
package struct ObjectReader: Sendable {
    package let document: DocumentReader
    package let value: JSONView
    package let pointer: JSONPointer
    /// The known keys that unknown keys of the object may be misspellings of; `nil` if that could be any key.
    fileprivate let misspelt: Set<String>?

    /// An error that none of the keys is present; it is not reported if an unknown key may be a misspelling of one of
    /// them.
    package func absence(
        of keys: [String],
        _ code: ConfigurationError.Code,
        _ message: String
    ) -> ConfigurationError {
        let isConsequence = misspelt.map { !$0.isDisjoint(with: keys) } ?? true
        return ConfigurationError(code, message, at: document.location(of: pointer), isConsequence: isConsequence)
    }

    /// An error about one member, or about the object when the member is absent.
    package func error(_ code: ConfigurationError.Code, _ message: String, at key: String? = nil) -> ConfigurationError
    {
        let place = key.flatMap { value[$0] == nil ? nil : pointer.appending($0) } ?? pointer
        return document.error(code, message, at: place)
    }

    /// The member, which must be present.
    package func required<T>(_ key: String, _ member: T?) throws(ConfigurationError) -> T {
        guard let member else { throw absence(of: [key], .missingKey, "missing key `\(key)`") }
        return member
    }

    package func string(_ key: String) throws(ConfigurationError) -> String? {
        try read(key, "a string") { $0.string }
    }

    package func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
        try read(key, "true or false") { $0.boolean }
    }

    package func integer(_ key: String, in range: ClosedRange<Int64>) throws(ConfigurationError) -> Int64? {
        guard let number = try read(key, "a whole number", { $0.integer }) else { return nil }
        guard range.contains(number) else {
            throw error(
                .invalidValue,
                "`\(key)` is \(number), expected \(range.lowerBound) to \(range.upperBound)",
                at: key
            )
        }
        return number
    }

    package func integer(_ setting: NumberSetting) throws(ConfigurationError) -> Int64? {
        try integer(setting.key, in: setting.range)
    }

    package func number(_ key: String) throws(ConfigurationError) -> Double? {
        try read(key, "a number") { $0.number }
    }

    package func strings(_ key: String) throws(ConfigurationError) -> [String]? {
        for (index, element) in (value[key]?.array ?? []).enumerated() where element.kind != .string {
            let place = pointer.appending(key).appending(String(index))
            throw document.error(.wrongType, "expected a string, found \(element.kind.inWords)", at: place)
        }
        return try read(key, "an array of strings") { $0.strings }
    }

    /// A string that must be one of the cases of `type`.
    package func word<Word: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: Word.Type,
        foreign: ForeignWords = .none
    ) throws(ConfigurationError) -> Word? where Word.RawValue == String {
        guard let text = try string(key) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue)
            let suggestion = Suggestion.text(for: text, among: known, foreign: foreign)
            let list = known.map { "`\($0)`" }.joined(separator: ", ")
            throw error(
                .invalidValue,
                "`\(key)` is `\(text.printable)`, expected one of \(list)\(suggestion)",
                at: key
            )
        }
        return word
    }

    /// The member as an object that has only these keys.
    package func object(
        _ key: String,
        allowing keys: [String],
        foreign: ForeignWords = .none
    ) throws(ConfigurationError) -> ObjectReader? {
        guard let member = value[key] else { return nil }
        return try document.object(member, at: pointer.appending(key), allowing: keys, foreign: foreign)
    }

    /// The members of a member that is an object whose keys the author chooses.
    package func dictionary(
        _ key: String
    ) throws(ConfigurationError) -> [(name: String, value: JSONView, pointer: JSONPointer)] {
        guard let member = value[key] else { return [] }
        guard let members = member.members else {
            throw error(.wrongType, "`\(key)` is \(member.kind.inWords), expected an object", at: key)
        }
        // Comments are allowed here too; a value that is configured under such a name is not a string.
        return members.filter { !DocumentReader.keysAllowedAnywhere.contains($0.name) || $0.value.kind != .string }
            .map { ($0.name, $0.value, pointer.appending(key).appending($0.name)) }
    }

    /// The elements of a member that is an array.
    package func elements(_ key: String) throws(ConfigurationError) -> [(value: JSONView, pointer: JSONPointer)]? {
        guard let array = try read(key, "an array", { $0.array }) else { return nil }
        let place = pointer.appending(key)
        return array.enumerated().map { ($0.element, place.appending(String($0.offset))) }
    }

    private func read<T>(
        _ key: String,
        _ expected: String,
        _ convert: (JSONView) -> T?
    ) throws(ConfigurationError) -> T? {
        guard let member = value[key] else { return nil }
        guard let converted = convert(member) else {
            throw error(.wrongType, "`\(key)` is \(member.kind.inWords), expected \(expected)", at: key)
        }
        return converted
    }
}

extension JSONView.Kind {
    /// The name of the kind in messages.
    package var inWords: String {
        switch self {
        case .null: "null"
        case .boolean: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        case .unrepresentable: "a value that cannot be represented"
        }
    }
}
