// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
import FlyingFox
import FlyingSocks
import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthVerification
import Testing

/// The limits of every fetch, against servers that do not keep to them.
@Suite struct FetchLimitTests {
    @Test func `a server that answers without end is left at the limit of bytes`() async throws {
        let handler: @Sendable (HTTPRequest) async throws -> HTTPResponse = { _ in
            HTTPResponse(statusCode: .ok, body: Data(count: 4 * 1024 * 1024))
        }
        try await Self.serving(handler) { url in
            let request = FetchRequest(url: url, provenance: .configured, maximumBytes: 64 * 1024)
            await #expect(throws: FetchError.self) { try await Self.fetcher.fetch(request) }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a server that does not answer is left at the limit of time`() async throws {
        let handler: @Sendable (HTTPRequest) async throws -> HTTPResponse = { _ in
            try await Task.sleep(for: .seconds(600))
            return HTTPResponse(statusCode: .ok)
        }
        try await Self.serving(handler) { url in
            let request = FetchRequest(url: url, provenance: .configured, timeout: 0.2)
            // The answer would come after the time limit of the test.
            await #expect(throws: FetchError.self) { try await Self.fetcher.fetch(request) }
        }
    }

    @Test func `a redirect is an answer, and nobody goes there`() async throws {
        let handler: @Sendable (HTTPRequest) async throws -> HTTPResponse = { _ in
            var headers = HTTPHeaders()
            headers.addValue("http://127.0.0.1:1/", for: .location)
            return HTTPResponse(statusCode: .found, headers: headers, body: Data())
        }
        try await Self.serving(handler) { url in
            let response = try await Self.fetcher.fetch(FetchRequest(url: url, provenance: .configured, timeout: 60))
            #expect(response.status == 302)
        }
    }

    @Test func `a port where nobody listens is an error that names nothing of the request`() async throws {
        let url = try #require(HTTPURL("http://127.0.0.1:1/secret-path"))
        let request = FetchRequest(url: url, provenance: .configured, authorization: "Bearer s3cret")
        let error = await #expect(throws: FetchError.self) { try await Self.fetcher.fetch(request) }
        #expect(error?.description.contains("s3cret") == false)
        #expect(error?.description.contains("secret-path") == false)
    }

    private static let fetcher = AsyncHTTPFetcher(dangerouslyAllowHTTP: false)

    private static func serving(
        _ handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse,
        _ body: (HTTPURL) async throws -> Void
    ) async throws {
        let server = HTTPServer(
            address: try .inet(ip4: "127.0.0.1", port: 0),
            logger: .disabled,
            handler: ClosureHTTPHandler(handler)
        )
        let running = Task { try await server.run() }
        try await server.waitUntilListening(timeout: 30)
        guard case .ip4(_, let port)? = await server.listeningAddress,
            let url = HTTPURL("http://127.0.0.1:\(port)/document")
        else { throw CancellationError() }
        try await body(url)
        await server.stop(timeout: 0)
        running.cancel()
    }
}
#endif
