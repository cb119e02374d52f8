// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import Testing

/// How `mcp-auth serve` stops on a signal.
@Suite(.timeLimit(.minutes(2))) struct StopTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `a stop does not wait forever for an issuer that does not answer or a client that stops sending`(
        signal: Int32
    ) async throws {
        // Connections to this port succeed, but nothing accepts them.
        let (issuer, issuerPort) = Program.takenPort()
        defer { close(issuer) }
        let (free, port) = Program.takenPort()
        close(free)
        let path = try Program.file(
            """
            { "version": 1, "server": { "listen": "127.0.0.1:\(port)" },
              "issuers": { "a": { "issuer": "http://127.0.0.1:\(issuerPort)/" } },
              "resources": [ { "resource": "http://127.0.0.1:\(port)/x", "issuers": ["a"], "policy": "authenticated" } ] }
            """
        )
        let program = try Program.process(["serve", "--config", path])
        let (output, log) = (Pipe(), Pipe())
        program.standardOutput = output
        program.standardError = log
        try program.run()
        defer { if program.isRunning { kill(program.processIdentifier, SIGKILL) } }
        var said = ""
        while !said.contains("listens on") {
            let more = output.fileHandleForReading.availableData
            try #require(!more.isEmpty, "\(String(decoding: log.fileHandleForReading.availableData, as: UTF8.self))")
            said += String(decoding: more, as: UTF8.self)
        }
        let payload = Data(#"{"iss":"http://127.0.0.1:\#(issuerPort)/"}"#.utf8).base64EncodedString()
        let token = "eyJhbGciOiJFUzI1NiJ9.\(payload.filter { $0 != "=" }).AAAA"
        let head = "POST /x HTTP/1.1\r\nhost: 127.0.0.1:\(port)\r\nauthorization: Bearer \(token)\r\n"
        let whole = try Self.send(head + "content-length: 2\r\n\r\n{}", to: port)
        let half = try Self.send(head, to: port)
        defer {
            close(whole)
            close(half)
        }
        try await Task.sleep(for: .milliseconds(300))
        kill(program.processIdentifier, signal)
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                program.waitUntilExit()
                continuation.resume()
            }
        }
        let told = String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(program.terminationReason == .exit && program.terminationStatus == 0, "\(told)")
    }

    @Test func `a stop cuts off requests that take longer than ten seconds`() async throws {
        let served = try ServedProgram(environment: ["SECRET": ServedProgram.secret]) {
            try ServedProgram.configuration($0)
        }
        // The token is valid, so the server waits for the body, which never arrives.
        let head = "POST /x HTTP/1.1\r\nhost: 127.0.0.1:\(served.port)\r\nauthorization: Bearer \(served.token())\r\n"
        let slow = try Self.send(head + "content-length: 100\r\n\r\n{", to: served.port)
        defer { close(slow) }
        try await Task.sleep(for: .milliseconds(300))
        // Without a cut-off this would never return.
        _ = served.stop()
        #expect(served.terminationStatus == 0)
    }

    private static func send(_ text: String, to port: Int) throws -> Int32 {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(connection, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        let bytes = Array(text.utf8)
        #expect(write(connection, bytes, bytes.count) == bytes.count)
        return connection
    }
}
#endif
