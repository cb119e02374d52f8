// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import AsyncHTTPClient
internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthVerification
internal import NIOCore
internal import NIOHTTP1

/// Sends the requests of ``ResourceDoctor`` with async-http-client, under the rules of ``AsyncHTTPFetcher``: TLS is
/// always verified, and one deadline covers everything.
///
/// Plain http is allowed, because the doctor reports it.
struct AsyncHTTPProbe: ProbeTransport {
    private let authorities = SystemAuthorities.ofThisProcess

    func send(_ request: ProbeRequest) async throws(FetchError) -> ProbeAnswer {
        let deadline = Deadline(in: ProbeRequest.seconds)
        do {
            return try await FetchFailure.within(deadline) { try await exchange(request, until: deadline) }
        } catch {
            let words = FetchFailure.words(
                for: error,
                timeout: ProbeRequest.seconds,
                maximumBytes: ProbeRequest.mostBytes
            )
            throw FetchError("\(request.url.origin): \(words)")
        }
    }

    private func exchange(_ request: ProbeRequest, until deadline: Deadline) async throws -> ProbeAnswer {
        var key = key(for: request.url, at: nil)
        if request.mustReachPublicAddress {
            let addresses = try await NameResolution.publicAddresses(of: request.url.host, until: deadline)
            let address = ClientPool.shared.preferredAddress(addresses) { self.key(for: request.url, at: $0) }
            guard let address else { throw FetchError("the name does not resolve") }
            // The client gets the address that was checked and does not resolve the name again.
            key = self.key(for: request.url, at: address)
        }
        do {
            return try await ClientPool.shared.withClient(key) { try await Self.send(request, with: $0) }
        } catch  where FetchFailure.isUntrustedCertificate(error) {
            let named = FetchRequest(url: request.url, provenance: .configured)
            let why = await CertificateProbe(named, key).fault(until: deadline)
            throw FetchError("the TLS certificate is not trusted: \(why)")
        }
    }

    private func key(for url: HTTPURL, at address: String?) -> ClientPool.Key {
        ClientPool.Key(
            isSecure: url.scheme == "https",
            tls: nil,
            authorities: authorities,
            pin: address.map { .init(host: url.host, address: $0) }
        )
    }

    private static func send(_ request: ProbeRequest, with client: HTTPClient) async throws -> ProbeAnswer {
        var message = HTTPClientRequest(url: request.url.description)
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        message.headers.add(name: "accept-encoding", value: "identity")
        message.headers.add(name: "user-agent", value: "swift-mcp-auth/\(Version.current)")
        for field in request.fields { message.headers.add(name: field.name, value: field.value) }
        if let body = request.body { message.body = .bytes(body) }
        // A deadline passed here would apply to the head only.
        let response = try await client.execute(message, deadline: .distantFuture)
        // A body that is not read is discarded with its connection.
        let body = request.readsBody ? try await response.body.collect(upTo: ProbeRequest.mostBytes) : ByteBuffer()
        return ProbeAnswer(
            status: Int(response.status.code),
            fields: response.headers.map { (name: $0.name, value: $0.value) },
            body: Array(body.readableBytesView)
        )
    }
}

extension MCPAuth {
    /// Examines a running resource from outside, as a client sees it.
    ///
    /// - Parameters:
    ///   - origin: The origin of the web page that the examination of CORS stands for.
    ///   - isPrivate: Whether what the resource names may be in a private network.
    package static func doctor(
        _ resource: ResourceIdentifier,
        origin: String,
        isPrivate: Bool
    ) async -> DoctorReport {
        let doctor = ResourceDoctor(
            resource,
            origin: origin,
            isPrivate: isPrivate,
            transport: AsyncHTTPProbe(),
            fetcher: AsyncHTTPFetcher()
        )
        return await doctor.examine()
    }
}
#endif
