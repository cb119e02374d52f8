// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
import FlyingFox
import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthLock
import MCPAuthVerification
import Testing

/// The limits of every fetch, against servers that do not keep to them.
@Suite struct FetchLimitTests {
    @Test func `a server that answers without end is left at the limit of bytes`() async throws {
        let handler: @Sendable (HTTPRequest) async throws -> HTTPResponse = { _ in
            HTTPResponse(statusCode: .ok, body: Data(count: 4 * 1024 * 1024))
        }
        try await LoopbackServer.serving(handler) { url in
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
        try await LoopbackServer.serving(handler) { url in
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
        try await LoopbackServer.serving(handler) { url in
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

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `D4 a document may not send us to an address of this machine or network`(host: String) async throws {
        let connections = Lock(0)
        let handler: @Sendable (HTTPRequest) async throws -> HTTPResponse = { _ in
            connections.withLock { $0 += 1 }
            return HTTPResponse(statusCode: .ok, body: Data("{}".utf8))
        }
        try await LoopbackServer.serving(handler) { url in
            let port = try #require(url.port)
            let inside = try #require(HTTPURL("http://\(host):\(port)/jwks"))
            let document = try #require(HTTPURL("https://issuer.example/.well-known/openid-configuration"))
            let learned = FetchRequest(url: inside, provenance: .learned(from: document), timeout: 60)
            await #expect(throws: FetchError.self) { try await Self.fetcher.fetch(learned) }
            #expect(connections.withLock { $0 } == 0)
            // What the operator wrote may be there, and documents from there may name the same host.
            let own = FetchRequest(url: inside, provenance: .learned(from: inside), timeout: 60)
            #expect(try await Self.fetcher.fetch(own).status == 200)
        }
    }

    @Test(arguments: ["http://issuer.example/jwks", "http://10.0.0.1/jwks"])
    func `D4 nothing is fetched without TLS but from this machine`(text: String) async throws {
        let url = try #require(HTTPURL(text))
        let error = await #expect(throws: FetchError.self) {
            try await Self.fetcher.fetch(FetchRequest(url: url, provenance: .configured))
        }
        #expect(error?.description.contains("is not https") == true)
    }

    @Test func `D4 a compressed answer is not inflated`() async throws {
        let handler: @Sendable (HTTPRequest) async throws -> HTTPResponse = { _ in
            var headers = HTTPHeaders()
            headers.addValue("gzip", for: HTTPHeader("Content-Encoding"))
            return HTTPResponse(statusCode: .ok, headers: headers, body: Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]))
        }
        try await LoopbackServer.serving(handler) { url in
            let response = try await Self.fetcher.fetch(FetchRequest(url: url, provenance: .configured, timeout: 60))
            #expect(response.body == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
        }
    }

    private static let fetcher = AsyncHTTPFetcher(dangerouslyAllowHTTP: false)
}
#endif
