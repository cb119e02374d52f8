// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Finds the protected resource of a request by its public authority and the longest path prefix.
package struct ResourceRouter: Sendable {
    /// How the authority of a request is compared.
    package enum AuthorityRule: String, Sendable, CaseIterable {
        /// The authority of the request must be that of the resource.
        case exact
        /// The authority is ignored, because a proxy replaces it; only paths are compared.
        case any
    }

    private typealias Paths = [String: ProtectedResource]

    private let rule: AuthorityRule
    /// The length of the longest resource path, in bytes.
    private var longestPath = 0
    /// The segments of each resource path, with case folded.
    private var foldedPaths: [String: [String]] = [:]
    /// The resources by host and port, then by path.
    private let byAuthority: [String: Paths]
    /// The candidates for the usual spellings of a `Host` field, so that these need not be parsed.
    private let bySpelling: [String: [Paths]]
    /// Some of the hosts, for the diagnosis of requests to other hosts.
    private let someHosts: String
    /// The resources by their exact path and the usual spellings of their authority, so that one look-up is enough.
    private var known: [Target: ProtectedResource] = [:]

    private struct Target: Hashable {
        let authority: String
        let path: String
    }

    /// - Throws: ``ConfigurationError`` when two resources would match the same requests.
    package init(_ resources: [ProtectedResource], authority rule: AuthorityRule = .exact) throws {
        self.rule = rule
        var byAuthority: [String: Paths] = [:]
        for resource in resources {
            let url = resource.identifier.url
            let authority = rule == .any ? "" : Self.text(url.host, url.port, url.scheme)
            let path = resource.identifier.path.prefix
            longestPath = max(longestPath, path.count)
            if let other = byAuthority[authority]?[path] {
                let identifiers =
                    "`\(other.identifier.description.printable)` and `\(resource.identifier.description.printable)`"
                throw ConfigurationError(
                    other.identifier == resource.identifier ? .duplicate : .conflict,
                    "\(identifiers) match the same requests"
                )
            }
            byAuthority[authority, default: [:]][path] = resource
            foldedPaths[path] = Self.foldedSegments(path)
        }
        self.byAuthority = byAuthority
        someHosts = byAuthority.keys.sorted().prefix(4).map { "`\($0.printable)`" }.joined(separator: " or ")
        var bySpelling: [String: [Paths]] = [:]
        for url in resources.map(\.identifier.url) where rule == .exact {
            for spelling in Self.spellings(url) {
                bySpelling[spelling] = Self.candidateAuthorities(spelling).compactMap { byAuthority[$0] }
            }
        }
        self.bySpelling = bySpelling
        known = knownTargets(resources)
    }

    private func knownTargets(_ resources: [ProtectedResource]) -> [Target: ProtectedResource] {
        var known: [Target: ProtectedResource] = [:]
        for identifier in resources.map(\.identifier) {
            for spelling in rule == .any ? [""] : Self.spellings(identifier.url) {
                let target = Target(authority: spelling, path: identifier.path.description)
                known[target] = search(spelling, identifier.path)
            }
        }
        return known
    }

    /// The authority as written, and with an explicit port.
    private static func spellings(_ url: HTTPURL) -> [String] {
        [url.authority, text(url.host, url.port, url.scheme)]
    }

    /// The resource with the authority of the request and the longest path that contains the path of the request.
    ///
    /// `/notes` contains `/notes` and `/notes/1`, not `/notes2`. If the host ignores case, the resource must also be
    /// the only one with the longest path when case is ignored. Otherwise the host could run the handler of one
    /// resource while the token of another is checked: with the resources `/` and `/admin`, a request for `/ADMIN`
    /// finds no resource.
    package func route(_ request: ProtectedResourceRequest) -> Checked<ProtectedResource> {
        guard let resource = resource(at: request.path, request.authority),
            !request.ignoresCase || isTheOnlyOne(resource, at: request.path, request.authority)
        else {
            let diagnosis = absence(at: request.path, request.authority)
            return .denied(Denial(.noSuchResource, status: 404, diagnosis: diagnosis))
        }
        return .passed(resource)
    }

    /// Says whether the host or the path is unknown, which helps to find mistakes in the settings of a proxy.
    private func absence(at path: RequestPath, _ authority: String?) -> Diagnosis {
        guard candidates(authority).isEmpty else {
            let value = "`\(path.description.printable)`"
            return Diagnosis("the path", expected: "the path of one resource", found: "another path", value: value)
        }
        return Diagnosis(
            "the host",
            expected: "the host of a resource, such as \(someHosts)",
            found: authority == nil ? "none" : "another host",
            value: authority.map { "`\($0.printable)`" }
        )
    }

    private func resource(at path: RequestPath, _ authority: String?) -> ProtectedResource? {
        if let spelling = rule == .any ? "" : authority,
            let known = known[Target(authority: spelling, path: path.description)]
        {
            return known
        }
        return search(authority, path)
    }

    /// Whether this resource alone has the longest path that contains the path of the request, ignoring case.
    private func isTheOnlyOne(_ resource: ProtectedResource, at path: RequestPath, _ authority: String?) -> Bool {
        let segments = Self.foldedSegments(path.description)
        let containing = candidates(authority).flatMap { paths in
            paths.filter { foldedPaths[$0.key].map(segments.starts) ?? true }
        }
        let most = containing.map { foldedPaths[$0.key]?.count ?? 0 }.max()
        return containing.allSatisfy { foldedPaths[$0.key]?.count != most || $0.value === resource }
    }

    /// The case-folded segments of a path, as text, so that they are compared by canonical equivalence.
    private static func foldedSegments(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { RequestPath.folded($0) }
    }

    private func search(_ authority: String?, _ requestPath: RequestPath) -> ProtectedResource? {
        for paths in candidates(authority) {
            // A prefix that is longer than every resource path cannot match.
            var path = requestPath.prefix.prefix(longestPath + 1)
            while true {
                if let resource = paths[String(path)] { return resource }
                guard let slash = path.lastIndex(of: "/") else { break }
                path = path[..<slash]
            }
        }
        return nil
    }

    private func candidates(_ authority: String?) -> [Paths] {
        guard rule == .exact else { return Array(byAuthority.values) }
        guard let authority else { return [] }
        return bySpelling[authority] ?? Self.candidateAuthorities(authority).compactMap { byAuthority[$0] }
    }

    /// A `Host` field does not contain the scheme, so its port is read for both schemes; once if the results are equal.
    private static func candidateAuthorities(_ authority: String) -> [String] {
        let readings = ["https", "http"].compactMap { scheme in
            HTTPURL.Authority(authority, scheme: scheme).map { text($0.host, $0.port, scheme) }
        }
        return readings.first == readings.last ? Array(readings.prefix(1)) : readings
    }

    private static func text(_ host: String, _ port: Int?, _ scheme: String) -> String {
        "\(host):\(port ?? (scheme == "https" ? 443 : 80))"
    }
}
