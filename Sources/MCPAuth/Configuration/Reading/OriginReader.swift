// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Reads lists of web origins (RFC 6454 section 6.2).
enum OriginReader {
    /// The origins in the form in which browsers send them; `nil` when the member is absent.
    ///
    /// - Throws: `ConfigurationError` for an element that is not an origin.
    static func origins(_ key: String, _ object: ObjectReader, allowingAny: Bool) throws -> [String]? {
        guard let written = try object.strings(key) else { return nil }
        if allowingAny, written == ["*"] { return written }
        return try written.enumerated().map { index, text in
            if let origin = canonical(text) { return origin }
            let any = allowingAny ? ", or `*` alone for any" : ""
            throw object.document.error(
                .invalidValue,
                "`\(text.printable)` is not an origin, expected the form https://app.example.com without a path\(any)",
                at: object.pointer.appending(key).appending(String(index))
            )
        }
    }

    /// Scheme and host in lower case, without the default port; `nil` when the text is not an origin.
    ///
    /// Browsers send `null` for pages without an origin of their own, which anybody can make; it is not accepted.
    static func canonical(_ text: String) -> String? {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        let host = text[separator.upperBound...]
        guard !host.isEmpty, !host.contains(where: { "/?#@*".contains($0) }) else { return nil }
        if ["http", "https"].contains(scheme) { return HTTPURL(text)?.origin }
        guard scheme.utf8.first.map(isLetter) ?? false, scheme.utf8.allSatisfy(isSchemeCharacter),
            host.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return scheme + "://" + host.lowercased()
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isSchemeCharacter(_ byte: UInt8) -> Bool {
        isLetter(byte) || (0x30...0x39).contains(byte) || [UInt8]("+-.".utf8).contains(byte)
    }
}
