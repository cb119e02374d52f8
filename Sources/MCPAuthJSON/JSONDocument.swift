// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CJansson

/// A parsed JSON text (RFC 8259), which owns its Jansson tree.
///
/// It accepts what Jansson accepts with `JSON_REJECT_DUPLICATES`: UTF-8 only, no duplicate member names, no trailing
/// bytes. One byte order mark at the beginning is skipped (RFC 8259 section 8.1). Size and nesting are checked before
/// the parse, so hostile input costs a few passes over its bytes. Member names are case-sensitive.
///
/// Numbers out of range, `\u0000` and lone surrogates cannot be represented. With ``Limits/acceptsUnrepresentable``
/// such a value has the kind ``JSONView/Kind/unrepresentable``, and its typed accessors return `nil`; a member with
/// such a name is omitted. Without it the text is refused.
///
/// Values read from it are views that keep it alive.
// SAFETY: the tree is built once in `init` and never changed: no function of this module mutates a node or touches a
// reference count after that, so threads only read constant memory.
@safe package final class JSONDocument: @unchecked Sendable {
    fileprivate let tree: UnsafeMutablePointer<json_t>
    /// Whether a value or member name of this document is unrepresentable.
    ///
    /// Nearly always false; then no value is checked for it.
    let hasUnrepresentable: Bool

    /// Bounds checked before the parse, so that no input can make the parser recurse or allocate without limit.
    package struct Limits: Sendable {
        /// Largest accepted text, in bytes.
        package var bytes: Int
        /// Deepest accepted nesting of arrays and objects.
        package var depth: Int
        /// Whether a text with values that cannot be represented is accepted.
        package var acceptsUnrepresentable: Bool

        package init(bytes: Int, depth: Int = 32, acceptsUnrepresentable: Bool = true) {
            self.bytes = bytes
            self.depth = depth
            self.acceptsUnrepresentable = acceptsUnrepresentable
        }

        /// For tokens and their parts: 256 KiB, the largest token size that can be configured.
        package static let token = Limits(bytes: 256 * 1024)
        /// For JOSE Headers: 16 KiB, without unrepresentable values.
        package static let header = Limits(bytes: 16 * 1024, acceptsUnrepresentable: false)
        /// For metadata, JWK Sets and introspection responses: 512 KiB.
        package static let fetched = Limits(bytes: 512 * 1024)
        /// For policy and configuration files, which people write: 1 MiB, without unrepresentable values.
        package static let file = Limits(bytes: 1024 * 1024, acceptsUnrepresentable: false)
    }

    /// Parses a whole JSON text.
    ///
    /// - Throws: ``JSONParsingError`` with line and column, counted from 1.
    package init(parsing bytes: [UInt8], limits: Limits) throws(JSONParsingError) {
        guard !bytes.isEmpty, bytes.count <= limits.bytes else {
            let message = bytes.isEmpty ? "the text is empty" : "the text is larger than \(limits.bytes) bytes"
            throw JSONParsingError(message: message, line: 1, column: 1)
        }
        // Jansson ignores a NUL byte after a number or a literal such as `true`.
        if let offset = bytes.index(of: 0, from: 0) {
            let (line, column) = Self.position(of: offset, in: bytes)
            throw JSONParsingError(message: "a NUL byte", line: line, column: column)
        }
        if let offset = Self.offsetNestedDeeper(than: limits.depth, in: bytes) {
            let (line, column) = Self.position(of: offset, in: bytes)
            throw JSONParsingError(message: "nested deeper than \(limits.depth) levels", line: line, column: column)
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        var error = json_error_t()
        if let parsed = unsafe Self.parse(bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error) {
            unsafe tree = parsed
            hasUnrepresentable = false
            return
        }
        guard limits.acceptsUnrepresentable, unsafe mcp_json_is_about_representation(&error) != 0 else {
            throw JSONParsingError(error)
        }
        // Jansson does not see names that are rewritten, so it cannot check their encoding.
        guard String(validating: bytes, as: UTF8.self) != nil else { throw JSONParsingError(error) }
        let flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL
        let rewritten = LenientText(bytes).text
        guard let parsed = unsafe Self.parse(rewritten, flags, &error) else { throw JSONParsingError(error) }
        unsafe tree = parsed
        hasUnrepresentable = true
    }

    private static func parse(
        _ bytes: [UInt8],
        _ flags: Int32,
        _ error: inout json_error_t
    ) -> UnsafeMutablePointer<json_t>? {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe json_loadb(buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, Int(flags), &error)
        }
    }

    deinit {
        unsafe mcp_json_decref(tree)
    }

    /// The top-level value.
    package var root: JSONView {
        unsafe JSONView(document: self, node: tree)
    }

    private static func offsetNestedDeeper(than depth: Int, in bytes: [UInt8]) -> Int? {
        guard mayBeNested(deeperThan: depth, bytes) else { return nil }
        var level = 0
        var inString = false
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                inString.toggle()
            } else if inString {
                // An escaped quotation mark does not end the string.
                if byte == UInt8(ascii: "\\") { offset += 1 }
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                level += 1
                if level > depth { return offset }
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                level -= 1
            }
            offset += 1
        }
        return nil
    }

    /// Whether the text has more than `depth` opening brackets, even inside strings.
    ///
    /// For most texts this is false, and a check of every byte is not needed.
    private static func mayBeNested(deeperThan depth: Int, _ bytes: [UInt8]) -> Bool {
        var openings = 0
        for opening in [UInt8(ascii: "{"), UInt8(ascii: "[")] {
            var start = 0
            while openings <= depth, let offset = bytes.index(of: opening, from: start) {
                openings += 1
                start = offset + 1
            }
        }
        return openings > depth
    }

    private static func position(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }
}

/// Why a text is not acceptable JSON, and where.
public struct JSONParsingError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in lower case, without the offending text, which could be secret.
    public let message: String
    /// The line, counted from 1.
    public let line: Int
    /// The column, counted from 1, near the offending text; approximate in lines with characters outside ASCII.
    public let column: Int

    /// One line: what is wrong, and where.
    public var description: String { "\(message) at line \(line), column \(column)" }

    package init(message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }

    fileprivate init(_ error: json_error_t) {
        let text = unsafe withUnsafeBytes(of: error.text) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        // Jansson quotes the surrounding text after `near`; that text can be part of a token or a secret. Some of its
        // messages also name the flag `JSON_ALLOW_NUL`.
        message = Self.withoutQuotedText(text).replacing(" without JSON_ALLOW_NUL", with: "")
        line = max(1, Int(error.line))
        column = max(1, Int(error.column))
    }

    private static func withoutQuotedText(_ text: String) -> String {
        var words: [Substring] = []
        for word in text.split(separator: " ") {
            if word == "near" { break }
            words.append(word)
        }
        return words.joined(separator: " ")
    }
}
