// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// What MCP clients find when they look for the metadata of an authorization server.
///
/// They look at up to three places. A robust client continues when a document lacks what it needs, so the first
/// suitable document is chosen; other clients stop at the first document, so an unsuitable one before it is a warning.
package struct ClientDiscovery: Sendable {
    /// The chosen metadata and the place where it was found; `nil` when there is none.
    package private(set) var chosen: (place: WellKnown.Place, metadata: AuthorizationServerMetadata)?
    /// The findings, in order.
    package private(set) var findings: [IssuerInspection.Finding] = []
    /// Whether no place gave a usable answer, so nothing is known about the metadata.
    package private(set) var isUnreachable = true

    /// Whether a client can log in.
    package var isCompatible: Bool { chosen != nil && !findings.contains { $0.severity == .error } }

    /// Looks at every place, in the order that clients use.
    package init(_ issuer: HTTPURL, _ inspection: IssuerInspection) async {
        var looks: [(place: WellKnown.Place, look: IssuerInspection.Look)] = []
        for place in WellKnown.places(issuer) { looks.append((place, await inspection.look(at: place.url))) }
        let documents = looks.compactMap { place, look -> (WellKnown.Place, AuthorizationServerMetadata)? in
            guard case .metadata(let metadata) = look else { return nil }
            return (place, metadata)
        }
        let best = documents.first { MetadataValidation($0.1).isValid } ?? documents.first
        for (place, look) in looks {
            if place == best?.0 { break }
            passOver(place, look, isLast: best == nil)
        }
        isUnreachable = looks.allSatisfy { if case .unreachable = $0.look { true } else { false } }
        guard let best else {
            if let appended = WellKnown.oauthAppended(issuer), case .metadata = await inspection.look(at: appended) {
                let message = "\(appended) has the metadata, but no MCP client looks there"
                findings.append(.init(.error, "metadata_misplaced", message))
                isUnreachable = false
            }
            return
        }
        chosen = best
        let validation = MetadataValidation(best.1)
        findings += validation.successes.map { .init(.ok, $0.code, $0.description) }
        findings += validation.warnings.map { .init(.warning, $0.code, $0.description) }
        findings += validation.errors.map { .init(.error, $0.code, $0.description) }
    }

    private mutating func passOver(_ place: WellKnown.Place, _ look: IssuerInspection.Look, isLast: Bool) {
        let severity: IssuerInspection.Finding.Severity = isLast ? .error : .warning
        switch look {
        case .metadata(let metadata):
            let codes = MetadataValidation(metadata).errors.map(\.code).joined(separator: ", ")
            let message = "\(place.url) lacks what clients need (\(codes)); some clients stop there"
            findings.append(.init(severity, "document_passed_over", message))
        case .absent(let reason):
            // Usual for a server that publishes another of the documents.
            if isLast { findings.append(.init(severity, "document_absent", reason)) }
        case .refused(let reason): findings.append(.init(severity, "document_refused", reason))
        case .unreachable(let reason): findings.append(.init(severity, "document_unreachable", reason))
        }
    }
}
