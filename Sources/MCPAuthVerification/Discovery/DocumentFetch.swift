// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Fetches the documents of one authorization server.
struct DocumentFetch: Sendable {
    let fetcher: any HTTPFetcher
    let tls: TLSSettings?
    /// The time limit of each request, in seconds.
    let timeout: Double

    /// The metadata as published, and where it was fetched from; the URL is `nil` for configured metadata.
    func metadata(
        of issuer: IssuerIdentifier,
        _ source: IssuerDocuments.Source
    ) async throws -> (document: JSON, url: HTTPURL?) {
        let url: HTTPURL?
        switch source {
        case .inline(let document): return (document, nil)
        case .url(let written): url = written
        case .oidc: url = HTTPURL(issuer.description).flatMap(WellKnown.oidc)
        case .oauth: url = HTTPURL(issuer.description).flatMap(WellKnown.oauth)
        }
        guard let url else { throw FetchError("the issuer identifier is not a URL") }
        return (JSON(try await json(at: url, .configured)), url)
    }

    /// - Parameter earlier: The previous set; the keys of unchanged entries are reused.
    func keySet(
        at url: HTTPURL,
        _ provenance: FetchRequest.Provenance,
        _ earlier: JWKSet?
    ) async throws -> JWKSet {
        let document = try await json(at: url, provenance, accept: "application/jwk-set+json, application/json")
        do throws(JWKSet.Malformed) {
            return try JWKSet(document, reusing: earlier)
        } catch {
            throw FetchError("\(url) is not a JWK Set: \(error.rawValue)")
        }
    }

    private func json(
        at url: HTTPURL,
        _ provenance: FetchRequest.Provenance,
        accept: String = "application/json"
    ) async throws -> JSONView {
        let request = FetchRequest(url: url, provenance: provenance, accept: accept, tls: tls, timeout: timeout)
        let response = try await fetcher.fetch(request)
        guard response.status == 200 else { throw FetchError("\(url) answered \(response.status)") }
        do throws(JSONParsingError) {
            return try JSONDocument(parsing: response.body, limits: .fetched).root
        } catch {
            throw FetchError("\(url) did not return valid JSON: \(error.message) at line \(error.line)")
        }
    }
}
