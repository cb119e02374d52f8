// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox
import AsyncHTTPClient
import FlyingFox
import FlyingSocks
import Foundation
import Hummingbird
import Logging
import MCPAuth
import MCPAuthDevIssuer
import MCPAuthFlyingFox
import MCPAuthHummingbird
import NIOCore
import NIOHTTP1
import Testing

/// One corpus of requests against every host, with a real issuer, over loopback.
@Suite(.serialized) struct HostCorpusTests {
    enum Host: String, CaseIterable, Sendable {
        case hummingbird
        case flyingFox
    }

    @Test(arguments: Host.allCases)
    func `two hundred requests at once, half of them hostile, each get their own answer`(host: Host) async throws {
        try await withRunning(host) { corpus in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask { try await corpus.send(number) }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Host.allCases)
    func `metadata is served to everybody and nothing else is`(host: Host) async throws {
        try await withRunning(host) { corpus in
            for resource in corpus.resources {
                let path = resource.replacing(corpus.base, with: "")
                let found = try await corpus.get("\(corpus.base)/.well-known/oauth-protected-resource\(path)")
                #expect(found.status.code == 200)
                #expect(found.headers.first(name: "access-control-allow-origin") == "*")
                #expect(try await found.body.collect(upTo: 4096).readableBytesView.count > 50)
            }
            #expect(try await corpus.get("\(corpus.base)/elsewhere").status.code == 404)
            let refused = try await corpus.get(corpus.resources[0])
            #expect(refused.status.code == 401)
            #expect(refused.headers.first(name: "access-control-expose-headers")?.contains("WWW-Authenticate") == true)
        }
    }

    private func withRunning(_ host: Host, _ body: (Corpus) async throws -> Void) async throws {
        let port = host == .hummingbird ? 18_911 : 18_912
        let base = "http://127.0.0.1:\(port)"
        let resources = ["\(base)/notes", "\(base)/calendar"]
        let issuer = DevIssuer(configuration: .init(autoConsent: true))
        try await issuer.start()
        let server = AuthorizationServer(issuer: IssuerIdentifier(await issuer.issuer), discovery: .oauth)
        let mcpAuth = try MCPAuth(
            protectedResources: try resources.map { try ResourceConfiguration($0, authorizationServers: [server]) }
        )
        let serving = Task {
            switch host {
            case .hummingbird: try await Self.serveHummingbird(mcpAuth, port)
            case .flyingFox: try await Self.serveFlyingFox(mcpAuth, port)
            }
        }
        let corpus = try await Corpus(base: base, resources: resources, issuer: issuer)
        try await corpus.waitUntilListening()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(corpus))
        } catch {
            result = .failure(error)
        }
        serving.cancel()
        _ = await serving.result
        await corpus.shutdown()
        await issuer.stop()
        try result.get()
    }

    private static func serveHummingbird(_ mcpAuth: MCPAuth, _ port: Int) async throws {
        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.addProtectedResourceMetadata(mcpAuth)
        let group = router.group().add(middleware: BearerAuthMiddleware(mcpAuth))
        for path in ["/**"] {
            group.on(RouterPath(path), method: .get) { _, context in
                #expect(AuthInfo.current?.subject == context.authInfo?.subject)
                return "\(context.authInfo?.subject ?? "nobody") \(context.authInfo?.resource.description ?? "")"
            }
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger
        )
        try await application.run()
    }

    private static func serveFlyingFox(_ mcpAuth: MCPAuth, _ port: Int) async throws {
        let server = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: UInt16(port)), logger: .disabled)
        await server.appendRoute("GET /.well-known/*", to: ProtectedResourceMetadataHandler(mcpAuth))
        await server.appendRoute(
            "GET /.well-known/oauth-protected-resource/*",
            to: ProtectedResourceMetadataHandler(mcpAuth)
        )
        let caller = ClosureHTTPHandler { _ in
            let info = AuthInfo.current
            let text = "\(info?.subject ?? "nobody") \(info?.resource.description ?? "")"
            return FlyingFox.HTTPResponse(statusCode: .ok, body: Data(text.utf8))
        }
        await server.appendRoute("*", to: BearerAuthHandler(mcpAuth, protecting: caller))
        try await server.run()
    }
}

/// Requests that each have one right answer.
struct Corpus: Sendable {
    let base: String
    let resources: [String]
    private let issuer: DevIssuer
    private let client: AsyncHTTPClient.HTTPClient

    init(base: String, resources: [String], issuer: DevIssuer) async throws {
        self.base = base
        self.resources = resources
        self.issuer = issuer
        client = AsyncHTTPClient.HTTPClient(eventLoopGroup: AsyncHTTPClient.HTTPClient.defaultEventLoopGroup)
    }

    func shutdown() async {
        try? await client.shutdown()
    }

    func waitUntilListening() async throws {
        for _ in 0..<200 {
            if (try? await get(base + "/elsewhere")) != nil { return }
            try await Task.sleep(for: .milliseconds(25))
        }
    }

    func get(_ url: String, authorization: String? = nil) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        if let authorization { request.headers.add(name: "authorization", value: authorization) }
        return try await client.execute(request, timeout: .seconds(20))
    }

    /// Sends the request of this number and compares the answer.
    func send(_ number: Int) async throws {
        let resource = resources[number % 2]
        let other = resources[(number + 1) % 2]
        let subject = "user-\(number)"
        let token = try await issuer.mintToken(subject: subject, clientID: "c", scope: "s", resource: resource)
        let (authorization, status): (String?, UInt) =
            switch number / 2 % 10 {
            case 0, 1, 2, 3, 4: ("Bearer \(token)", 200)
            case 5: (nil, 401)
            case 6: ("Bearer \(String(token.dropLast(6)))AAAAAA", 401)
            case 7:
                (
                    "Bearer \(try await issuer.mintToken(subject: subject, clientID: "c", scope: "s", resource: other))",
                    401
                )
            case 8: ("Bearer \(token), Basic eDp5", 400)
            default: ("Bearer eyJhbGciOiJub25lIn0.e30.", 401)
            }
        let answer = try await get(resource, authorization: authorization)
        #expect(answer.status.code == status, "request \(number)")
        let body = String(buffer: try await answer.body.collect(upTo: 4096))
        if status == 200 {
            #expect(body == "\(subject) \(resource)")
        } else {
            #expect(!body.contains(subject) && !body.contains(token.prefix(20)))
            #expect(answer.headers.first(name: "www-authenticate")?.hasPrefix("Bearer ") == true)
        }
    }
}
#endif
