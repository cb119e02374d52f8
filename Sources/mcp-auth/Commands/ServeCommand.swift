// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Hummingbird
internal import Logging
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHummingbird
internal import MCPAuthJSON
internal import ServiceLifecycle
internal import UnixSignals

/// `mcp-auth serve`: answers for every configured resource.
///
/// Metadata is served at its well-known paths. A request below a resource is decided about; an allowed one is answered
/// with who is calling, as JSON. A changed configuration is put in force without a restart.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Serve a configuration.")

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config: String

    func run() async throws {
        var logger = Logger(label: "mcp-auth")
        logger.logLevel = .notice
        let onEvent = EventSink.handler(logger)
        let file = try ConfigurationFile(path: config, environment: Input.environment, onEvent: onEvent)
        try await file.runPolicyTests()
        let mcpAuth = try MCPAuth(file.configuration)
        for warning in mcpAuth.warnings { logger.warning("\(warning)") }

        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.addProtectedResourceMetadata(mcpAuth)
        let middleware = BearerAuthMiddleware<BasicMCPAuthRequestContext>(mcpAuth)
        for method in [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete, .options] {
            for path in ["/", "/**"] {
                router.group().add(middleware: middleware).on(RouterPath(path), method: method) { _, context in
                    Self.whoIsCalling(context.authInfo)
                }
            }
        }
        let listener = file.listener
        var application = Application(
            router: router,
            configuration: .init(address: .hostname(listener.host, port: listener.port), serverName: nil),
            onServerRunning: { _ in
                Output.line("mcp-auth listens on http://\(listener.host):\(listener.port)")
                for resource in mcpAuth.engine.resources {
                    Output.line("  \(resource.identifier)  metadata \(resource.identifier.metadataURL)")
                }
            },
            logger: logger
        )
        application.addServices(ConfigurationReloading(file, path: config, mcpAuth: mcpAuth, onEvent: onEvent))
        do {
            try await application.runService()
        } catch {
            throw ConfigurationError(.cannotListen, "cannot serve on \(listener.host):\(listener.port): \(error)")
        }
    }

    private static func whoIsCalling(_ authInfo: AuthInfo?) -> Response {
        guard let authInfo else { return Response(status: .internalServerError) }
        var members: [String: JSON] = [
            "decision": "allow", "resource": .string(authInfo.resource.description),
            "issuer": .string(authInfo.issuer.description), "scope": .string(authInfo.scopes.description),
        ]
        members["sub"] = authInfo.subject.map(JSON.string)
        members["client_id"] = authInfo.clientID.map(JSON.string)
        return Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSON.object(members).encoded()))
        )
    }
}
#endif
