// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJOSE
package import MCPAuthJSON

/// Checks what an authorization server publishes, as its clients and this server will see it; for tools only.
///
/// Nothing is cached. Each document is fetched once, under the same rules as every other fetch.
package struct IssuerInspection: Sendable {
    /// One finding, with its severity.
    package struct Finding: Sendable, Hashable {
        package enum Severity: String, Sendable {
            case ok
            case warning
            case error
        }

        package let severity: Severity
        /// A stable name.
        package let code: String
        package let description: String

        package init(_ severity: Severity, _ code: String, _ description: String) {
            self.severity = severity
            self.code = code
            self.description = description
        }
    }

    /// What was found at one place.
    package enum Look: Sendable {
        /// Metadata of the issuer.
        case metadata(AuthorizationServerMetadata)
        /// No document is published there.
        case absent(String)
        /// An answer that is not metadata of the issuer, and why.
        case refused(String)
        /// No answer, or one that says that the server is temporarily unable to answer.
        case unreachable(String)
    }

    private let issuer: IssuerIdentifier
    private let fetcher: any HTTPFetcher
    private let tls: TLSSettings?

    /// - Parameter tls: TLS settings for this issuer only; `nil` for the defaults.
    package init(issuer: IssuerIdentifier, fetcher: any HTTPFetcher, tls: TLSSettings? = nil) {
        self.issuer = issuer
        self.fetcher = fetcher
        self.tls = tls
    }

    /// The metadata at one URL.
    ///
    /// - Parameter override: Changes the document before it is read.
    package func look(at url: HTTPURL, override: MetadataOverride? = nil) async -> Look {
        let document: JSON
        switch await json(at: url, .configured, accept: "application/json") {
        case .success(let value): document = JSON(value)
        case .failure(let failure):
            switch failure.kind {
            case .absent: return .absent(failure.text)
            case .temporary: return .unreachable(failure.text)
            case .answer: return .refused(failure.text)
            }
        }
        return await read(document, from: "\(url)", fetchedFrom: url, override: override)
    }

    /// Reads metadata that was already obtained.
    ///
    /// - Parameter url: Where it was fetched from; `nil` for metadata that an operator wrote.
    package func read(
        _ document: JSON,
        from place: String,
        fetchedFrom url: HTTPURL? = nil,
        override: MetadataOverride? = nil
    ) async -> Look {
        do {
            let metadata = try await AuthorizationServerMetadata(document, fetchedFrom: url, changedBy: override)
            // RFC 8414 section 3.3: the issuers must be identical, or the document must not be used.
            guard metadata.issuer == issuer else {
                let found = metadata.issuer.description.printable
                return .refused(
                    "\(place) names the issuer `\(found)`, expected exactly `\(issuer.description.printable)`"
                )
            }
            return .metadata(metadata)
        } catch {
            let text = (error as? ConfigurationError)?.message ?? "\(error)"
            return .refused("\(place): \(text)")
        }
    }

    /// Whether the keys that the metadata names can verify tokens.
    ///
    /// - Parameters:
    ///   - algorithms: The algorithms that tokens may be signed with.
    ///   - isNeeded: Whether tokens are verified with these keys.
    /// - Returns: What was found, and whether the keys cannot be obtained now.
    package func keys(
        of metadata: AuthorizationServerMetadata,
        algorithms: Set<SignatureAlgorithm>,
        isNeeded: Bool
    ) async -> (findings: [Finding], isUnreachable: Bool) {
        let severity: Finding.Severity = isNeeded ? .error : .warning
        guard let text = metadata.string("jwks_uri") else {
            let message = "the metadata has no `jwks_uri`, so no JWT can be verified"
            return ([Finding(severity, "jwks_uri_missing", message)], false)
        }
        guard let url = HTTPURL(text) else {
            let message = "`jwks_uri` is `\(text.printable)`, expected an absolute https URL"
            return ([Finding(severity, "jwks_uri_not_absolute", message)], false)
        }
        let value: JSONView
        let accept = "application/jwk-set+json, application/json"
        switch await json(at: url, metadata.provenance(of: "jwks_uri"), accept: accept) {
        case .success(let read): value = read
        case .failure(let failure):
            return ([Finding(severity, "jwks_not_fetched", failure.text)], failure.kind == .temporary)
        }
        do throws(JWKSet.Malformed) {
            return (Self.findings(about: try JWKSet(value), at: url, algorithms, severity), false)
        } catch {
            return ([Finding(severity, "jwks_invalid", "\(url) is not a JWK Set: \(error.rawValue)")], false)
        }
    }

    /// Whether tokens can be sent to the introspection endpoint that the metadata names.
    ///
    /// Sends a GET without token and credentials, and accepts any response: only the rules for fetching and the
    /// connection are tested.
    ///
    /// - Returns: What was found, and whether the endpoint cannot be reached now.
    package func introspectionEndpoint(
        of metadata: AuthorizationServerMetadata
    ) async -> (findings: [Finding], isUnreachable: Bool) {
        guard let text = metadata.string("introspection_endpoint") else {
            let message =
                "`introspection` is configured, but the metadata has no `introspection_endpoint`: set `endpoint`"
            return ([Finding(.error, "introspection_endpoint_missing", message)], false)
        }
        guard let url = HTTPURL(text) else {
            let message = "`introspection_endpoint` is `\(text.printable)`, expected an absolute https URL"
            return ([Finding(.error, "introspection_endpoint_not_absolute", message)], false)
        }
        do throws(FetchError) {
            let provenance = metadata.provenance(of: "introspection_endpoint")
            _ = try await fetcher.fetch(
                FetchRequest(url: url, provenance: provenance, accept: "application/json", tls: tls)
            )
        } catch {
            return ([Finding(.error, "introspection_endpoint_not_reached", "\(error)")], true)
        }
        return ([Finding(.ok, "introspection_endpoint_found", "tokens are sent to \(url)")], false)
    }

    private static func findings(
        about set: JWKSet,
        at url: HTTPURL,
        _ algorithms: Set<SignatureAlgorithm>,
        _ severity: Finding.Severity
    ) -> [Finding] {
        let usable = set.keys.filter { !algorithms.isDisjoint(with: $0.key.algorithms) }
        var findings: [Finding] = []
        if usable.isEmpty {
            let reason = set.keys.isEmpty ? "" : ": none of \(set.keys.count) can be used with an allowed algorithm"
            findings.append(Finding(severity, "no_usable_key", "\(url) has no key that can verify tokens\(reason)"))
        } else {
            let names = usable.map { $0.keyID.map { "`\($0.text.printable)`" } ?? "one without `kid`" }
            let noun = usable.count == 1 ? "key" : "keys"
            let list = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
            findings.append(Finding(.ok, "keys_usable", "\(usable.count) usable \(noun) at \(url): \(list)"))
        }
        findings += set.skipped.map { skipped in
            let name = skipped.keyID.map { ", `kid` `\($0.printable)`," } ?? ""
            let message = "entry \(skipped.index)\(name) of the JWK Set is left out: \(skipped.reason)"
            let severity: Finding.Severity =
                switch skipped.reason.kind {
                // The key sets of many issuers contain keys that are not for signatures.
                case .cannotSign: .ok
                case .faulty: .warning
                case .privateKey: .error
                }
            return Finding(severity, "key_skipped", message)
        }
        return findings
    }

    private struct Failure: Error {
        enum Kind {
            /// The server has no such document.
            case absent
            /// The same request may succeed later.
            case temporary
            /// Any other answer.
            case answer
        }

        let text: String
        let kind: Kind
    }

    private func json(
        at url: HTTPURL,
        _ provenance: FetchRequest.Provenance,
        accept: String
    ) async -> Result<JSONView, Failure> {
        let response: FetchResponse
        do throws(FetchError) {
            response = try await fetcher.fetch(
                FetchRequest(url: url, provenance: provenance, accept: accept, tls: tls)
            )
        } catch {
            return .failure(Failure(text: "\(error)", kind: .temporary))
        }
        guard response.status == 200 else {
            let kind: Failure.Kind =
                switch response.status {
                case 404, 410: .absent
                case 429, 500...: .temporary
                default: .answer
                }
            return .failure(Failure(text: "\(url) answered \(response.status)", kind: kind))
        }
        do throws(JSONParsingError) {
            return .success(try JSONDocument(parsing: response.body, limits: .fetched).root)
        } catch {
            let message = "\(url) did not return valid JSON: \(error.message) at line \(error.line)"
            return .failure(Failure(text: message, kind: .answer))
        }
    }
}
