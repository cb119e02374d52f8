// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// The content of a token as text; nothing is verified.
struct TokenInspection {
    /// The readable content, in lines.
    private(set) var text: [String] = []
    /// Why the token cannot be read completely; `nil` when it can.
    private(set) var problem: String?

    init(_ token: [UInt8], now: NumericDate) {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        switch parts.count {
        case 5: encrypted(parts[0])
        case 3: signed(parts, now)
        default:
            // A truncated token may still have readable parts.
            for (name, part) in zip(["header", "claims"], parts) where decoded(part) != nil { show(name, part, now) }
            let noun = parts.count == 1 ? "part" : "parts"
            problem = "not a JWT: \(parts.count) \(noun) where a JWT has three"
        }
    }

    /// Everything that is read from a file is parsed; a resource accepts less.
    private static let limits = JSONDocument.Limits(bytes: Input.maximumBytes)

    private mutating func encrypted(_ header: ArraySlice<UInt8>) {
        show("header", header, NumericDate(0))
        guard problem == nil else { return }
        text.append(
            "This is an encrypted token (JWE): only its intended recipient can read its claims. Resources accept "
                + "signed tokens (JWS); configure the authorization server to issue those."
        )
    }

    private mutating func signed(_ parts: [ArraySlice<UInt8>], _ now: NumericDate) {
        show("header", parts[0], now)
        if problem == nil { show("claims", parts[1], now) }
        guard problem == nil, !parts[2].isEmpty, Base64URL.decode(parts[2]) == nil else { return }
        problem = "the signature is not base64url"
    }

    private mutating func show(_ name: String, _ part: ArraySlice<UInt8>, _ now: NumericDate) {
        guard let bytes = decoded(part) else {
            problem = "the \(name) is not base64url"
            return
        }
        do throws(JSONParsingError) {
            let root = try JSONDocument(parsing: bytes, limits: Self.limits).root
            text.append("\(name) (not verified):")
            text.append(Self.annotated(String(decoding: JSON(root).encoded(pretty: true), as: UTF8.self), now))
            if root.isBesideUnrepresentable {
                text.append(
                    "Numbers beyond 64 bits and strings with NUL or half a surrogate pair are shown as null, and "
                        + "members with such names are omitted: no rule can test them."
                )
            }
            // A string or an array is valid JSON, but not a header or claims.
            if root.kind != .object { problem = "the \(name) is not a JSON object" }
        } catch {
            let place = "line \(error.line), column \(error.column)"
            problem = "the \(name) is not JSON: \(error.message.escaped) at \(place)"
        }
    }

    private func decoded(_ part: ArraySlice<UInt8>) -> [UInt8]? {
        part.isEmpty ? nil : Base64URL.decode(part)
    }

    // MARK: Text

    private static let times = ["exp", "nbf", "iat", "auth_time", "updated_at"]

    /// The JSON text with readable times after their numbers, and with invisible characters escaped.
    private static func annotated(_ json: String, _ now: NumericDate) -> String {
        json.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let line = visible(line)
            guard let time = time(in: line) else { return line }
            return "\(line)  \(readable(time, now))"
        }.joined(separator: "\n")
    }

    /// The number of a line such as `  "exp": 1795425600,` at the top level of the object.
    private static func time(in line: String) -> Double? {
        guard line.hasPrefix("  \""), let colon = line.firstRange(of: "\": "),
            times.contains(String(line[line.index(line.startIndex, offsetBy: 3)..<colon.lowerBound]))
        else { return nil }
        return Double(line[colon.upperBound...].prefix { $0 != "," })
    }

    private static func readable(_ time: Double, _ now: NumericDate) -> String {
        guard abs(time) < 1e11 else { return "(milliseconds? a NumericDate counts seconds)" }
        let date = Date(timeIntervalSince1970: time)
        let difference = time - now.secondsSinceEpoch
        let span = Self.span(abs(difference))
        return "(\(date.formatted(.iso8601)), \(difference < 0 ? "\(span) ago" : "in \(span)"))"
    }

    private static func span(_ seconds: Double) -> String {
        let units = [(86400.0, "day"), (3600, "hour"), (60, "minute"), (1, "second")]
        let (size, name) = units.first { seconds >= $0.0 } ?? (1, "second")
        let count = Int(seconds / size)
        return "\(count) \(name)\(count == 1 ? "" : "s")"
    }

    /// Escapes control and invisible characters, which encoded JSON has only in strings.
    private static func visible(_ line: Substring) -> String {
        line.unicodeScalars.map { scalar in
            let text = String(scalar)
            guard !scalar.isVisible else { return text }
            return text.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }.joined()
    }
}
#endif
