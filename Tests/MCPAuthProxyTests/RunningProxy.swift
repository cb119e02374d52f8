// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import Foundation
import MCPAuth
import MCPAuthJSON
import MCPAuthServer
import MCPAuthTesting
import TestSupport

/// A real proxy with the configuration of its example, mcp-auth beside it, and a server behind it; all on loopback.
struct RunningProxy: Sendable {
    enum Kind: String, CaseIterable, Sendable, CustomStringConvertible {
        case nginx
        case caddy
        case traefik
        case haproxy
        case apache
        case envoy
        case envoyGRPC = "envoy-grpc"

        var description: String { rawValue }

        /// Whether it sends the bodies of requests.
        var sendsBody: Bool { self == .traefik || self == .envoy || self == .envoyGRPC }

        /// The dialect of its requests; `nil` for gRPC.
        var dialect: ForwardAuthSettings.Proxy? { ForwardAuthSettings.Proxy(rawValue: rawValue) }

        /// The program and its arguments.
        var command: [String] {
            switch self {
            case .nginx: ["nginx", "-p", ".", "-c", "nginx.conf", "-g", "daemon off; master_process off;"]
            case .caddy: ["caddy", "run", "--adapter", "caddyfile", "--config", "Caddyfile"]
            case .traefik: ["traefik", "--configFile=traefik.yml"]
            case .haproxy: ["haproxy", "-db", "-f", "haproxy.cfg"]
            case .apache: ["apache2", "-d", ".", "-f", "httpd.conf", "-X"]
            case .envoy, .envoyGRPC:
                ["envoy", "-c", "envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "-l", "warn"]
            }
        }
    }

    let kind: Kind
    /// The port of the proxy.
    let port: Int
    let upstream: EchoServer
    let issuer: TestIssuer
    let mcpAuth: MCPAuth
    let decisions: RecentDecisions
    private let serving: Task<Void, any Error>

    static let resource = "https://mcp.example/mcp"

    /// The folder with the programs that are not in `PATH`; `nil` where these tests do not run.
    static var programs: String? { ProcessInfo.processInfo.environment["MCPAUTH_PROXIES"] }

    /// Runs everything while `body` runs.
    static func run(_ kind: Kind, _ body: (RunningProxy) async throws -> Void) async throws {
        let issuer = try TestIssuer(audience: resource)
        let decisions = RecentDecisions()
        let mcpAuth = try MCPAuth(configuration(issuer, decisions), fetcher: TestFetcher(issuer))
        let upstream = try await EchoServer()
        let ports = try (proxy: FreePort.next(), metadata: FreePort.next(), verify: FreePort.next())
        let serving = try serve(kind, mcpAuth, metadata: ports.metadata, verify: ports.verify)
        let directory = try example(
            kind,
            [8000: ports.proxy, 9000: ports.metadata, 9001: ports.verify, 9002: upstream.port]
        )
        let process = try start(kind, in: directory)
        defer {
            // Some proxies wait for connections when they are asked to end.
            kill(process.processIdentifier, SIGKILL)
            serving.cancel()
            upstream.stop()
        }
        let proxy = RunningProxy(
            kind: kind,
            port: ports.proxy,
            upstream: upstream,
            issuer: issuer,
            mcpAuth: mcpAuth,
            decisions: decisions,
            serving: serving
        )
        try await proxy.waitUntilReady()
        try await body(proxy)
    }

    /// Ends mcp-auth, as if it had crashed.
    func stopDeciding() async {
        serving.cancel()
        _ = await serving.result
    }

    private static func configuration(_ issuer: TestIssuer, _ decisions: RecentDecisions) throws -> MCPAuthConfiguration
    {
        let tools: JSON = [
            "version": 1,
            "rules": [
                ["id": "read", "effect": "allow", "tools": ["read_*"]],
                ["id": "secret", "effect": "deny", "tools": ["read_secret"]],
                ["id": "basics", "effect": "allow", "mcp_methods": ["@basics", "tools/list"]],
            ],
        ]
        func resource(_ path: String, _ policies: [Policy], speaksMCP: Bool) throws -> ResourceConfiguration {
            try ResourceConfiguration(
                "https://mcp.example\(path)",
                authorizationServers: [issuer.server],
                audiences: [Self.resource],
                speaksMCP: speaksMCP,
                policies: policies
            )
        }
        let anyone: JSON = [
            "version": 1,
            "rules": [["id": "open", "effect": "allow", "subject_kind": "anyone", "targets": "any"]],
        ]
        var configuration = MCPAuthConfiguration(
            resources: [
                try resource("/mcp", [], speaksMCP: true),
                try resource("/tools", [.json(tools)], speaksMCP: true),
                try resource("/admin", [.requiredScopes("admin")], speaksMCP: false),
                try resource("/public", [.json(anyone)], speaksMCP: false),
            ]
        )
        configuration.onDecision = decisions.add
        return configuration
    }

    private static func serve(
        _ kind: Kind,
        _ mcpAuth: MCPAuth,
        metadata: Int,
        verify: Int
    ) throws -> Task<Void, any Error> {
        guard let clients = ConfigurationFile.Listener("127.0.0.1:\(metadata)"),
            let asked = ConfigurationFile.Listener("127.0.0.1:\(verify)")
        else { throw RawClient.Failure(description: "no address") }
        var settings = ServerSettings(listener: clients)
        if let dialect = kind.dialect {
            settings.forwardAuth = [ForwardAuthSettings(asked, proxy: dialect, sendsBody: kind.sendsBody)]
        } else {
            settings.extAuthz = ExtAuthzSettings(asked, sendsBody: true)
        }
        let server = try DecisionServer(settings, mcpAuth: mcpAuth, onEvent: { _ in })
        let envoy = server.extAuthzServer { _ in }
        return Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                if let envoy { group.addTask { try await envoy.run() } }
                try await group.waitForAll()
            }
        }
    }

    /// A copy of the example with other ports.
    private static func example(_ kind: Kind, _ ports: [Int: Int]) throws -> URL {
        let root = #filePath.replacing("/Tests/MCPAuthProxyTests/RunningProxy.swift", with: "")
        let source = URL(filePath: root + "/Examples/\(kind.rawValue)")
        let directory = FileManager.default.temporaryDirectory.appending(path: "proxy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path) where name != "README.md" {
            var text = try String(contentsOf: source.appending(path: name), encoding: .utf8)
            // In two steps, because a port that is used may be one that is written.
            for written in ports.keys { text = text.replacing("\(written)", with: "PORT-\(written)-") }
            for (written, used) in ports { text = text.replacing("PORT-\(written)-", with: "\(used)") }
            try text.write(to: directory.appending(path: name), atomically: true, encoding: .utf8)
        }
        return directory
    }

    private static func start(_ kind: Kind, in directory: URL) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = kind.command
        process.currentDirectoryURL = directory
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = (programs ?? "") + ":" + (environment["PATH"] ?? "")
        environment["XDG_DATA_HOME"] = directory.path
        environment["XDG_CONFIG_HOME"] = directory.path
        process.environment = environment
        let log = directory.appending(path: "log.txt")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        return process
    }

    /// Waits until the proxy passes on a request that anybody may send.
    private func waitUntilReady() async throws {
        for _ in 0..<100 {
            if let answer = try? await send("GET /public HTTP/1.1", fields: []), answer.status == 200 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw RawClient.Failure(description: "\(kind) does not answer")
    }

    /// Sends a request through the proxy.
    ///
    /// - Parameter line: The request line.
    func send(
        _ line: String,
        host: String? = "mcp.example",
        fields: [(String, String)],
        body: String? = nil
    ) async throws -> RawClient.Answer {
        var head = line + "\r\n"
        if let host { head += "Host: \(host)\r\n" }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        return try await send(raw: head + "Connection: close\r\n\r\n" + (body ?? ""), isHead: line.hasPrefix("HEAD"))
    }

    /// Sends bytes to the proxy.
    func send(raw: String, isHead: Bool = false) async throws -> RawClient.Answer {
        let answers = try await RawClient.exchange([Array(raw.utf8)], port: port, isHead: isHead, seconds: 5)
        guard let answer = answers.first else { throw RawClient.Failure(description: "no answer") }
        return answer
    }
}
#endif
