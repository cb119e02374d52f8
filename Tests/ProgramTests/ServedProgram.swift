// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning

/// A running `mcp-auth serve`, and requests to it.
final class ServedProgram {
    struct Answer {
        let status: Int
        let head: String
        let body: String
    }

    let port: Int
    private let process: Process
    private let output = Pipe()
    private let error = Pipe()
    private var outputSoFar = ""
    private var errorSoFar = ""

    /// Starts the program and waits until it listens.
    ///
    /// - Parameter configuration: Writes the configuration file for a port and returns its path.
    init(_ arguments: [String] = [], environment: [String: String] = [:], configuration: (Int) throws -> String) throws
    {
        let (taken, port) = Program.takenPort()
        self.port = port
        let file = try configuration(port)
        process = try Program.process(["serve", "--config", file] + arguments)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = error
        close(taken)
        try process.run()
        waitForOutput("mcp-auth listens on")
    }

    /// Waits until standard output contains this text or the program has ended; returns the output so far.
    @discardableResult
    func waitForOutput(_ text: String) -> String {
        Self.read(output, into: &outputSoFar, until: text)
        return outputSoFar
    }

    /// Waits until the log contains this text or the program has ended; returns the log so far.
    @discardableResult
    func waitForLog(_ text: String) -> String {
        Self.read(error, into: &errorSoFar, until: text)
        return errorSoFar
    }

    deinit { if process.isRunning { process.terminate() } }

    /// The exit status; valid only after the program has ended.
    var terminationStatus: Int32 { process.terminationStatus }

    func send(signal: Int32) { kill(process.processIdentifier, signal) }

    /// Terminates the program and returns its whole log.
    func stop() -> String {
        process.terminate()
        process.waitUntilExit()
        errorSoFar += String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return errorSoFar
    }

    private static func read(_ pipe: Pipe, into text: inout String, until wanted: String) {
        while !text.contains(wanted) {
            let more = pipe.fileHandleForReading.availableData
            if more.isEmpty { return }
            text += String(decoding: more, as: UTF8.self)
        }
    }

    /// Sends a request with curl and returns the last answer; a path may have a range such as `[1-9]`.
    func request(_ path: String, _ arguments: [String] = [], token: String? = nil) throws -> Answer {
        let curl = Process()
        curl.executableURL = URL(filePath: "/usr/bin/env")
        let credentials = token.map { ["-H", "Authorization: Bearer \($0)"] } ?? []
        curl.arguments = ["curl", "-s", "-i"] + arguments + credentials + ["http://127.0.0.1:\(port)\(path)"]
        let output = Pipe()
        curl.standardOutput = output
        try curl.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        curl.waitUntilExit()
        let start = text.range(of: "HTTP/1.1 ", options: .backwards)?.lowerBound ?? text.startIndex
        let end = text[start...].range(of: "\r\n\r\n")
        let head = String(text[start..<(end?.lowerBound ?? text.endIndex)])
        return Answer(
            status: Int(head.dropFirst("HTTP/1.1 ".count).prefix(3)) ?? 0,
            head: head,
            body: end.map { String(text[$0.upperBound...]) } ?? ""
        )
    }

    static let secret = "0123456789abcdef0123456789abcdef0123456789abcdef"

    /// Configures an MCP resource at `/x` and an HTTP resource at `/api`, with one issuer that shares a secret.
    static func configuration(_ port: Int, policy: String = #""policy": "authenticated""#) throws -> String {
        try Program.file(
            """
            { "version": 1, "server": { "listen": "127.0.0.1:\(port)" },
              "issuers": { "a": { "issuer": "https://issuer.example",
                "hmac_secrets": [ { "algorithm": "HS256", "secret": { "env": "SECRET" } } ] } },
              "resources": [
                { "resource": "http://127.0.0.1:\(port)/x", "issuers": ["a"], \(policy) },
                { "resource": "http://127.0.0.1:\(port)/api", "issuers": ["a"], "protocol": "http", \(policy) } ] }
            """
        )
    }

    /// A token of the configured issuer.
    func token(_ changes: [String: JSON] = [:]) -> String {
        let now = Date().timeIntervalSince1970.rounded()
        let audience = ["x", "api"].map { JSON.string("http://127.0.0.1:\(port)/\($0)") }
        let claims: [String: JSON] = [
            "iss": "https://issuer.example", "sub": "alice", "client_id": "c1", "aud": .array(audience),
            "iat": .number(now), "exp": .number(now + 600),
        ]
        return Self.token(header: ["alg": "HS256"], claims: .object(claims.merging(changes) { $1 }))
    }

    static func token(header: JSON, claims: JSON) -> String {
        let input = [header, claims].map { Base64URL.encode($0.encoded()) }.joined(separator: ".")
        let mac = KeyedHash.mac(Array(input.utf8), key: Array(secret.utf8), digest: "SHA256")
        return input + "." + Base64URL.encode(mac)
    }
}
#endif
