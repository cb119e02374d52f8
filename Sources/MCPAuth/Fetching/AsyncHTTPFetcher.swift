// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import AsyncHTTPClient
internal import Dispatch
package import MCPAuthVerification
internal import NIOCore
internal import NIOHTTP1

/// Fetches with async-http-client: no redirect, TLS always verified, bounded in size and time.
package struct AsyncHTTPFetcher: HTTPFetcher {
    private let client: HTTPClient
    private let dangerouslyAllowHTTP: Bool

    package init(dangerouslyAllowHTTP: Bool = false) {
        self.dangerouslyAllowHTTP = dangerouslyAllowHTTP
        client = Self.sharedClient
    }

    package func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        guard request.usesAllowedScheme(dangerouslyAllowHTTP: dangerouslyAllowHTTP) else {
            throw FetchError("\(request.url.origin) is not https")
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

    private static func makeClient(overriding addresses: [String: String]) -> HTTPClient {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(3), read: .seconds(5))
        configuration.dnsOverride = addresses
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }
}
#endif
