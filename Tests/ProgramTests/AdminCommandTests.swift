// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJSON
import Testing

/// `mcp-auth admin`, against a running `mcp-auth serve`.
struct AdminCommandTests {
    /// A server with an admin socket and a decision log, and the commands of its operator.
    private struct Operated {
        let server: ServedProgram
        let configuration: String
        let socket: String
        let log: String

        init(_ arguments: [String] = []) throws {
            let directory = NSTemporaryDirectory() + "mcp-auth-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let (configuration, socket, log) = (directory + "/c.json", directory + "/a.sock", directory + "/d.ndjson")
            (self.configuration, self.socket, self.log) = (configuration, socket, log)
            server = try ServedProgram(arguments, environment: ["SECRET": ServedProgram.secret]) { port in
                try Self.text(port, socket, issuers: ["a"]).write(
                    toFile: configuration,
                    atomically: true,
                    encoding: .utf8
                )
                return configuration
            }
        }

        static func text(_ port: Int, _ socket: String, issuers: [String]) -> String {
            let entries = issuers.map { name in
                """
                "\(name)": { "issuer": "https://\(name).example", "hmac_secrets": [
                    { "algorithm": "HS256", "secret": { "env": "SECRET" } } ] }
                """
            }
            let names = issuers.map { "\"\($0)\"" }.joined(separator: ", ")
            return """
                { "version": 1,
                  "server": { "listen": "127.0.0.1:\(port)", "admin": { "listen": "unix:\(socket)" },
                    "decision_log": { "file": "d.ndjson" } },
                  "issuers": { \(entries.joined(separator: ", ")) },
                  "resources": [ { "resource": "http://127.0.0.1:\(port)/x", "issuers": [\(names)],
                    "policy": "authenticated" } ] }
                """
        }

        func admin(_ arguments: String...) throws -> Program.Run {
            try Program.run(["admin", arguments[0], "--admin", "unix:\(socket)"] + arguments.dropFirst())
        }
    }

    private static let message = ["-d", #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#]

    private static func decisionID(_ answer: ServedProgram.Answer) throws -> String {
        let line = try #require(answer.head.split(separator: "\r\n").first { $0.hasPrefix("Decision-Id: ") })
        return String(line.dropFirst("Decision-Id: ".count))
    }

    @Test func `a denied call is explained from its id, also in the decision log`() throws {
        let operated = try Operated()
        let stranger = operated.server.token(["iss": "https://a.example", "aud": "https://other.example"])
        let refused = try operated.server.request("/x", Self.message, token: stranger)
        #expect(refused.status == 401)
        let id = try Self.decisionID(refused)
        let explained = try operated.admin("explain", id)
        #expect(explained.status == 0)
        #expect(explained.output.contains("audience_mismatch") && explained.output.contains("status 401"))
        #expect(explained.output.contains("`alice`") && !explained.output.contains(stranger))
        let listed = try operated.admin("decisions", "--refused")
        #expect(listed.output.contains(id))
        _ = operated.server.stop()
        let log = try String(contentsOfFile: operated.log, encoding: .utf8)
        #expect(log.contains(id) && log.contains("audience_mismatch") && !log.contains(stranger))
        #expect(try operated.admin("status").status == 12)
    }

    @Test func `an issuer is added without a restart`() throws {
        let operated = try Operated()
        let server = operated.server
        let token = server.token(["iss": "https://b.example", "aud": .string("http://127.0.0.1:\(server.port)/x")])
        #expect(try server.request("/x", Self.message, token: token).status == 401)
        try Operated.text(server.port, operated.socket, issuers: ["a", "b"]).write(
            toFile: operated.configuration,
            atomically: true,
            encoding: .utf8
        )
        let reloaded = try operated.admin("reload")
        #expect(reloaded.status == 0 && reloaded.output.contains("generation"), "\(reloaded)")
        #expect(try server.request("/x", Self.message, token: token).status == 200)
    }

    @Test func `a reload that is refused says where, and the old configuration stays`() throws {
        let operated = try Operated()
        try "{".write(toFile: operated.configuration, atomically: true, encoding: .utf8)
        let refused = try operated.admin("reload")
        #expect(refused.status == 3 && refused.error.contains("c.json:1:"), "\(refused)")
        let token = operated.server.token([
            "iss": "https://a.example", "aud": .string("http://127.0.0.1:\(operated.server.port)/x"),
        ])
        #expect(try operated.server.request("/x", Self.message, token: token).status == 200)
        let status = try operated.admin("status")
        #expect(status.output.contains("refused_configuration"))
    }

    @Test func `a subject is revoked at once`() throws {
        let operated = try Operated()
        let token = operated.server.token([
            "iss": "https://a.example", "aud": .string("http://127.0.0.1:\(operated.server.port)/x"),
        ])
        #expect(try operated.server.request("/x", Self.message, token: token).status == 200)
        #expect(try operated.admin("revoke", "--issuer", "https://a.example", "--subject", "alice").status == 0)
        #expect(try operated.server.request("/x", Self.message, token: token).status == 401)
    }

    @Test func `all refusals are counted`() throws {
        let operated = try Operated()
        for _ in 0..<30 { _ = try operated.server.request("/x") }
        let text = try Program.curl(["--unix-socket", operated.socket, "http://localhost/metrics"])
        #expect(text.contains(#"mcpauth_denials_total{reason="no_credentials"} 30"#), "\(text)")
        let line = text.split(separator: "\n").first { $0.hasPrefix("mcpauth_decisions_total") }
        #expect(line?.contains(#"door="clients""#) == true && line?.hasSuffix(" 30") == true, "\(line ?? "")")
        #expect(text.contains("process_resident_memory_bytes "))
    }

    @Test func `log lines can be JSON`() throws {
        let operated = try Operated(["--log-format", "json"])
        _ = try operated.server.request("/x")
        let log = operated.server.stop()
        let lines = log.split(separator: "\n").compactMap { try? JSON(parsing: Array($0.utf8)) }
        #expect(lines.contains { $0["reason"] == "no_credentials" && $0["level"] == "notice" }, "\(log)")
        #expect(lines.count == log.split(separator: "\n").count)
    }

    @Test(arguments: [SIGHUP, SIGUSR1]) func `a signal just after the start does not end the server`(
        signal: Int32
    ) throws {
        for _ in 0..<5 {
            let server = try ServedProgram(environment: ["SECRET": ServedProgram.secret]) {
                try ServedProgram.configuration($0)
            }
            server.send(signal: signal)
            #expect(try server.request("/x").status == 401)
        }
    }

    @Test func `a server that is ended while it starts ends, also with a gRPC listener`() throws {
        for milliseconds in [0, 5, 20, 50, 100, 150, 200, 300] {
            let (taken, port) = Program.takenPort()
            let (other, grpc) = Program.takenPort()
            close(taken)
            close(other)
            let file = try Program.file(
                """
                { "version": 1,
                  "server": { "listen": "127.0.0.1:\(port)", "ext_authz": { "listen": "127.0.0.1:\(grpc)" } },
                  "issuers": { "a": { "issuer": "https://a.example" } },
                  "resources": [ { "resource": "http://127.0.0.1:\(port)/x", "issuers": ["a"],
                    "policy": "authenticated" } ] }
                """
            )
            let process = try Program.process(["serve", "--config", file])
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            usleep(UInt32(milliseconds) * 1000)
            process.terminate()
            let end = Date().addingTimeInterval(15)
            while process.isRunning, Date() < end { usleep(10_000) }
            #expect(!process.isRunning, "after \(milliseconds) ms")
            // Before it handles the signal, that ends it too.
            let isKilled = process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGTERM
            #expect(process.terminationStatus == 0 || isKilled, "\(milliseconds) ms: \(process.terminationStatus)")
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
    }

    @Test func `a service manager is told when the server is ready and when it stops`() throws {
        let path = NSTemporaryDirectory() + "notify-\(UUID().uuidString.prefix(8))"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        func message() -> String {
            var bytes = [UInt8](repeating: 0, count: 100)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }
        let environment = ["SECRET": ServedProgram.secret, "NOTIFY_SOCKET": path]
        let server = try ServedProgram(environment: environment) { try ServedProgram.configuration($0) }
        #expect(message() == "READY=1")
        _ = server.stop()
        #expect(message() == "STOPPING=1")
    }

    @Test func `a socket that was passed is used, and the port is bound by nobody else`() throws {
        // The descriptor must be 3 and LISTEN_PID the process, so a shell prepares both.
        let (taken, port) = Program.takenPort()
        close(taken)
        let file = try ServedProgram.configuration(port)
        let program = try Program.process([]).executableURL?.path ?? ""
        let script = """
            import os, socket, sys
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", \(port))); s.listen(16)
            os.dup2(s.fileno(), 3, inheritable=True)
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", SECRET="\(ServedProgram.secret)")
            os.execv(sys.argv[1], [sys.argv[1], "serve", "--config", sys.argv[2]])
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, program, file]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        var text = ""
        while !text.contains("mcp-auth listens on") {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            text += String(decoding: more, as: UTF8.self)
        }
        #expect(text.contains("mcp-auth listens on"), "\(text)")
        let status = try Program.curl(["-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(port)/x"])
        #expect(status == "401")
    }
}
#endif
