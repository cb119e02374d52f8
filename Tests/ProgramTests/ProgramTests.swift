// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import Testing

/// The `mcp-auth` program as a script uses it: exit codes, and errors in one line with a location.
@Suite struct ProgramTests {
    @Test(arguments: [
        (["check"], Int32(2), ""), (["nonsense"], 2, ""), (["check", "--config", "/nonexistent.json"], 3, "MA008"),
        (["token", "inspect", "-"], 2, "--unverified"), (["token", "inspect", "--unverified"], 10, "not a JWT"),
        (["provider", "check", "http://127.0.0.1:1/"], 12, "no metadata"),
        (["provider", "check", "http://x.example/"], 3, "MA005"),
        (["--version"], 0, ""),
    ])
    func `the exit code says what kind of failure occurred`(arguments: [String], status: Int32, text: String) throws {
        let run = try Program.run(arguments, input: "garbage")
        #expect(run.status == status, "\(run.output)\(run.error)")
        #expect(text.isEmpty || run.error.contains(text))
    }

    @Test func `an invalid configuration is reported in one line with its location`() throws {
        let path = try Program.file(#"{ "version": 1, "resorces": [] }"#)
        let run = try Program.run(["check", "--config", path])
        #expect(run.status == 3)
        #expect(run.error == "\(path):1:17: MA002: unknown key `resorces`, did you mean `resources`\n")
    }

    @Test func `an issuer that is down does not fail an offline check, and exits with 12 where it is needed`() throws {
        let path = try Program.file(Self.configuration(port: 1))
        #expect(try Program.run(["check", "--config", path]).status == 0)
        #expect(try Program.run(["check", "--online", "--config", path]).status == 12)
        let verify = ["token", "verify", "--config", path, "--resource", "http://127.0.0.1:1/x"]
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEvIn0.AAAA"
        #expect(try Program.run(verify, input: token).status == 12)
        let garbage = try Program.run(verify, input: "garbage")
        #expect(garbage.status == 10)
        #expect(garbage.output.contains("deny: unrecognized_token, status 401"))
        #expect(!garbage.output.contains("garbage"))
    }

    @Test func `a port in use is reported`() throws {
        let (taken, port) = Program.takenPort()
        defer { close(taken) }
        let path = try Program.file(Self.configuration(port: port))
        let run = try Program.run(["serve", "--config", path])
        #expect(run.status == 3)
        #expect(run.error.contains("MA030: cannot serve on 127.0.0.1:") && run.error.contains("in use"))
    }

    private static func configuration(port: Int) -> String {
        """
        { "version": 1, "server": { "listen": "127.0.0.1:\(port)" }, "issuers": { "a": { "issuer": "http://127.0.0.1:1/" } },
          "resources": [ { "resource": "http://127.0.0.1:\(port)/x", "issuers": ["a"], "policy": "authenticated" } ] }
        """
    }
}
#endif
