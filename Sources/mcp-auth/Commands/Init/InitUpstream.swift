// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuth
internal import MCPAuthCore

/// The host and port of the server behind a proxy.
struct InitUpstream {
    /// The host as a URL has it, in lower case; an IPv6 address has brackets.
    let host: String
    let port: Int

    init(_ text: String) throws(WrongAnswer) {
        let expected = "`host:port` such as `127.0.0.1:9002`"
        guard !text.contains("/") else {
            throw WrongAnswer("`\(text.printable)` has a scheme or a path", expected: expected)
        }
        let digits = text.split(separator: ":", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        guard text.contains(":"), !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw WrongAnswer("`\(text.printable)` has no port", expected: expected)
        }
        guard let port = UInt16(digits), port > 0 else {
            throw WrongAnswer("`\(digits)` is not a port", expected: "1 to 65535")
        }
        guard let url = HTTPURL("http://\(text)"), url.query == nil else {
            throw WrongAnswer("`\(text.printable)` has no host", expected: expected)
        }
        host = url.host
        self.port = Int(port)
    }

    var text: String { "\(host):\(port)" }

    /// Whether the host is an address and not a name.
    var isAddress: Bool {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        return host.hasPrefix("[") || (octets.count == 4 && octets.allSatisfy { UInt8($0) != nil })
    }

    /// The host without brackets, as a YAML value.
    var yamlHost: String { host.hasPrefix("[") ? "\"\(host.dropFirst().dropLast())\"" : host }
}
#endif
