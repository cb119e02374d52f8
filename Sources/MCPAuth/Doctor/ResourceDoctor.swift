// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthVerification

/// Examines a running protected resource from outside, in the steps of a client: refusal, metadata, authorization
/// servers; then what it does with bad credentials, and what web pages may read.
///
/// It sends about twelve requests, each with a deadline, and none with a genuine token. What documents name is fetched
/// under the rules for such URLs, unless the operator says that the resource is in a private network, or it is on this machine.
package struct ResourceDoctor: Sendable {
    private let resource: ResourceIdentifier
    private let origin: String
    private let isPrivate: Bool
    private let transport: any ProbeTransport
    private let fetcher: any HTTPFetcher

    /// The maximum number of authorization servers that are examined; a document may name any number.
    private static let mostIssuers = 4

    /// - Parameters:
    ///   - resource: The URL that clients use.
    ///   - origin: The origin of the web page that the examination of CORS stands for.
    ///   - isPrivate: Whether what the resource names may be in a private network. The operator says so: the name service
    ///     is in the hands of whoever owns the name.
    ///   - transport: Sends the requests to the resource.
    ///   - fetcher: Fetches what authorization servers publish.
    package init(
        _ resource: ResourceIdentifier,
        origin: String,
        isPrivate: Bool,
        transport: any ProbeTransport,
        fetcher: any HTTPFetcher
    ) {
        self.resource = resource
        self.origin = origin
        self.isPrivate = isPrivate
        self.transport = transport
        self.fetcher = fetcher
    }

    package func examine() async -> DoctorReport {
        var report = DoctorReport()
        if !resource.url.isSecure {
            let message = "plain http shows tokens to everybody on the way"
            report.warn(.plainHTTP, resource.description.printable, message, expected: "https")
        }
        guard let (request, refusal) = await knock(&report) else { return report }
        let isPublic = !(isPrivate || resource.isLoopback)
        let credentials = CredentialCheck(transport: transport, request: request, resource: resource)
        let garbagePlace = "\(request.name) with an invalid token"
        let garbageRequest = request.adding("authorization", "Bearer \(CredentialCheck.garbage)")
        let garbage = await transport.answer(to: garbageRequest, at: garbagePlace, &report)

        let challenge = checkProtection(request, refusal, garbage, &report)
        let metadata = await checkMetadata(challenge, isPublic, &report)
        await checkIssuers(metadata.issuers, isPublic, &report)

        // At a resource that refuses nothing, more of the same would say nothing new.
        if refusal.status == 401 || garbage?.status == 401 {
            if let garbage { credentials.checkGarbage(garbage, at: garbagePlace, &report) }
            await credentials.checkUnsigned(issuer: metadata.issuers.first, &report)
            await credentials.checkTwoCredentials(&report)
        }
        if refusal.status == 401, challenge?.hasError != true { await credentials.checkQuery(&report) }

        let web = WebClientCheck(transport: transport, request: request, origin: origin)
        if let found = metadata.request { await web.checkMetadata(found, &report) }
        await web.checkPreflight(&report)
        if refusal.status == 401 { await web.checkExposure(&report) }
        return report
    }

    /// Sends a request without a token, as an MCP client does first; where there is no POST, a GET.
    private func knock(_ report: inout DoctorReport) async -> (ProbeRequest, ProbeAnswer)? {
        let parameters: JSON = [
            "protocolVersion": "2025-11-25", "capabilities": .object([:]),
            "clientInfo": ["name": "mcp-auth doctor", "version": .string(Version.current)],
        ]
        let message: JSON = ["jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters]
        var post = ProbeRequest(.post, resource.url).adding("accept", "application/json, text/event-stream")
            .adding("content-type", "application/json")
        post.body = message.encoded()
        do throws(FetchError) {
            let answer = try await transport.send(post)
            guard [404, 405].contains(answer.status) else { return (post, answer) }
            let get = ProbeRequest(.get, resource.url).adding("accept", "application/json")
            let other = try await transport.send(get)
            return other.status == 401 ? (get, other) : (post, answer)
        } catch {
            report.miss(.resourceUnreachable, post.name, "\(error)")
            return nil
        }
    }

    /// Whether the resource refuses who has no token, in a way from which clients can go on.
    private func checkProtection(
        _ request: ProbeRequest,
        _ refusal: ProbeAnswer,
        _ garbage: ProbeAnswer?,
        _ report: inout DoctorReport
    ) -> ChallengeCheck? {
        let place = "\(request.name) without a token"
        let expected = "401 with a Bearer challenge"
        if refusal.status == 401 { return ChallengeCheck(refusal, at: place, hasCredentials: false, &report) }
        guard refusal.isSuccess else {
            let target = refusal.values(of: "location").first.map { ", a redirect to `\($0.printable)`" } ?? ""
            report.fail(.unauthenticatedStatus, place, "answered \(refusal.status)\(target)", expected: expected)
            return nil
        }
        // Some operations of a resource may be open; an invalid token is refused there too.
        guard let garbage, garbage.status == 401 else {
            let message = "answered \(refusal.status), also to an invalid token: the resource is not protected"
            report.fail(.notProtected, place, message, expected: expected)
            return nil
        }
        let message = "answered \(refusal.status): clients sign in only when a later request is refused"
        report.warn(.openWithoutToken, place, message, expected: expected + ", unless this is open on purpose")
        return ChallengeCheck(garbage, at: "\(request.name) with an invalid token", hasCredentials: true, &report)
    }

    /// What the metadata says, and the request with which it was found.
    private struct Metadata {
        var issuers: [String] = []
        var request: ProbeRequest?
    }

    /// Looks where clients do: at the URL in the challenge, at the path of the resource, then without that path.
    private func checkMetadata(
        _ challenge: ChallengeCheck?,
        _ isPublic: Bool,
        _ report: inout DoctorReport
    ) async -> Metadata {
        var checks: [(request: ProbeRequest, check: MetadataCheck)] = []
        if let url = challenge?.metadataURL {
            if url.origin != resource.url.origin {
                let message = "the metadata is at another origin, `\(url.origin)`, and some clients do not go there"
                report.warn(.resourceMetadataOtherOrigin, "GET \(url)", message, expected: resource.url.origin)
            }
            await look(at: url, isPublic, &checks, &report)
        }
        let named = checks.first?.check
        if let url = HTTPURL(resource.metadataURL), url != challenge?.metadataURL {
            await lookAtWellKnown(url, hasOther: named?.isGood ?? false, &checks, &report)
        }
        let good = checks.filter(\.check.isGood)
        if challenge?.lacksMetadata ?? false {
            let message = "the challenge has no `resource_metadata`"
            let expected = "`resource_metadata=\"\(resource.metadataURL)\"` (RFC 9728 section 5.1)"
            let place = "\(resource.description.printable)"
            if good.isEmpty {
                report.fail(.resourceMetadataMissing, place, message, expected: expected)
            } else {
                let consequence = ": only clients that look at the well-known path find the metadata"
                report.warn(.resourceMetadataMissing, place, message + consequence, expected: expected)
            }
        }
        if let first = good.first, let other = good.dropFirst().first,
            first.check.issuers != other.check.issuers || first.check.named != other.check.named
        {
            let message = "it differs from the metadata at \(first.request.url)"
            report.warn(.resourceMetadataDocumentsDiffer, other.request.name, message, expected: "the same document")
        }
        let chosen = good.first ?? checks.first
        return Metadata(issuers: chosen?.check.issuers ?? [], request: good.first?.request)
    }

    private func look(
        at url: HTTPURL,
        _ isPublic: Bool,
        _ checks: inout [(request: ProbeRequest, check: MetadataCheck)],
        _ report: inout DoctorReport
    ) async {
        var request = ProbeRequest(.get, url).adding("accept", "application/json")
        request.readsBody = true
        request.mustReachPublicAddress = isPublic && url.host != resource.url.host
        guard let answer = await transport.answer(to: request, at: request.name, &report) else { return }
        checks.append((request, MetadataCheck(answer, at: url, of: resource, &report)))
    }

    /// Looks at the well-known path for this resource, then at the one without a path, which MCP also allows.
    private func lookAtWellKnown(
        _ url: HTTPURL,
        hasOther: Bool,
        _ checks: inout [(request: ProbeRequest, check: MetadataCheck)],
        _ report: inout DoctorReport
    ) async {
        let root = HTTPURL(url.origin + ResourceIdentifier.wellKnownPath)
        for place in [url, root].compactMap({ $0 }) {
            var request = ProbeRequest(.get, place).adding("accept", "application/json")
            request.readsBody = true
            guard let answer = await transport.answer(to: request, at: request.name, &report) else { return }
            guard answer.status == 200 else { continue }
            var found = DoctorReport()
            let check = MetadataCheck(answer, at: place, of: resource, &found)
            // Without a path it may be about another resource of the same host.
            guard check.isGood || place == url else { continue }
            for finding in found.findings { report.add(finding) }
            checks.append((request, check))
            return
        }
        let message = "there is no metadata, neither here nor at the well-known path without the path of the resource"
        let expected = "the metadata (RFC 9728 section 3.1)"
        if hasOther {
            let consequence = ": some clients look nowhere else"
            report.warn(.wellKnownMissing, "GET \(url)", message + consequence, expected: expected)
        } else {
            report.fail(.wellKnownMissing, "GET \(url)", message, expected: expected)
        }
    }

    private func checkIssuers(_ issuers: [String], _ isPublic: Bool, _ report: inout DoctorReport) async {
        let fetcher: any HTTPFetcher = isPublic ? LearnedURLFetcher(fetcher, from: resource.url) : fetcher
        for issuer in issuers.prefix(Self.mostIssuers) {
            let place = "issuer \(issuer.printable)"
            do {
                let check = try await OnlineCheck(clientsOf: IssuerIdentifier(issuer), fetcher: fetcher)
                for finding in check.findings {
                    let isOutage = check.isUnreachable && finding.severity == .error
                    report.add(.init(finding.severity, finding.code, place, finding.description, isOutage: isOutage))
                }
            } catch {
                let message = (error as? ConfigurationError)?.message ?? "\(error)"
                report.fail(.authorizationServerInvalid, place, message, expected: "an https URL")
            }
        }
        guard issuers.count > Self.mostIssuers else { return }
        let message = "\(issuers.count) authorization servers are named, of which only the first were examined"
        let expected = "at most \(Self.mostIssuers)"
        report.warn(.issuersLeftOut, resource.description.printable, message, expected: expected)
    }
}

/// Fetches what the metadata of a public resource led to, under the rule for URLs that a document named.
private struct LearnedURLFetcher: HTTPFetcher {
    private let fetcher: any HTTPFetcher
    private let origin: HTTPURL

    init(_ fetcher: any HTTPFetcher, from origin: HTTPURL) {
        self.fetcher = fetcher
        self.origin = origin
    }

    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        guard request.provenance == .configured else { return try await fetcher.fetch(request) }
        var learned = request
        learned.provenance = .learned(from: origin)
        return try await fetcher.fetch(learned)
    }
}
