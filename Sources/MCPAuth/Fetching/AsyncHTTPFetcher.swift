// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import AsyncHTTPClient
internal import HTTPTypes
package import MCPAuthCore
internal import MCPAuthConcurrency
internal import MCPAuthVerification
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Fetches with async-http-client: no redirect, TLS always verified, bounded in size and time.
///
/// One deadline covers name resolution, connection, TLS, head and body. No content coding is requested, so a compressed
/// response is an error and is never decompressed.
package struct AsyncHTTPFetcher: TLSCheckingFetcher {
    private let dangerouslyAllowHTTP: Bool
    private let authorities: SystemAuthorities

    package init(dangerouslyAllowHTTP: Bool = false) {
        self.dangerouslyAllowHTTP = dangerouslyAllowHTTP
        authorities = .ofThisProcess
    }

    /// For tests that set the environment.
    init(dangerouslyAllowHTTP: Bool = false, environment: [String: String]) {
        self.dangerouslyAllowHTTP = dangerouslyAllowHTTP
        authorities = SystemAuthorities(environment: environment)
    }

    package func check(_ tls: TLSSettings) throws(FetchError) {
        let configuration = try TLSConfiguration.forFetching(tls, otherwise: authorities)
        guard (try? NIOSSLContext(configuration: configuration)) != nil else {
            throw FetchError("the client certificate does not belong to its private key")
        }
    }

    package func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        guard request.usesAllowedScheme(dangerouslyAllowHTTP: dangerouslyAllowHTTP) else {
            throw FetchError("\(request.url.origin) is not https")
        }
        let deadline = Deadline(in: request.timeout)
        do {
            return try await FetchFailure.within(deadline) { try await exchange(request, until: deadline) }
        } catch {
            throw FetchError("\(request.url.origin): \(FetchFailure(error, of: request))")
        }
    }

    /// Checks the address, where the request demands it, before a client is chosen.
    private func exchange(_ request: FetchRequest, until deadline: Deadline) async throws -> FetchResponse {
        guard request.mustReachPublicAddress else {
            return try await send(request, key(for: request, at: nil), deadline)
        }
        let addresses = try await NameResolution.publicAddresses(of: request.url.host, until: deadline)
        // The client gets the address that was checked and does not resolve the name again.
        let address = ClientPool.shared.preferredAddress(addresses) { key(for: request, at: $0) }
        guard let address else { throw FetchError("the name does not resolve") }
        return try await send(request, key(for: request, at: address), deadline)
    }

    private func key(for request: FetchRequest, at address: String?) -> ClientPool.Key {
        let isSecure = request.url.scheme == "https"
        return ClientPool.Key(
            isSecure: isSecure,
            tls: isSecure ? request.tls : nil,
            authorities: authorities,
            pin: address.map { .init(host: request.url.host, address: $0) }
        )
    }

    private func send(
        _ request: FetchRequest,
        _ key: ClientPool.Key,
        _ deadline: Deadline
    ) async throws -> FetchResponse {
        do {
            return try await ClientPool.shared.withClient(key) { try await Self.send(request, with: $0) }
        } catch  where FetchFailure.isUntrustedCertificate(error) {
            // The TLS library reports only that the certificate is not trusted; an operator needs to know why.
            let why = await CertificateProbe(request, key).fault(until: deadline)
            throw FetchError("the TLS certificate is not trusted: \(why)")
        }
    }

    private static func send(_ request: FetchRequest, with client: HTTPClient) async throws -> FetchResponse {
        var message = HTTPClientRequest(url: request.url.description)
        message.headers.add(name: "accept", value: request.accept)
        message.headers.add(name: "accept-encoding", value: "identity")
        message.headers.add(name: "user-agent", value: "swift-mcp-auth/\(Version.current)")
        if let authorization = request.authorization {
            message.headers.add(name: "authorization", value: authorization)
        }
        if let form = request.form {
            message.method = .POST
            if request.fields[.contentType] == nil {
                message.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
            }
            message.body = .bytes(form)
        }
        for field in request.fields { message.headers.add(name: field.name.rawName, value: field.value) }
        // A deadline passed here would apply to the head only.
        let response = try await client.execute(message, deadline: .distantFuture)
        if let coding = coding(of: response.headers) {
            throw FetchError(
                "the answer is compressed with \(coding.printable) although nothing asked for it; "
                    + "the server, or a cache or proxy in front of it, must send it uncompressed"
            )
        }
        let body = try await response.body.collect(upTo: request.maximumBytes)
        return FetchResponse(status: Int(response.status.code), body: Array(body.readableBytesView))
    }

    /// The coding of the body; `nil` when it is not coded (RFC 9110 section 8.4, RFC 9112 section 6.1).
    private static func coding(of headers: HTTPHeaders) -> String? {
        let codings = headers[canonicalForm: "content-encoding"] + headers[canonicalForm: "transfer-encoding"]
        return codings.map { $0.lowercased() }.first { !["identity", "chunked", ""].contains($0) }
    }
}
#endif
