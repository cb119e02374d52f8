// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHummingbird
internal import MCPAuthJSON
internal import NIOCore
internal import ServiceLifecycle
internal import UnixSignals

/// `mcp-auth serve`: answers for every configured resource.
///
/// Metadata is served at its well-known paths. A request below a resource is decided about; an allowed one is answered
/// with who is calling, as JSON. A changed configuration is put in force without a restart.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a configuration: decide about requests, and answer who is calling.",
        discussion: """
            \(ServeCommand.whatItIs).

            It publishes the metadata of every resource and decides about requests sent to it. An allowed request is \
            answered 200 with the caller as JSON, and goes nowhere else. There is no event stream: an allowed GET, \
            HEAD or DELETE of an MCP resource is answered 405. A request that a proxy marks as a question about \
            another one is refused.

            Refused requests are logged at the level `notice`, at most ten of a reason in a second. SIGHUP reads the \
            configuration again, as does a change of one of its files; SIGUSR1 throws away all fetched keys.
            """
    )

    private static let whatItIs =
        "`mcp-auth serve` decides and answers who is calling; it is not a proxy and not a forward-auth endpoint, as "
        + "nginx auth_request, Caddy forward_auth and Traefik ForwardAuth need one"

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config: String

    @Option(help: "The least level that is logged.")
    var logLevel = LogLevel.notice

    func run() async throws {
        var logger = Logger(label: "mcp-auth")
        logger.logLevel = logLevel.forLog
        let events = EventSink(logger)
        let onEvent = events.handler
        let files = FileSnapshot()
        let file = try ConfigurationFile(path: config, environment: Input.environment, onEvent: onEvent, files: files)
        try await file.runPolicyTests()
        let mcpAuth = try MCPAuth(file.configuration)
        Output.line("\(Self.whatItIs).")
        for warning in mcpAuth.warnings { logger.warning("\(warning)") }

        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.addProtectedResourceMetadata(mcpAuth)
        let middleware = BearerAuthMiddleware<BasicMCPAuthRequestContext>(mcpAuth)
        for method in [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete, .options] {
            for path in ["/", "/**"] {
                router.group().add(middleware: middleware).on(RouterPath(path), method: method) { request, context in
                    guard let authInfo = context.authInfo else { return Response(status: .internalServerError) }
                    return Self.answer(to: request, of: authInfo, at: mcpAuth, onEvent)
                }
            }
        }
        let listener = file.listener
        // A client whose token is too long is told so, and for that the whole head must be read.
        let longestHead = 80 * 1024 + file.configuration.maximumTokenBytes
        var application = Application(
            router: router,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [BoundedReads()],
                    idleTimeout: Self.idleLimit,
                    httpDecoderConfiguration: .init(maxHeaderFieldSize: longestHead, maxHeaderListSize: longestHead)
                )
            ),
            configuration: .init(address: .hostname(listener.host, port: listener.port), serverName: nil),
            onServerRunning: { _ in
                Output.line("mcp-auth listens on http://\(listener)")
                for resource in mcpAuth.engine.resources {
                    Output.line("  \(resource.identifier)  metadata \(resource.identifier.metadataURL)")
                }
            },
            logger: logger
        )
        application.addServices(
            events,
            ConfigurationReloading(file, path: config, files: files, mcpAuth: mcpAuth, onEvent: onEvent)
        )
        do {
            var configuration = ServiceGroupConfiguration(
                services: [application],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
            configuration.maximumGracefulShutdownDuration = Self.drainLimit
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            throw ConfigurationError(.cannotListen, "cannot serve on \(listener): \(Self.reason(error))")
        }
    }

    /// Why the address cannot be listened on, in words.
    private static func reason(_ error: any Error) -> String {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: "the address is in use by another program"
        case EADDRNOTAVAIL: "this machine has no such address"
        case EACCES: "ports below 1024 need more rights than this program has"
        default: "\(error)"
        }
    }

    /// How long requests that are under way may go on after the server was told to stop; then they are cancelled.
    private static let drainLimit = Duration.seconds(10)

    /// How long a connection may be silent, between requests or in the middle of one.
    ///
    /// Proxies close idle connections earlier, so that none uses one that was just closed here.
    private static let idleLimit = TimeAmount.seconds(75)

    /// The answer to a request that is allowed.
    private static func answer(
        to request: Request,
        of authInfo: AuthInfo,
        at mcpAuth: MCPAuth,
        _ onEvent: EngineEventHandler
    ) -> Response {
        let resource = mcpAuth.engine.resources.first { $0.identifier == authInfo.resource }
        if let field = proxyFields.first(where: { request.headers.contains($0) }) {
            let message =
                "`\(authInfo.resource)`: the field `\(field)` is of a proxy that asks about another request, and this is "
                + "not a forward-auth endpoint"
            onEvent(EngineEvent(.warning, .requestDenied, message))
            return refusal(.forbidden, "access_denied", "mcp-auth serve is not a forward-auth endpoint")
        }
        if request.method != .post, resource?.speaksMCP ?? true {
            var response = refusal(.methodNotAllowed, "method_not_allowed", "there is no event stream here")
            response.headers[.allow] = "POST, OPTIONS"
            return response
        }
        return whoIsCalling(authInfo)
    }

    /// What proxies put into the requests by which they ask whether another request may pass.
    ///
    /// Such a question does not carry the method and the body of the request it is about, so to allow it would be to
    /// allow anything.
    private static let proxyFields = [
        "X-Original-URI", "X-Original-URL", "X-Original-Method", "X-Forwarded-Method", "X-Forwarded-Uri",
        "X-Auth-Request-Redirect",
    ].compactMap { HTTPField.Name($0) }

    private static func refusal(_ status: HTTPResponse.Status, _ error: String, _ description: String) -> Response {
        json(status, ["error": .string(error), "error_description": .string(description)])
    }

    private static func whoIsCalling(_ authInfo: AuthInfo) -> Response {
        var members: [String: JSON] = [
            "decision": "allow", "resource": .string(authInfo.resource.description),
            "issuer": .string(authInfo.issuer.description), "scope": .string(authInfo.scopes.description),
        ]
        members["sub"] = authInfo.subject.map(JSON.string)
        members["client_id"] = authInfo.clientID.map(JSON.string)
        return json(.ok, .object(members))
    }

    private static func json(_ status: HTTPResponse.Status, _ body: JSON) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.encoded()))
        )
    }
}
#endif
