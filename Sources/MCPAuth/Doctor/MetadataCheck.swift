// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Checks one document with the metadata of a protected resource (RFC 9728), as clients read it.
struct MetadataCheck {
    /// The issuer identifiers that clients can use.
    private(set) var issuers: [String] = []
    /// The resource that the document is about; `nil` if it names none.
    private(set) var named: String?
    /// Whether clients can use the document.
    private(set) var isGood = false

    private let place: String
    private let resource: ResourceIdentifier

    /// - Parameters:
    ///   - answer: The answer with the document.
    ///   - url: Where it was fetched.
    ///   - resource: The resource that a client wants to use.
    ///   - report: Receives the findings.
    init(_ answer: ProbeAnswer, at url: HTTPURL, of resource: ResourceIdentifier, _ report: inout DoctorReport) {
        place = "GET \(url)"
        self.resource = resource
        let before = report
        check(answer, &report)
        isGood = report.findings.dropFirst(before.findings.count).allSatisfy { $0.severity != .error }
        if isGood {
            let noun = issuers.count == 1 ? "authorization server" : "authorization servers"
            report.ok(.resourceMetadataFound, place, "the metadata names the resource and \(issuers.count) \(noun)")
        }
    }

    private mutating func check(_ answer: ProbeAnswer, _ report: inout DoctorReport) {
        guard answer.status == 200 else {
            let expected = "status 200 with the metadata, without a token"
            report.fail(.resourceMetadataStatus, place, "answered \(answer.status)", expected: expected)
            return
        }
        if let coding = answer.list("content-encoding").first(where: { $0 != "identity" }) {
            let message = "the answer is compressed with `\(coding.printable)` although nothing asked for it"
            report.fail(.resourceMetadataNotJSON, place, message, expected: "the document without a content coding")
            return
        }
        let type = answer.values(of: "content-type").first ?? ""
        let mediaType = type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        if mediaType != "application/json" {
            let message = type.isEmpty ? "no Content-Type" : "Content-Type is `\(type.printable)`"
            report.warn(.resourceMetadataContentType, place, message, expected: "`application/json`")
        }
        guard let document = try? JSONDocument(parsing: answer.body, limits: .fetched).root, document.members != nil
        else {
            let expected = "a JSON object with `resource` and `authorization_servers`"
            report.fail(.resourceMetadataNotJSON, place, "the body is not a JSON object", expected: expected)
            return
        }
        checkResource(document, &report)
        checkServers(document, &report)
        if let methods = document["bearer_methods_supported"]?.strings, !methods.contains("header") {
            let message = "`bearer_methods_supported` does not contain `header`, where MCP clients send tokens"
            report.fail(.bearerMethodMissing, place, message, expected: #"["header"], or no such member"#)
        }
    }

    /// Clients compare `resource` with the URL they want to use, and must not use a document about another one
    /// (RFC 9728 section 3.3).
    private mutating func checkResource(_ document: JSONView, _ report: inout DoctorReport) {
        let expected = "`\(resource.description.printable)`, the URL that clients use"
        guard let text = document["resource"]?.string else {
            report.fail(.resourceDiffers, place, "`resource` is missing, or not a string", expected: expected)
            return
        }
        named = text
        let url = HTTPURL(text)
        guard url != resource.url else { return }
        let message = "`resource` is `\(text.printable)`"
        if let url, isParent(url) {
            let also = ", which some clients accept because it is above the URL they use"
            report.warn(.resourceIsParent, place, message + also, expected: expected)
        } else {
            report.fail(.resourceDiffers, place, message, expected: expected)
        }
    }

    /// Whether the URL of the resource is the same as `url` or below it.
    private func isParent(_ url: HTTPURL) -> Bool {
        guard url.origin == resource.url.origin, url.query == nil else { return false }
        func folder(_ path: String) -> String { path.hasSuffix("/") ? path : path + "/" }
        return folder(resource.url.path).utf8.starts(with: folder(url.path).utf8)
    }

    private mutating func checkServers(_ document: JSONView, _ report: inout DoctorReport) {
        let expected = "the issuer identifiers of the authorization servers, as https URLs"
        guard let servers = document["authorization_servers"]?.strings, !servers.isEmpty else {
            let message = "`authorization_servers` is missing or empty: clients cannot find out where to get a token"
            report.fail(.authorizationServersMissing, place, message, expected: expected)
            return
        }
        for server in servers {
            guard let url = HTTPURL(server), url.isSecure, url.query == nil else {
                let message = "`\(server.printable)` in `authorization_servers` is not an https URL without query"
                report.fail(.authorizationServerInvalid, place, message, expected: expected)
                continue
            }
            if !issuers.contains(where: server.isExactly) { issuers.append(server) }
        }
    }
}
