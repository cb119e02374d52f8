// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// An absolute `http` or `https` URL, parsed and partly normalised (RFC 3986 section 6.2).
///
/// Scheme and host are lower-cased, a default port is dropped and an empty path becomes `/`. Everything else is kept as
/// written. User information, fragments, white space, control characters and non-ASCII bytes are refused.
public struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    /// `http` or `https`.
    public let scheme: String
    /// The host in lower case; IPv6 addresses keep their brackets.
    public let host: String
    /// The port; `nil` for the default port of the scheme.
    public let port: Int?
    /// The path; it starts with `/`.
    public let path: String
    /// The query without the question mark; `nil` if there is none.
    public let query: String?

    /// Reads a URL; `nil` if it is not such a URL.
    public init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !Self.neverInURLs.contains($0) }) else { return nil }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon].lowercased()
        guard scheme == "https" || scheme == "http", text[colon...].hasPrefix("://"), !text.contains("#") else {
            return nil
        }
        let rest = text[text.index(colon, offsetBy: 3)...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let authority = Authority(rest[..<end], scheme: scheme) else { return nil }
        let question = rest.firstIndex(of: "?") ?? rest.endIndex
        let path = rest[end..<question]
        self.scheme = scheme
        host = authority.host
        port = authority.port
        self.path = path.isEmpty ? "/" : String(path)
        query = question == rest.endIndex ? nil : String(rest[rest.index(after: question)...])
    }

    private static let neverInURLs: Set<UInt8> = Set("\"<>\\^`{|}".utf8)

    /// The host and, unless it is the default, the port.
    public var authority: String {
        port.map { "\(host):\($0)" } ?? host
    }

    /// Scheme and authority.
    public var origin: String {
        "\(scheme)://\(authority)"
    }

    /// The whole URL.
    public var description: String {
        origin + path + (query.map { "?" + $0 } ?? "")
    }

    /// Whether the host can only be this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
    public var isLoopback: Bool {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = octets.count == 4 && octets.allSatisfy { UInt8($0) != nil }
        return host == "localhost" || host == "[::1]" || (isIPv4 && octets[0] == "127")
    }

    /// Whether nobody on the way can read what is sent: the scheme is `https`, or the host is this machine.
    package var isSecure: Bool { scheme == "https" || isLoopback }

    /// The authority of a URL or of a `Host` field, in canonical form.
    package struct Authority: Hashable, Sendable {
        package let host: String
        package let port: Int?

        /// Reads `host`, `host:port` or `[address]:port`; `nil` for anything else.
        package init?(_ text: some StringProtocol, scheme: String) {
            let end: String.Index
            let text = String(text)
            if text.hasPrefix("[") {
                guard let bracket = text.firstIndex(of: "]") else { return nil }
                end = text.index(after: bracket)
                let address = text[text.index(after: text.startIndex)..<bracket]
                guard !address.isEmpty, address.utf8.allSatisfy(Self.isIPv6Byte) else { return nil }
            } else {
                end = text.firstIndex(of: ":") ?? text.endIndex
                guard text[..<end].utf8.allSatisfy(Self.isHostByte), text[..<end].utf8.last != UInt8(ascii: ".") else {
                    return nil
                }
            }
            guard end > text.startIndex else { return nil }
            host = text[..<end].lowercased()
            guard end < text.endIndex else {
                port = nil
                return
            }
            let digits = text[text.index(after: end)...]
            guard text[end] == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits)
            else { return nil }
            port = Int(number) == (scheme == "https" ? 443 : 80) ? nil : Int(number)
        }

        private static func isHostByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }

        private static func isIPv6Byte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}
