// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import AsyncHTTPClient
internal import Dispatch
internal import MCPAuthLock
internal import MCPAuthCore
package import MCPAuthVerification
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Fetches with async-http-client: no redirect, TLS always verified, bounded in size and time.
package struct AsyncHTTPFetcher: HTTPFetcher {
    private let client: HTTPClient
    private let identified = IdentifiedClients()
    private let dangerouslyAllowHTTP: Bool

    package init(dangerouslyAllowHTTP: Bool = false) {
        self.dangerouslyAllowHTTP = dangerouslyAllowHTTP
        client = Self.sharedClient
    }

    package func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        guard request.usesAllowedScheme(dangerouslyAllowHTTP: dangerouslyAllowHTTP) else {
            throw FetchError("\(request.url.origin) is not https")
        }
        if let identity = request.tls {
            return try await Self.send(request, with: try identified.client(of: identity))
        }
        guard request.mustReachPublicAddress else { return try await Self.send(request, with: client) }
        // The address that was judged is the address that is used: the client is told it instead of the name.
        guard let address = await Self.publicAddress(of: request.url.host) else {
            throw FetchError("\(request.url.host) does not resolve to public addresses only")
        }
        let pinned = Self.makeClient(overriding: [request.url.host: address])
        let result: Result<FetchResponse, FetchError>
        do throws(FetchError) {
            result = .success(try await Self.send(request, with: pinned))
        } catch {
            result = .failure(error)
        }
        try? await pinned.shutdown()
        return try result.get()
    }

    private static func send(_ request: FetchRequest, with client: HTTPClient) async throws(FetchError) -> FetchResponse
    {
        var message = HTTPClientRequest(url: request.url.description)
        message.headers.add(name: "accept", value: request.accept)
        if let authorization = request.authorization {
            message.headers.add(name: "authorization", value: authorization)
        }
        if let form = request.form {
            message.method = .POST
            message.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
            message.body = .bytes(form)
        }
        do {
            let response = try await client.execute(message, timeout: .milliseconds(Int64(request.timeout * 1000)))
            let body = try await response.body.collect(upTo: request.maximumBytes)
            return FetchResponse(status: Int(response.status.code), body: Array(body.readableBytesView))
        } catch {
            // The description of a client error names the kind of failure, never the message that was sent.
            throw FetchError("\(request.url.origin) cannot be reached: \(error)")
        }
    }

    private static func publicAddress(of host: String) async -> String? {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: AddressRule.publicAddress(of: host)) }
        }
    }

    /// One pool for the life of the process.
    private static let sharedClient = makeClient(overriding: [:])

    fileprivate static func makeClient(
        overriding addresses: [String: String],
        tls: TLSConfiguration? = nil
    ) -> HTTPClient {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(3), read: .seconds(5))
        configuration.dnsOverride = addresses
        // A refused connection is an answer: whoever waits is told so at once and the back-off is ours.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Introspection bounds how many requests are under way; the pool must not make them wait below that.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }
}

/// The clients that make themselves known by a certificate: one pool for each version of its files, for the life of the
/// process.
private struct IdentifiedClients: Sendable {
    private static let clients = Lock<[TLSIdentity: HTTPClient]>([:])

    func client(of identity: TLSIdentity) throws(FetchError) -> HTTPClient {
        try Self.clients.withLock { clients throws(FetchError) in
            if let client = clients[identity] { return client }
            let client = AsyncHTTPFetcher.makeClient(overriding: [:], tls: try Self.configuration(identity))
            clients[identity] = client
            return client
        }
    }

    private static func configuration(_ identity: TLSIdentity) throws(FetchError) -> TLSConfiguration {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(identity.certificate).map {
                .certificate($0)
            }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: identity.privateKey, format: .pem))
            if let roots = identity.trustRoots { configuration.trustRoots = .file(roots) }
            return configuration
        } catch {
            throw FetchError("the client certificate or its key cannot be used")
        }
    }
}
#endif
