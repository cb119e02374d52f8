// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Finds the protected resource a request belongs to: by public authority and longest path prefix.
package struct ResourceRouter: Sendable {
    /// What a listener knows of the public authority.
    package enum AuthorityRule: String, Sendable, CaseIterable {
        /// The request's own authority must be that of the resource.
        case exact
        /// A proxy hides it; paths alone decide.
        case any
    }

    private let rule: AuthorityRule
    private let resources: [Key: ProtectedResource]

    private struct Key: Hashable {
        let authority: String
        let path: String
    }

    /// - Throws: ``ConfigurationError`` when two resources would match the same requests.
    package init(_ resources: [ProtectedResource], authority rule: AuthorityRule = .exact) throws {
        self.rule = rule
        var byKey: [Key: ProtectedResource] = [:]
        for resource in resources {
            let key = Self.key(resource.identifier, rule)
            if let other = byKey[key] {
                let identifiers =
                    "`\(other.identifier.description.printable)` and `\(resource.identifier.description.printable)`"
                throw ConfigurationError(
                    other.identifier == resource.identifier ? .duplicate : .conflict,
                    "\(identifiers) match the same requests"
                )
            }
            byKey[key] = resource
        }
        self.resources = byKey
    }

    /// The resource whose authority is the request's and whose path is the longest that contains the request's.
    ///
    /// `/notes` contains `/notes` and `/notes/1`, not `/notes2`.
    package func route(_ request: ProtectedResourceRequest) -> Stage<ProtectedResource> {
        guard RequestPath.isCanonical(request.path) else { return .denied(Denial(.ambiguousTarget, status: 400)) }
        for authority in candidateAuthorities(request.authority) {
            var path = Self.withoutTrailingSlash(request.path)[...]
            while true {
                if let resource = resources[Key(authority: authority, path: String(path))] { return .passed(resource) }
                guard let slash = path.lastIndex(of: "/") else { break }
                path = path[..<slash]
            }
        }
        return .denied(Denial(.noSuchResource, status: 404))
    }

    /// A `Host` field does not say the scheme, so both readings of its port are tried.
    private func candidateAuthorities(_ authority: String?) -> [String] {
        guard rule == .exact else { return [""] }
        guard let authority else { return [] }
        return ["https", "http"].compactMap { scheme in
            HTTPURL.Authority(authority, scheme: scheme).map { Self.text($0.host, $0.port, scheme) }
        }
    }

    private static func key(_ identifier: ResourceIdentifier, _ rule: AuthorityRule) -> Key {
        let url = identifier.url
        let authority = rule == .any ? "" : text(url.host, url.port, url.scheme)
        return Key(authority: authority, path: withoutTrailingSlash(url.path))
    }

    private static func text(_ host: String, _ port: Int?, _ scheme: String) -> String {
        "\(host):\(port ?? (scheme == "https" ? 443 : 80))"
    }

    private static func withoutTrailingSlash(_ path: String) -> String {
        path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
