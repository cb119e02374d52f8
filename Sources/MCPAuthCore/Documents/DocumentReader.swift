// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// Reads a JSON file that people write: strictly, and with errors that say where and what.
///
/// Every object is read through ``object(_:at:allowing:)``, which refuses unknown keys. `description` and `$comment`
/// are allowed in every object, `$schema` at the top.
package struct DocumentReader: Sendable {
    /// The name that errors use for the file.
    package let file: String
    package let root: JSONValue
    private let bytes: [UInt8]

    /// - Throws: ``ConfigurationError`` when the text is not acceptable JSON.
    package init(file: String, bytes: [UInt8]) throws(ConfigurationError) {
        self.file = file
        self.bytes = bytes
        do throws(JSONParsingError) {
            root = try JSONDocument(parsing: bytes, limits: .file).root
        } catch {
            let location = ConfigurationError.Location(file: file, line: error.line, column: error.column)
            let code: ConfigurationError.Code = error.message.contains("duplicate") ? .duplicate : .invalidJSON
            throw ConfigurationError(code, error.message, at: location)
        }
    }

    /// An error about the value (or the member name) that `pointer` names.
    package func error(
        _ code: ConfigurationError.Code,
        _ message: String,
        at pointer: JSONPointer,
        part: JSONLocator.Part = .value
    ) -> ConfigurationError {
        let position = JSONLocator.position(of: pointer, part: part, in: bytes)
        return ConfigurationError(
            code,
            message,
            at: .init(file: file, line: position.line, column: position.column)
        )
    }

    /// Reads the top-level object.
    package func rootObject(allowing keys: [String]) throws(ConfigurationError) -> ObjectReader {
        try object(root, at: .root, allowing: keys + ["$schema"])
    }

    /// Reads a value as an object that has no keys but these.
    package func object(
        _ value: JSONValue,
        at pointer: JSONPointer,
        allowing keys: [String]
    ) throws(ConfigurationError) -> ObjectReader {
        guard let members = value.members else {
            throw error(.wrongType, "expected an object, found \(value.kind.rawValue)", at: pointer)
        }
        for member in members where !keys.contains(member.name) && !Self.keysAllowedAnywhere.contains(member.name) {
            let suggestion = Suggestion.text(for: member.name, among: keys)
            throw error(
                .unknownKey,
                "unknown key `\(member.name.printable)`\(suggestion)",
                at: pointer.appending(member.name),
                part: .name
            )
        }
        for remark in Self.keysAllowedAnywhere.sorted() {
            guard let member = value[remark], member.kind != .string, !keys.contains(remark) else { continue }
            throw error(
                .wrongType,
                "`\(remark)` is \(member.kind.rawValue), expected a string",
                at: pointer.appending(remark)
            )
        }
        return ObjectReader(document: self, value: value, pointer: pointer)
    }

    fileprivate static let keysAllowedAnywhere: Set<String> = ["description", "$comment"]
}

/// One object of a ``DocumentReader``, with typed access to its members.
package struct ObjectReader: Sendable {
    package let document: DocumentReader
    package let value: JSONValue
    package let pointer: JSONPointer

    /// An error about one member, or about the object when the member is absent.
    package func error(_ code: ConfigurationError.Code, _ message: String, at key: String? = nil) -> ConfigurationError
    {
        let place = key.flatMap { value[$0] == nil ? nil : pointer.appending($0) } ?? pointer
        return document.error(code, message, at: place)
    }

    /// The member, which must be present.
    package func required<T>(_ key: String, _ member: T?) throws(ConfigurationError) -> T {
        guard let member else { throw error(.missingKey, "missing key `\(key)`") }
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

    package func number(_ key: String) throws(ConfigurationError) -> Double? {
        try read(key, "a number") { $0.number }
    }

    package func strings(_ key: String) throws(ConfigurationError) -> [String]? {
        try read(key, "an array of strings") { $0.strings }
    }

    /// One of a closed set of words.
    package func word<Word: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: Word.Type
    ) throws(ConfigurationError) -> Word? where Word.RawValue == String {
        guard let text = try string(key) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue)
            let suggestion = Suggestion.text(for: text, among: known)
            let list = known.map { "`\($0)`" }.joined(separator: ", ")
            throw error(
                .invalidValue,
                "`\(key)` is `\(text.printable)`, expected one of \(list)\(suggestion)",
                at: key
            )
        }
        return word
    }

    /// The member as an object that has no keys but these.
    package func object(_ key: String, allowing keys: [String]) throws(ConfigurationError) -> ObjectReader? {
        guard let member = value[key] else { return nil }
        return try document.object(member, at: pointer.appending(key), allowing: keys)
    }

    /// The member as an object with names chosen by the writer.
    package func dictionary(
        _ key: String
    ) throws(ConfigurationError) -> [(name: String, value: JSONValue, pointer: JSONPointer)] {
        guard let member = value[key] else { return [] }
        guard let members = member.members else {
            throw error(.wrongType, "`\(key)` is \(member.kind.rawValue), expected an object", at: key)
        }
        // A remark is allowed here too; what is configured under such a name is no string.
        return members.filter { !DocumentReader.keysAllowedAnywhere.contains($0.name) || $0.value.kind != .string }
            .map { ($0.name, $0.value, pointer.appending(key).appending($0.name)) }
    }

    /// The elements of a member that is an array.
    package func elements(_ key: String) throws(ConfigurationError) -> [(value: JSONValue, pointer: JSONPointer)]? {
        guard let array = try read(key, "an array", { $0.array }) else { return nil }
        let place = pointer.appending(key)
        return array.enumerated().map { ($0.element, place.appending(String($0.offset))) }
    }

    private func read<T>(
        _ key: String,
        _ expected: String,
        _ convert: (JSONValue) -> T?
    ) throws(ConfigurationError) -> T? {
        guard let member = value[key] else { return nil }
        guard let converted = convert(member) else {
            throw error(.wrongType, "`\(key)` is \(member.kind.rawValue), expected \(expected)", at: key)
        }
        return converted
    }
}

extension String {
    /// The text with everything but printable ASCII replaced, for messages that repeat what a file or client says.
    package var printable: String {
        String(decoding: utf8.prefix(120).map { (0x20...0x7E).contains($0) && $0 != 0x60 ? $0 : 0x3F }, as: UTF8.self)
    }
}
