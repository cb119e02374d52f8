// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJOSE
import MCPAuthJSON
import Testing

/// `mcp-auth-dev` as a developer uses it: plain messages, stable exit codes, and tokens as requested.
@Suite struct DevProgramTests {
    @Test func `an issuer that is down is reported in plain words`() throws {
        let (port, _) = DevProgram.freePorts()
        let start = ContinuousClock.now
        let run = try DevProgram.run([
            "token", "--issuer", "http://127.0.0.1:\(port)", "--resource", "http://x.example/",
        ])
        #expect(ContinuousClock.now - start < .seconds(8), "a refused connection is not tried again")
        #expect(!run.hasCrashed)
        #expect(run.status == 12)
        #expect(run.output.isEmpty)
        #expect(run.error.hasPrefix("no answer from http://127.0.0.1:\(port): connection refused; is it running?"))
        #expect(run.error.hasSuffix("`mcp-auth-dev issuer` starts an authorization server\n"))
    }

    @Test(arguments: [
        (["token"], "--resource"), (["token", "--resource", "r:x", "--issuer", "issuer"], "http://127.0.0.1:8900"),
        (["token", "--resource", "r:x", "--issuer", "https://login.example.com"], "on this machine"),
        (["token", "--resource", "r:x", "--claim", "groups"], "NAME=JSON"),
        (["token", "--resource", "r:x", "--claim", "=1"], "NAME=JSON"),
        (["token", "--resource", "r:x", "--claim", "group=staff"], #"'group="staff"'"#),
        (["token", "--resource", "r:x", "--claim", "n=12345678901234567890123"], "not JSON"),
        (["token", "--resource", "r:x", "--claim", "a=1", "--claim", "a=2"], "`a` is given twice"),
        (["token", "--resource", "r:x", "--claim", "acr=1", "--acr", "high"], "`acr` is given twice"),
        (["token", "--resource", "r:x", "--auth-time", "yesterday"], "`now-600`"),
        (["token", "--resource", "r:x", "--auth-time=-5"], "seconds since 1970"),
        (["demo", "--port", "0"], "cannot be 0"),
        (["demo", "--port", "8000", "--issuer-port", "8000"], "must differ"), (["issuer", "--port", "70000"], "70000"),
        (["nonsense"], "nonsense"),
    ])
    func `wrong usage exits with 2 and says what is expected`(arguments: [String], text: String) throws {
        let run = try DevProgram.run(arguments)
        #expect(run.status == 2, "\(run.error)")
        #expect(run.error.contains(text), "\(run.error)")
    }

    @Test func `a port in use exits with 3 and names the option for another port`() throws {
        let (taken, port) = Program.takenPort()
        defer { close(taken) }
        let (free, _) = DevProgram.freePorts()
        let uses = [
            (["issuer", "--port", "\(port)"], "--port"),
            (["demo", "--port", "\(free)", "--issuer-port", "\(port)"], "--issuer-port"),
            (["demo", "--port", "\(port)", "--issuer-port", "\(free)"], "--port"),
            (["demo", "--check", "--port", "\(port)", "--issuer-port", "\(free)"], "--port"),
        ]
        for (arguments, option) in uses {
            let run = try DevProgram.run(arguments)
            let expected = "cannot listen on 127.0.0.1:\(port): the port is in use; choose another one with \(option)\n"
            #expect(run.status == 3)
            #expect(run.error == expected)
            #expect(run.output.isEmpty)
        }
    }

    @Test func `a missing configuration exits with 3 and names the file and the option`() throws {
        let run = try DevProgram.run(["demo", "--config", "/nonexistent.json"])
        #expect(run.status == 3)
        #expect(run.error.contains("/nonexistent.json") && run.error.contains("--config"))
    }

    @Test func `output to a pipe appears at once, and a token has the requested claims`() throws {
        // The output is a pipe, and the program still runs when its first line is read.
        let issuer = try DevProgram(["issuer", "--port", "0", "--scope", "read", "--scope", "write"], until: "\n")
        defer { issuer.stop() }
        let line = issuer.waitForOutput("\n")
        let url = String(try #require(line.split(separator: " ").last { $0.hasPrefix("http") }).dropLast())
        let arguments = ["token", "--issuer", url + "/", "--resource", "http://127.0.0.1:9080/notes"]
        let plain = try Self.claims(of: try DevProgram.run(arguments))
        #expect(plain["sub"]?.string == "alice")
        #expect(plain["aud"]?.string == "http://127.0.0.1:9080/notes")
        #expect(plain["scope"]?.string == "read write")
        let before = Int64(Date().timeIntervalSince1970)
        let run = try DevProgram.run(
            arguments + [
                "--scope", "read", "--sub", "bob", "--acr", "urn:example:strong", "--auth-time", "now-600", "--claim",
                #"groups=["staff"]"#, "--claim", "suspended=true",
            ]
        )
        let claims = try Self.claims(of: run)
        #expect(claims["scope"]?.string == "read")
        #expect(claims["sub"]?.string == "bob")
        #expect(claims["acr"]?.string == "urn:example:strong")
        #expect((before - 600...before - 540).contains(try #require(claims["auth_time"]?.integer)))
        #expect(claims["groups"]?[0]?.string == "staff")
        #expect(claims["suspended"]?.boolean == true)
        let refused = try DevProgram.run(arguments + ["--scope", "admin"])
        #expect(refused.status == 11)
        #expect(refused.error.contains("invalid_scope: the scope `admin` is not offered; these are: read write"))
    }

    @Test func `a server that is not a development authorization server exits with 11`() throws {
        let (port, issuerPort) = DevProgram.freePorts()
        let demo = try DevProgram(
            ["demo", "--auto-consent", "--port", "\(port)", "--issuer-port", "\(issuerPort)"],
            until: "Ctrl-C ends it"
        )
        defer { demo.stop() }
        let run = try DevProgram.run(["token", "--issuer", "http://127.0.0.1:\(port)", "--resource", "r:x"])
        #expect(run.status == 11)
        #expect(run.error.contains("is not a development authorization server"))
        #expect(run.error.contains("mcp-auth-dev issuer"))
    }

    @Test func `the whole demonstration works on other ports`() throws {
        let (port, issuerPort) = DevProgram.freePorts()
        let ports = ["--port", "\(port)", "--issuer-port", "\(issuerPort)"]
        let check = try DevProgram.run(["demo", "--check"] + ports)
        #expect(check.status == 0, "\(check.output)\(check.error)")
        #expect(check.output.contains("http://127.0.0.1:\(port)/.well-known/oauth-protected-resource/notes"))
        #expect(check.output.contains("200  list_entries without a token\n"))
        #expect(check.output.contains("401  sign_guestbook without a token\n"))
        #expect(check.output.hasSuffix("Every step was as expected.\n"))
        let demo = try DevProgram(["demo"] + ports, until: "Ctrl-C ends it")
        defer { demo.stop() }
        let text = demo.waitForOutput("Ctrl-C ends it")
        #expect(text.contains("authorization server  http://127.0.0.1:\(issuerPort)\n"))
        #expect(text.contains("MCP server calendar   http://127.0.0.1:\(port)/calendar\n"))
        for other in [":8900", ":8901"] where !["\(port)", "\(issuerPort)"].contains(other) {
            #expect(!text.contains("127.0.0.1\(other)") && !check.output.contains("127.0.0.1\(other)"))
        }
    }

    private static func claims(
        of run: (status: Int32, hasCrashed: Bool, output: String, error: String)
    ) throws -> JSONView {
        #expect(run.status == 0, "\(run.error)")
        let parts = run.output.split(whereSeparator: { $0 == "." || $0 == "\n" })
        let part = try #require(parts.dropFirst().first)
        let payload = try #require(Base64URL.decode(Array(part.utf8)[...]))
        return try JSONDocument(parsing: payload, limits: .token).root
    }
}
#endif
