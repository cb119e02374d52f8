// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
import FlyingFox
import Foundation
import MCPAuth
import MCPAuthFlyingFox
import MCPAuthPolicy
import Testing

/// What is specific to FlyingFox: web sockets, and handlers that are called without a server.
@Suite struct FlyingFoxTests {
    /// Sends frames that name the caller, one after another.
    private struct Names: WSHandler {
        let count: Int

        func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame> {
            let rest = Rest(count: count)
            let first = AuthInfo.current?.subject ?? "nobody"
            return AsyncStream {
                guard await rest.take() else { return nil }
                try? await Task.sleep(for: .milliseconds(10))
                let payload = Data("\(first) \(AuthInfo.current?.subject ?? "nobody")".utf8)
                return WSFrame(fin: true, opcode: .text, mask: nil, payload: payload)
            }
        }
    }

    private actor Rest {
        private var count: Int

        init(count: Int) {
            self.count = count
        }

        func take() -> Bool {
            count -= 1
            return count >= 0
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `the caller is known in every frame of a web socket`() async throws {
        let names = try await Self.frames(of: Names(count: 3), lifetime: 600)
        #expect(names == ["alice alice", "alice alice", "alice alice"])
    }

    @Test(.timeLimit(.minutes(1)))
    func `a web socket ends when the token of its caller expires, however many frames it has`() async throws {
        let names = try await Self.frames(of: Names(count: Int.max), lifetime: 2)
        #expect(names.contains("alice alice"))
    }

    @Test(.timeLimit(.minutes(1)))
    func `a web socket that sends nothing also ends when the token of its caller expires`() async throws {
        struct Silence: WSHandler {
            func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame> {
                AsyncStream { _ in }
            }
        }
        #expect(try await Self.frames(of: Silence(), lifetime: 2).isEmpty)
    }

    @Test func `a method that is not valid in HTTP is not treated as GET`() async throws {
        let handler = try Self.handler(lifetime: 600) { _ in FlyingFox.HTTPResponse(statusCode: .ok) }
        var request = Self.request()
        request.method = HTTPMethod(rawValue: "GE T")
        #expect(try await handler.handleRequest(request).statusCode.code == 403)
        request.method = .GET
        #expect(try await handler.handleRequest(request).statusCode.code == 200)
    }

    @Test func `a request for neither metadata nor a preflight is left to the next route`() async throws {
        let handler = ProtectedResourceMetadataHandler(try Self.mcpAuth(lifetime: 600))
        var request = Self.request()
        for path in ["/notes", "/", "/elsewhere"] {
            request.target = .init(path: path, query: "")
            await #expect(throws: HTTPUnhandledError.self) { try await handler.handleRequest(request) }
        }
        request.target = .init(path: "/.well-known/oauth-protected-resource/notes", query: "")
        #expect(try await handler.handleRequest(request).statusCode == .ok)
    }

    private static func frames(of webSocket: some WSHandler, lifetime: Double) async throws -> [String] {
        let handler = try handler(lifetime: lifetime) { _ in FlyingFox.HTTPResponse(webSocket: webSocket) }
        let response = try await handler.handleRequest(request())
        guard case .webSocket(let sent) = response.payload else {
            Issue.record("no web socket")
            return []
        }
        var names: [String] = []
        for await frame in try await sent.makeFrames(for: AsyncThrowingStream { $0.finish() }) {
            names.append(String(decoding: frame.payload, as: UTF8.self))
        }
        return names
    }

    private static func handler(
        lifetime: Double,
        _ closure: @escaping @Sendable (FlyingFox.HTTPRequest) async throws -> FlyingFox.HTTPResponse
    ) throws -> BearerAuthHandler {
        BearerAuthHandler(try mcpAuth(lifetime: lifetime), protecting: ClosureHTTPHandler(closure))
    }

    /// A resource whose policy allows GET, and whose tokens expire after this many seconds.
    private static func mcpAuth(lifetime: Double) throws -> MCPAuth {
        let issuer: IssuerIdentifier = "https://issuer.example"
        let server = AuthorizationServer(issuer: issuer, discovery: .oidc, leeway: 0)
        let name = "https://api.example.com/notes"
        var resource = try ResourceConfiguration(name, authorizationServers: [server], speaksMCP: false)
        let end = NumericDate.now().secondsSinceEpoch + lifetime
        resource.verifiers = [
            AttachedVerifier(
                FunctionVerifier("test") { _, _ in
                    .verified(
                        try TokenEvidence(parsing: Array(#"{"sub":"alice","aud":"\#(name)","exp":\#(end)}"#.utf8))
                    )
                },
                issuer: issuer
            )
        ]
        resource.policies = [
            Policy(
                try CompiledPolicy(
                    file: "p.json",
                    bytes: Array(#"{"version":1,"rules":[{"id":"a","effect":"allow","http_methods":["GET"]}]}"#.utf8)
                )
            )
        ]
        return try MCPAuth(protectedResources: [resource])
    }

    private static func request() -> FlyingFox.HTTPRequest {
        var headers = HTTPHeaders()
        headers.addValue("api.example.com", for: .host)
        headers.addValue("Bearer opaque", for: .authorization)
        return FlyingFox.HTTPRequest(
            method: .GET,
            version: .http11,
            path: "/notes",
            query: [],
            headers: headers,
            body: HTTPBodySequence(data: Data())
        )
    }
}
#endif
