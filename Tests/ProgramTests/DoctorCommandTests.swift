// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJSON
import Testing

/// `mcp-auth doctor`: good resources have no fault, and each fault is found by its code.
@Suite struct DoctorCommandTests {
    /// The severity and code of each line.
    private static func findings(_ run: Program.Run) -> [String] {
        run.output.split(separator: "\n").dropLast().map { line in
            line.prefix { $0 != ":" }.split(separator: " ").joined(separator: " ")
        }
    }

    @Test func `a resource that mcp-auth serves has no fault`() throws {
        let issuer = try DevProgram(["issuer", "--port", "0"], until: "\n")
        defer { issuer.stop() }
        let line = issuer.waitForOutput("\n")
        let name = String(try #require(line.split(separator: " ").last { $0.hasPrefix("http") }).dropLast())
        let server = try ServedProgram { port in
            try Program.file(
                """
                { "version": 1, "server": { "listen": "127.0.0.1:\(port)" },
                  "issuers": { "dev": { "issuer": "\(name)", "discovery": "oauth" } },
                  "resources": [ { "resource": "http://127.0.0.1:\(port)/mcp", "issuers": ["dev"],
                                   "policy": "authenticated" } ] }
                """
            )
        }
        defer { _ = server.stop() }
        let run = try Program.run(["doctor", "http://127.0.0.1:\(server.port)/mcp"])
        #expect(run.status == 0 && run.output.hasSuffix("0 errors, 0 warnings\n"), "\(run.output)\(run.error)")
        for code in [
            "challenge_readable", "resource_metadata_found", "metadata_found", "s256_code_challenge_method_supported",
            "keys_usable", "invalid_token_refused", "two_credentials_refused", "query_token_ignored",
            "preflight_answered", "challenge_exposed",
        ] {
            #expect(Self.findings(run).contains("ok \(code)"), "\(code): \(run.output)")
        }
    }

    @Test func `the server that the faults are made from has none`() throws {
        let server = LoopbackResource()
        defer { server.stop() }
        let run = try Program.run(["doctor", server.url])
        #expect(run.status == 0 && run.output.hasSuffix("0 errors, 0 warnings\n"), "\(run.output)\(run.error)")
        #expect(!run.output.contains("invalid-token"), "the output has no token")
    }

    @Test(arguments: DoctorFault.all)
    func `each fault is found by its code`(fault: DoctorFault) throws {
        let server = LoopbackResource(fault.change)
        defer { server.stop() }
        let run = try Program.run(["doctor", server.url])
        let expected = "\(fault.isError ? "error" : "warning") \(fault.code)"
        #expect(Self.findings(run).contains(expected), "\(run.output)\(run.error)")
        let line = run.output.split(separator: "\n").first { $0.contains(" \(fault.code): ") } ?? ""
        #expect(line.contains("127.0.0.1:\(server.port)") || line.contains("localhost:\(server.port)"), "\(line)")
        let errors = Self.findings(run).filter { $0.hasPrefix("error ") }
        #expect(errors.isEmpty == (run.status == 0), "\(run.status): \(run.output)")
        #expect([0, 3, 12].contains(run.status))
    }

    @Test func `a resource that does not answer is reported as such`() throws {
        let (port, _) = DevProgram.freePorts()
        let run = try Program.run(["doctor", "http://127.0.0.1:\(port)/mcp"])
        #expect(run.status == 12 && Self.findings(run) == ["error resource_unreachable"], "\(run.output)")
        #expect(run.output.contains("connection refused"))
    }

    @Test func `an endless answer ends, and its body is not read`() throws {
        let server = LoopbackResource { request, answer in
            var answer = answer
            // The announced body never arrives.
            if request.path == "/mcp" { answer.fields["content-length"] = "1000000" }
            return answer
        }
        defer { server.stop() }
        let run = try Program.run(["doctor", server.url])
        #expect(Self.findings(run).contains("ok challenge_readable"), "\(run.output)")
    }

    @Test func `the report is also written as JSON`() throws {
        let server = LoopbackResource { request, answer in
            var answer = answer
            answer.fields["www-authenticate"]?.replace("Bearer ", with: "Basic ")
            return answer
        }
        defer { server.stop() }
        let run = try Program.run(["doctor", "--format", "json", server.url])
        #expect(run.status == 3)
        let report = try JSONDocument(parsing: Array(run.output.utf8), limits: .fetched).root
        #expect(report["resource"]?.string == server.url)
        let finding = report["findings"]?.array?.first { $0["code"]?.string == "challenge_not_bearer" }
        #expect(finding?["severity"]?.string == "error" && finding?["expected"]?.string?.contains("Bearer") == true)
        #expect(finding?["place"]?.string == "POST \(server.url) without a token")
    }

    @Test(arguments: [
        (["doctor"], 2, "url"), (["doctor", "mcp.example"], 3, "MA005"),
        (["doctor", "https://a.example/", "--origin", "a.example/x"], 2, "--origin"),
        (["doctor", "https://a.example/", "--format", "sarif"], 2, "sarif"),
    ])
    func `wrong usage says what is expected`(arguments: [String], status: Int32, text: String) throws {
        let run = try Program.run(arguments)
        #expect(run.status == status && run.error.contains(text), "\(run)")
    }
}
#endif
