// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// The name of a protected resource: an absolute URL without fragment (RFC 9728 section 1.2).
///
/// It is published exactly as given, and compared in canonical form.
public struct ResourceIdentifier: Hashable, Sendable, CustomStringConvertible {
    private final class Parts: Sendable {
        let text: String
        let url: HTTPURL
        let metadataURL: String
        let path: RequestPath
        let isLoopback: Bool
        let authority: String

        init(_ text: String, _ url: HTTPURL) {
            self.text = text
            self.url = url
            isLoopback = url.isLoopback
            authority = String(url.origin.dropFirst(url.scheme.count + 3))
            path = RequestPath(of: url)
            let query = url.query.map { "?" + $0 } ?? ""
            metadataURL = url.origin + ResourceIdentifier.metadataPath(of: url) + query
        }
    }

    private let parts: Parts

    /// The URL as given.
    public var description: String { parts.text }
    package var url: HTTPURL { parts.url }
    /// Whether its host can only be this machine.
    package var isLoopback: Bool { parts.isLoopback }
    /// Its host, and its port unless that is the usual one.
    package var authority: String { parts.authority }
    /// The path that requests for the resource begin with.
    package var path: RequestPath { parts.path }

    /// Creates an identifier from a URL.
    ///
    /// - Throws: ``ConfigurationError`` unless it is an `https` URL, or `http` for development, without fragment.
    public init(_ text: String) throws {
        guard let identifier = ResourceIdentifier(valid: text) else {
            throw ConfigurationError(
                .invalidValue,
                "invalid resource identifier URI `\(text.printable)`, expected an absolute https URL without fragment"
            )
        }
        self = identifier
    }

    /// `nil` unless it is an `http` or `https` URL without fragment.
    package init?(valid text: String) {
        guard let url = HTTPURL(text) else { return nil }
        parts = Parts(text, url)
    }

    /// Compares the canonical forms.
    public static func == (left: ResourceIdentifier, right: ResourceIdentifier) -> Bool {
        left.url == right.url
    }

    /// Hashes the canonical form.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(url)
    }

    /// Where the metadata of this resource is published (RFC 9728 section 3.1): the well-known path is inserted between
    /// host and path, and the query is kept.
    public var metadataURL: String { parts.metadataURL }

    /// The path of ``metadataURL``.
    public var metadataPath: String { Self.metadataPath(of: url) }

    private static func metadataPath(of url: HTTPURL) -> String {
        wellKnownPath + (url.path == "/" ? "" : url.path)
    }

    /// The well-known path; it is also the metadata path of a resource without path.
    public static let wellKnownPath = "/.well-known/oauth-protected-resource"
}

/// The name of an authorization server (RFC 8414 section 2), compared byte for byte with `iss`.
public struct IssuerIdentifier: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The text as given.
    public let description: String

    /// Keeps the text unchanged.
    public init(_ text: String) {
        description = text
    }

    /// Keeps the text unchanged.
    public init(stringLiteral value: String) {
        description = value
    }

    /// Compares bytes (RFC 7519 section 2).
    public static func == (left: IssuerIdentifier, right: IssuerIdentifier) -> Bool {
        left.description.isExactly(right.description)
    }
}

/// An access token as the client presented it; it prints as `<redacted>`.
public struct AccessToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The bytes after the authentication scheme.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The maximum length of a token unless configured otherwise, in bytes.
    package static let defaultMaximumBytes = Int(NumberSetting.tokenBytes.standard)
    /// The largest maximum that can be configured, in bytes.
    package static let mostBytes = Int(NumberSetting.tokenBytes.range.upperBound)

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Always `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// Empty, so that reflection and `dump` show no secret.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The token in plain text.
    ///
    /// A resource server must not send it to any other server (MCP: no token passthrough).
    public var dangerouslyRevealed: String {
        String(decoding: bytes, as: UTF8.self)
    }
}

/// A set of scope values (RFC 6749 section 3.3), in the order of their first occurrence.
public struct ScopeSet: Sendable, Hashable, Sequence, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The values in the order of their first occurrence.
    public private(set) var values: [String]

    /// Creates a set; duplicates and values outside the `scope-token` grammar are dropped.
    public init(_ values: some Sequence<String>) {
        self.values = []
        var seen = Set<String>()
        for value in values where Self.isScopeToken(value) { append(value, &seen) }
    }

    /// Most sets have few values, and searching them is faster than hashing; a token may have thousands.
    private mutating func append(_ value: String, _ seen: inout Set<String>) {
        if values.count < 16 {
            if !values.contains(value) { values.append(value) }
        } else {
            if seen.isEmpty { seen = Set(values) }
            if seen.insert(value).inserted { values.append(value) }
        }
    }

    /// Creates a set of these values.
    public init(arrayLiteral elements: String...) {
        self.init(elements)
    }

    /// Reads the space-delimited form; `nil` if a character is outside the grammar.
    ///
    /// Only U+0020 separates values.
    package init?(spaceDelimited text: String) {
        var text = text
        let set = text.withUTF8 { unsafe ScopeSet(spaceDelimited: UnsafeRawBufferPointer($0)) }
        guard let set else { return nil }
        self = set
    }

    /// Reads the same form from UTF-8, in one pass and without a copy of the text, because it runs for every new token.
    init?(spaceDelimited bytes: UnsafeRawBufferPointer) {
        values = []
        values.reserveCapacity(unsafe Swift.min(16, 1 + bytes.count { $0 == 0x20 }))
        var seen = Set<String>()
        var start = 0
        for end in 0...bytes.count {
            if unsafe end < bytes.count && bytes[end] != 0x20 {
                guard unsafe Self.isScopeCharacter(bytes[end]) else { return nil }
                continue
            }
            if start < end {
                let value = unsafe String(decoding: bytes[start..<end], as: UTF8.self)
                append(value, &seen)
            }
            start = end + 1
        }
    }

    /// Whether the set has no values.
    public var isEmpty: Bool { values.isEmpty }
    /// The number of values.
    public var count: Int { values.count }
    /// Whether this exact value is in the set.
    public func contains(_ value: String) -> Bool { values.contains(value) }
    /// Whether every value of the other set is in this one.
    public func isSuperset(of other: ScopeSet) -> Bool { other.values.allSatisfy(contains) }
    /// The values of both sets.
    public func union(_ other: ScopeSet) -> ScopeSet { ScopeSet(values + other.values) }
    /// Iterates over the values in their order.
    public func makeIterator() -> IndexingIterator<[String]> { values.makeIterator() }

    /// The space-delimited form.
    public var description: String { values.joined(separator: " ") }

    /// Compares without regard to order.
    public static func == (left: ScopeSet, right: ScopeSet) -> Bool {
        Set(left.values) == Set(right.values)
    }

    /// Hashes the values, without regard to order.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(Set(values))
    }

    /// Whether a text is a `scope-token`: one or more of `%x21 / %x23-5B / %x5D-7E` (RFC 6749 section 3.3).
    package static func isScopeToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isScopeCharacter)
    }

    private static func isScopeCharacter(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && byte != 0x22 && byte != 0x5C
    }
}
