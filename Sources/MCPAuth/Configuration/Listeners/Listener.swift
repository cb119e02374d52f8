// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

extension ConfigurationFile {
    /// An address to listen on.
    public struct Listener: Sendable, Hashable, CustomStringConvertible {
        /// A host name or an address, without brackets; empty for a unix socket.
        public let host: String
        /// 0 to 65535; with 0 the system picks a free port.
        public let port: Int
        /// The absolute path of a unix socket; `nil` for TCP.
        public let socketPath: String?

        /// The form `host:port`, an IPv6 address in brackets, or `unix:PATH`.
        public var description: String {
            if let socketPath { return "unix:\(socketPath)" }
            return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }

        /// The longest path of a unix socket that every system accepts, in bytes.
        private static let longestSocketPath = 103

        /// Reads the form `host:port` or `unix:PATH`; `nil` for anything else.
        package init?(_ text: String) {
            if text.hasPrefix("unix:") {
                let path = String(text.dropFirst(5))
                guard path.hasPrefix("/"), path.utf8.count <= Self.longestSocketPath, !path.utf8.contains(0) else {
                    return nil
                }
                (host, port, socketPath) = ("", 0, path)
                return
            }
            guard let colon = text.lastIndex(of: ":") else { return nil }
            let digits = text[text.index(after: colon)...].utf8
            guard digits.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(Substring(digits)) else {
                return nil
            }
            // Only the host is read as in a URL: a port has other rules there. A host has colons only in brackets.
            let name = text[..<colon]
            guard name.hasSuffix("]") || !name.contains(":"), let authority = HTTPURL.Authority(name, scheme: "http")
            else { return nil }
            host = authority.host.filter { $0 != "[" && $0 != "]" }
            self.port = Int(port)
            socketPath = nil
        }
    }
}
