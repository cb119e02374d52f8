// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Hummingbird
internal import Logging
internal import MCPAuth
internal import MCPAuthDevIssuer
internal import MCPAuthHummingbird
internal import MCPAuthJSON
internal import MCPAuthSigning
internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The demonstration: an authorization server and one host with three MCP servers.
struct DemoServer {
    let issuer: DevIssuer
    /// The URL of the MCP servers, without path.
    let base: String
    /// A token that the C module accepts; no authorization server issued it.
    let hmacToken: String
    private let mcpAuth: MCPAuth
    private let listener: ConfigurationFile.Listener

    /// Reads the configuration and starts the authorization server.
    ///
    /// - Throws: `ConfigurationError`, or ``CommandFailure`` when its port is in use.
    static func start(
        _ configuration: DemoConfiguration,
        moduleDirectory: String,
        autoConsent: Bool
    ) async throws -> DemoServer {
        let introspectionSecret = SecureRandom.token()
        let hmacKey = SecureRandom.token()
        let log = EngineEvent.log()
        let file: ConfigurationFile
        do {
            file = try ConfigurationFile(
                path: configuration.path,
                environment: ["DEMO_INTROSPECTION_SECRET": introspectionSecret, "DEMO_HMAC_KEY": hmacKey],
                moduleDirectory: moduleDirectory,
                // The demonstration shows what becomes of requests.
                onEvent: { event in if event.code != .moduleLoaded { log(event) } },
                files: configuration.files
            )
        } catch let error as ConfigurationError where error.code == .moduleRefused {
            let advice = "`swift build --enable-all-traits` builds the module, --modules names its directory"
            throw CommandFailure(ProgramExit.invalid, "\(error); \(advice)")
        }
        let mcpAuth = try MCPAuth(file.configuration)
        let base = "http://\(file.listener)"
        let issuer = DevIssuer(
            configuration: DevIssuer.Configuration(
                port: configuration.issuerPort,
                autoConsent: autoConsent,
                resources: ["notes", "calendar", "guestbook", "guestbook/results"].map { "\(base)/\($0)" },
                scopesSupported: [
                    "read:notes", "write:notes", "read:calendar", "write:calendar", "write:guestbook",
                ],
                clients: [
                    .init(id: "calendar-server", secret: introspectionSecret),
                    .init(
                        id: "robot",
                        secret: "robot-secret",
                        scopes: ["read:calendar", "write:calendar"],
                        grantTypes: ["client_credentials"]
                    ),
                ],
                opaqueResources: ["\(base)/calendar"]
            )
        )
        do {
            try await issuer.start()
        } catch {
            throw CommandFailure(ProgramExit.invalid, "\(error); choose another one with --issuer-port")
        }
        let expiry = Int(NumericDate.now().secondsSinceEpoch) + 8 * 3600
        let signed = "greeter.\(expiry)"
        let hash = KeyedHash.hexadecimalSHA256(Array(signed.utf8), key: Array(hmacKey.utf8))
        return DemoServer(
            issuer: issuer,
            base: base,
            hmacToken: "hmac.\(signed).\(hash)",
            mcpAuth: mcpAuth,
            listener: file.listener
        )
    }

    /// Serves until the task is cancelled or a signal arrives; calls `whenListening` when requests are accepted.
    func run(whenListening: @escaping @Sendable () async -> Void) async throws {
        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.addProtectedResourceMetadata(mcpAuth)
        let notes = MCPEndpoint(
            name: "notes",
            reading: .init(name: "list_notes", title: "List the notes", argument: nil),
            writing: .init(name: "create_note", title: "Keep a note", argument: "text"),
            lines: ["buy milk"]
        )
        let calendar = MCPEndpoint(
            name: "calendar",
            reading: .init(name: "list_events", title: "List the events", argument: nil),
            writing: .init(name: "create_event", title: "Add an event", argument: "title"),
            lines: ["monday: stand-up"]
        )
        let guestbook = MCPEndpoint(
            name: "guestbook",
            reading: .init(name: "list_entries", title: "Read the guestbook", argument: nil),
            writing: .init(name: "sign_guestbook", title: "Sign the guestbook", argument: "text"),
            lines: ["what a nice server (alice)"]
        )
        add(notes, at: "notes", to: router)
        add(calendar, at: "calendar", to: router)
        // One guestbook at two paths, because clients differ in what makes them log in. Most, such as the official
        // ones, need a 401. Others see only the results of tools; `challenge_in_tool_result` gives them the challenge
        // there, with status 200. It is set only at the second path, since at a path that has it, clients that need a
        // 401 would never log in.
        add(guestbook, at: "guestbook", to: router)
        add(guestbook, at: "guestbook/results", to: router)
        var logger = Logger(label: "mcp-auth-dev")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            server: .http1(configuration: .init(additionalChannelHandlers: [BoundedReads()])),
            configuration: .init(address: .hostname(listener.host, port: listener.port)),
            onServerRunning: { _ in await whenListening() },
            logger: logger
        )
        do {
            try await application.runService()
        } catch {
            let why = (error as? IOError)?.errnoCode == EADDRINUSE ? "the port is in use" : "\(error)"
            throw CommandFailure(
                ProgramExit.invalid,
                "cannot listen on \(listener): \(why); choose another one with --port"
            )
        }
    }

    private func add(_ endpoint: MCPEndpoint, at path: RouterPath, to router: Router<BasicMCPAuthRequestContext>) {
        let group = router.group(path).add(middleware: BearerAuthMiddleware<BasicMCPAuthRequestContext>(mcpAuth))
        group.post { request, context in
            let body = try await request.body.collect(upTo: MCPEndpoint.longestBody)
            return await endpoint.response(
                to: Array(body.readableBytesView),
                fields: request.headers,
                caller: context.authInfo
            )
        }
        for method in [HTTPRequest.Method.get, .delete, .options] {
            group.on("", method: method) { _, _ in Response(status: .methodNotAllowed, headers: [.allow: "POST"]) }
        }
    }
}
#endif
