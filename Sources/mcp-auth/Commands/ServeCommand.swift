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

/// `mcp-auth serve`: serves every configured resource.
///
/// It serves metadata at its well-known paths and decides every request to a resource. The response to an allowed
/// request is the caller, as JSON. A changed configuration is put in force without a restart.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a configuration: decide requests, and respond with the caller.",
        discussion: """
            \(ServeCommand.whatItIs).

            It publishes the metadata of every resource and authorizes requests sent to it. The response to an allowed \
            request has status 200 and the caller as JSON; the request is not forwarded. There is no event stream: an \
            allowed GET, HEAD or DELETE of an MCP resource gets status 405. A forward-auth request, with which a proxy \
            asks about another request, is refused.

            Refused requests are logged at the level `notice`, at most ten with the same reason per second. SIGHUP \
            reads the configuration again, as does a change of one of its files; SIGUSR1 discards fetched keys and metadata and the remembered tokens.
            """
    )

    private static let whatItIs =
        "`mcp-auth serve` authorizes requests and responds with the caller; it is not a proxy and not a forward-auth "
        + "endpoint for nginx auth_request, Caddy forward_auth or Traefik ForwardAuth"

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config: String

    @Option(help: "The lowest level that is logged.")
    var logLevel = LogLevel.notice

    @Option(help: "A file to which each request is appended for `mcp-auth policy diff --replay`, up to 256 MiB.")
    var record: String?

    @Option(help: "The name of a claim that is recorded; may be repeated.")
    var recordClaim: [String] = []

    @Option(help: "The name of an argument that is recorded; may be repeated.")
    var recordArgument: [String] = []

    func validate() throws {
        guard record != nil || (recordClaim.isEmpty && recordArgument.isEmpty) else {
            throw ValidationError("--record-claim and --record-argument need --record")
        }
    }

    func run() async throws {
        var logger = Logger(label: "mcp-auth")
        logger.logLevel = logLevel.forLog
        let events = EventSink(logger)
        let onEvent = events.handler
        let files = FileSnapshot()
        let file = try ConfigurationFile(path: config, environment: Input.environment, onEvent: onEvent, files: files)
        try await file.runPolicyTests()
        var configuration = file.configuration
        configuration.recording = try record.map { path in
            let file = try RecordFile(path, onEvent)
            return RequestRecording(claims: Set(recordClaim), arguments: Set(recordArgument)) { file.append($0) }
        }
        let mcpAuth = try MCPAuth(configuration)
        Output.line("\(Self.whatItIs).")
        for warning in mcpAuth.warnings { logger.warning("\(warning)") }

        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.addProtectedResourceMetadata(mcpAuth)
        let middleware = BearerAuthMiddleware<BasicMCPAuthRequestContext>(mcpAuth)
        for method in [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete, .options] {
            for path in ["/", "/**"] {
                router.group().add(middleware: middleware).on(RouterPath(path), method: method) { request, context in
                    Self.answer(to: request, of: context.authInfo, at: mcpAuth, onEvent)
                }
            }
        }
        let listener = file.listener
        // The whole head must be read, so that a client whose token is too long gets a response that says so.
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

    /// Why the server cannot listen on the address, in words.
    private static func reason(_ error: any Error) -> String {
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: "the address is in use by another program"
        case EADDRNOTAVAIL: "this machine has no such address"
        case EACCES: "ports below 1024 need more rights than this program has"
        default: "\(error)"
        }
    }

    /// How long requests in progress may continue after the server was told to stop; then they are cancelled.
    private static let drainLimit = Duration.seconds(10)

    /// How long a connection may be silent, between requests or in the middle of one.
    ///
    /// Proxies close idle connections earlier, so no proxy sends a request on a connection that was just closed here.
    private static let idleLimit = TimeAmount.seconds(75)

    /// The response to an allowed request.
    private static func answer(
        to request: Request,
        of authInfo: AuthInfo?,
        at mcpAuth: MCPAuth,
        _ onEvent: EngineEventHandler
    ) -> Response {
        // The middleware found it too; a reload may have removed it since.
        guard let resource = mcpAuth.resource(of: request.head) else {
            return refusal(.notFound, "not_found", "there is no such resource")
        }
        if let field = proxyFields.first(where: { request.headers.contains($0) }) {
            let message =
                "`\(resource.identifier)`: the field `\(field)` is from a proxy that asks about another request, but "
                + "this is not a forward-auth endpoint"
            onEvent(EngineEvent(.warning, .requestDenied, message))
            return refusal(.forbidden, "access_denied", "mcp-auth serve is not a forward-auth endpoint")
        }
        if request.method != .post, resource.speaksMCP {
            var response = refusal(.methodNotAllowed, "method_not_allowed", "there is no event stream here")
            response.headers[.allow] = "POST, OPTIONS"
            return response
        }
        return whoIsCalling(authInfo, resource)
    }

    /// Fields of requests with which proxies ask whether another request may pass.
    ///
    /// Such a request lacks the method and the body of the other one, so allowing it would allow anything.
    private static let proxyFields = [
        "X-Original-URI", "X-Original-URL", "X-Original-Method", "X-Forwarded-Method", "X-Forwarded-Uri",
        "X-Auth-Request-Redirect",
    ].compactMap { HTTPField.Name($0) }

    private static func refusal(_ status: HTTPResponse.Status, _ error: String, _ description: String) -> Response {
        json(status, ["error": .string(error), "error_description": .string(description)])
    }

    private static func whoIsCalling(_ authInfo: AuthInfo?, _ resource: ProtectedResource) -> Response {
        var members: [String: JSON] = ["decision": "allow", "resource": .string(resource.identifier.description)]
        if let authInfo {
            members["issuer"] = .string(authInfo.issuer.description)
            members["scope"] = .string(authInfo.scopes.description)
            members["sub"] = authInfo.subject.map(JSON.string)
            members["client_id"] = authInfo.clientID.map(JSON.string)
        }
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
