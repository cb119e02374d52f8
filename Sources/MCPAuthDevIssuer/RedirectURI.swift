// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Decides which redirect URIs may be registered, and whether a requested URI is a registered one.
enum RedirectURI {
    /// Whether a URI may be registered: `https`, or `http` on this machine (RFC 8252 section 7.3), without fragment.
    ///
    /// Only printable ASCII is accepted, because the URI becomes a header field of a response.
    static func isAcceptable(_ uri: String) -> Bool {
        guard uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else { return false }
        if uri.hasPrefix("https://") { return uri.utf8.count > "https://".utf8.count }
        return loopback(uri, origins: addresses + ["http://localhost"]) != nil
    }

    /// Whether a requested URI equals a registered one byte for byte, except for the port of a loopback address (RFC
    /// 8252 section 7.3).
    static func matches(_ uri: String, registered: String) -> Bool {
        if uri.utf8.elementsEqual(registered.utf8) { return true }
        guard let requested = loopback(uri, origins: addresses),
            let known = loopback(registered, origins: addresses)
        else { return false }
        return requested.origin == known.origin && requested.rest.utf8.elementsEqual(known.rest.utf8)
    }

    private static let addresses = ["http://127.0.0.1", "http://[::1]"]

    /// The origin without port, and what follows the port; `nil` for every other host.
    private static func loopback(_ uri: String, origins: [String]) -> (origin: String, rest: Substring)? {
        guard let origin = origins.first(where: uri.hasPrefix) else { return nil }
        var rest = uri.dropFirst(origin.count)
        if rest.first == ":" { rest = rest.dropFirst().drop { ("0"..."9").contains($0) } }
        return rest.isEmpty || rest.first == "/" || rest.first == "?" ? (origin, rest) : nil
    }
}
