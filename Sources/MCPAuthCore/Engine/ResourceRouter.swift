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

    private typealias Paths = [String: ProtectedResource]

    private let rule: AuthorityRule
    /// In bytes.
    private var longestPath = 0
    /// The segments of the paths of resources without regard to case.
    private var foldedPaths: [String: [String]] = [:]
    /// By host and port.
    private let byAuthority: [String: Paths]
    /// What the usual spellings of a `Host` field lead to, so that they need no reading.
    private let bySpelling: [String: [Paths]]
    /// Some of the hosts, for the refusals of requests for others.
    private let someHosts: String
    /// What requests for the very path of a resource lead to, by the usual spellings, so that they need one look-up.
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

    /// With its port as it is written, and with its port in any case.
    private static func spellings(_ url: HTTPURL) -> [String] {
        [url.authority, text(url.host, url.port, url.scheme)]
    }

    /// The resource whose authority is the request's and whose path is the longest that contains the request's.
    ///
    /// `/notes` contains `/notes` and `/notes/1`, not `/notes2`. Where the host ignores case, it must be the only one with the
    /// longest path without regard to case too: otherwise the host would run the handler of one resource and we would ask for
    /// the token of another (`/ADMIN` beside the resources `/` and `/admin`), so nothing is found.
    package func route(_ request: ProtectedResourceRequest) -> Checked<ProtectedResource> {
        guard let resource = resource(at: request.path, request.authority),
            !request.ignoresCase || isTheOnlyOne(resource, at: request.path, request.authority)
        else {
            let diagnosis = absence(at: request.path, request.authority)
            return .denied(Denial(.noSuchResource, status: 404, diagnosis: diagnosis))
        }
        return .passed(resource)
    }

    /// Whether no resource has the host or none has the path: behind a proxy that is the first question.
    private func absence(at path: RequestPath, _ authority: String?) -> Diagnosis {
        guard candidates(authority).isEmpty else {
            let value = "`\(path.description.printable)`"
            return Diagnosis("the path", expected: "that of one resource", found: "another one", value: value)
        }
        return Diagnosis(
            "the host",
            expected: "that of a resource, such as \(someHosts)",
            found: authority == nil ? "none" : "another one",
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

    /// Whether no other resource has a path that contains this one without regard to case and is as long.
    private func isTheOnlyOne(_ resource: ProtectedResource, at path: RequestPath, _ authority: String?) -> Bool {
        let segments = Self.foldedSegments(path.description)
        let containing = candidates(authority).flatMap { paths in
            paths.filter { foldedPaths[$0.key].map(segments.starts) ?? true }
        }
        let most = containing.map { foldedPaths[$0.key]?.count ?? 0 }.max()
        return containing.allSatisfy { foldedPaths[$0.key]?.count != most || $0.value === resource }
    }

    /// The segments of a path as text: marks that combine are compared as their host does.
    private static func foldedSegments(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { RequestPath.folded($0) }
    }

    private func search(_ authority: String?, _ requestPath: RequestPath) -> ProtectedResource? {
        for paths in candidates(authority) {
            // No prefix that is longer than the longest path there is need be tried.
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

    /// A `Host` field does not say the scheme, so both readings of its port are tried, once where they are the same.
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
