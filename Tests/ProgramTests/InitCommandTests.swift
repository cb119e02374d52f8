// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJSON
import Testing

/// `mcp-auth init`: what it writes is right, it writes all or nothing, and it says what is wrong with an answer.
@Suite struct InitCommandTests {
    private static let root = #filePath.replacing("Tests/ProgramTests/InitCommandTests.swift", with: "")

    /// A new folder for one test.
    private static func folder() throws -> String {
        let folder = NSTemporaryDirectory() + "init-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    /// The options that the examples correspond to.
    private static func options(_ directory: String, proxy: String = "nginx") -> [String] {
        [
            "init", "--resource", "https://mcp.example/mcp", "--issuer", "https://auth.example.com/", "--proxy", proxy,
            "--directory", directory,
        ] + (proxy == "none" ? [] : ["--upstream", "127.0.0.1:9002"])
    }

    /// All files below a folder, by their paths.
    private static func files(_ folder: String) throws -> [String: String] {
        var files: [String: String] = [:]
        for name in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
            let path = folder + "/" + name
            guard try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeRegular
            else { continue }
            files[name] = try String(contentsOfFile: path, encoding: .utf8)
        }
        return files
    }

    @Test(arguments: ["nginx", "caddy", "traefik", "haproxy", "apache", "envoy", "envoy-grpc"])
    func `the configuration of a proxy is the one in Examples`(proxy: String) throws {
        let directory = try Self.folder() + "/new"
        let run = try Program.run(Self.options(directory, proxy: proxy))
        #expect(run.status == 0, "\(run.output)\(run.error)")
        var written = try Self.files(directory)
        var example = try Self.files(Self.root + "Examples/\(proxy)")
        let (configuration, shown) = (written.removeValue(forKey: "mcp-auth.json"), example["mcp-auth.json"])
        written = written.filter { !$0.key.hasPrefix("policies/") }
        example = example.filter { !["README.md", "mcp-auth.json"].contains($0.key) }
        let advice: Comment = "change Sources/mcp-auth/Templates/proxies and Examples together"
        #expect(!example.isEmpty && written == example, advice)
        let members = try JSON(parsing: Array(try #require(configuration).utf8))
        let expected = try JSON(parsing: Array(try #require(shown).utf8))
        // Where operators look is not the same on every machine, so `init` does not write it.
        let server = expected["server"]?.members?.filter { !["admin", "decision_log"].contains($0.key) }
        #expect(members["server"]?.members == server && members["issuers"] == expected["issuers"])
        // Whether the proxy is installed or not, the output says what was done.
        #expect(example.keys.allSatisfy { run.output.contains($0) }, "\(run.output)")
        #expect(run.output.contains(": ok (") || run.output.contains(": not checked: "), "\(run.output)")
    }

    @Test func `the written files are valid and in the usual layout, and the output says what to do next`() throws {
        let directory = try Self.folder() + "/a folder"
        let run = try Program.run(Self.options(directory, proxy: "none") + ["--scope", "read", "--scope", "write"])
        #expect(run.status == 0, "\(run.output)\(run.error)")
        let policy = "policies/mcp.json"
        let tests = "policies/mcp.test.json"
        #expect(try Self.files(directory).keys.sorted() == ["mcp-auth.json", policy, tests])
        for part in [
            "\(directory)/\(tests): 5 passed, 0 failed\n", "\(directory)/mcp-auth.json: ok, 1 protected resource\n",
            "next:\n  mcp-auth check --config '\(directory)/mcp-auth.json' --online\n  mcp-auth serve --config ",
        ] {
            #expect(run.output.contains(part), "\(run.output)")
        }
        let layout = try Program.run(["policy", "fmt", "--check"] + [policy, tests].map { directory + "/" + $0 })
        #expect(layout.status == 0, "\(layout)")
        #expect(try Program.run(["policy", "lint", directory + "/" + policy]).output == "ok, 1 policy\n")
        let configuration = try #require(try Self.files(directory)["mcp-auth.json"])
        #expect(configuration.contains(#""scopes_supported": ["read", "write"]"#))
    }

    @Test func `the ports of the examples are not used twice`() throws {
        for (upstream, listening) in [("127.0.0.1:8000", "8080"), ("[::1]:9000", "9010"), ("backend:9001", "9011")] {
            let directory = try Self.folder() + "/new"
            let options = Array(Self.options(directory, proxy: "envoy").dropLast(2)) + ["--upstream", upstream]
            #expect(try Program.run(options).error.isEmpty)
            let text = try Self.files(directory).values.joined()
            #expect(text.contains("port_value: \(listening)") || text.contains("127.0.0.1:\(listening)"), "\(upstream)")
            #expect(text.contains("STRICT_DNS") == upstream.hasPrefix("backend"))
            #expect(!text.contains("{{") && text.contains(upstream))
        }
    }

    @Test func `a file that exists stays as it is, and then nothing is written`() throws {
        for name in ["mcp-auth.json", "policies/mcp.json", "policies/mcp.test.json", "nginx.conf"] {
            let directory = try Self.folder()
            try FileManager.default.createDirectory(atPath: directory + "/policies", withIntermediateDirectories: true)
            try "mine".write(toFile: directory + "/" + name, atomically: true, encoding: .utf8)
            let run = try Program.run(Self.options(directory))
            #expect([2, 3].contains(run.status) && run.error.contains("--force"), "\(run)")
            #expect(run.error.contains(name) && run.output.isEmpty, "\(run)")
            #expect(try Self.files(directory) == [name: "mine"])
            let forced = try Program.run(Self.options(directory) + ["--force"])
            #expect(forced.status == 0, "\(forced)")
            let files = try Self.files(directory)
            #expect(files.count == 4 && files[name] != "mine", "\(files.keys)")
        }
    }

    @Test func `if one file cannot be written, there is none, and replaced ones are as before`() throws {
        let directory = try Self.folder()
        try "no folder".write(toFile: directory + "/policies", atomically: true, encoding: .utf8)
        let run = try Program.run(Self.options(directory))
        #expect(run.status == 3 && run.error.contains("MA008") && run.error.contains("nothing was written"), "\(run)")
        #expect(try Self.files(directory) == ["policies": "no folder"])

        let other = try Self.folder()
        try "mine".write(toFile: other + "/mcp-auth.json", atomically: true, encoding: .utf8)
        // A folder cannot be replaced by a file, and it is the last one.
        try FileManager.default.createDirectory(atPath: other + "/nginx.conf", withIntermediateDirectories: true)
        let forced = try Program.run(Self.options(other) + ["--force"])
        #expect(forced.status == 3 && forced.error.contains("nginx.conf"), "\(forced)")
        #expect(try Self.files(other) == ["mcp-auth.json": "mine"])
        #expect(!FileManager.default.fileExists(atPath: other + "/policies"))
    }

    @Test(arguments: ["--resource", "--issuer", "--proxy", "--upstream", "--directory"])
    func `without a terminal, a missing option is named`(option: String) throws {
        let directory = try Self.folder()
        var options = Self.options(directory)
        let place = try #require(options.firstIndex(of: option))
        options.removeSubrange(place...(place + 1))
        let run = try Program.run(options, input: "https://mcp.example/\n")
        #expect(run.status == 2 && run.error.contains("missing \(option): "), "\(run)")
        #expect(try Self.files(directory).isEmpty)
    }

    @Test(arguments: [
        ("--resource", "mcp.example", "expected an absolute URL"),
        ("--resource", "http://mcp.example/", "expected https"),
        ("--resource", "https://mcp.example/#x", "without fragment"),
        ("--issuer", "https://{tenant}.example/", "expected one such as `https://auth.example.com/`"),
        ("--issuer", "http://auth.example/", "expected https"),
        ("--issuer", "https://login.microsoftonline.com/common/v2.0", "every tenant"),
        ("--provider", "google", "must name the callers"),
        ("--issuer", "https://accounts.google.com/", "must name the callers"),
        ("--provider", "keyclock", "did you mean `keycloak`"), ("--proxy", "ngnix", "nginx"),
        ("--upstream", "127.0.0.1", "has no port, expected `host:port`"),
        ("--upstream", "http://127.0.0.1:9002", "has a scheme"), ("--upstream", "a:0", "expected 1 to 65535"),
        ("--upstream", ":9002", "has no host"), ("--scope", "a\"b", "is not a scope"), ("--directory", "", "is empty"),
    ])
    func `a wrong option is an error of usage that says what would be right`(
        option: String,
        value: String,
        text: String
    ) throws {
        let directory = try Self.folder()
        var options = Self.options(directory)
        if let place = options.firstIndex(of: option) { options.removeSubrange(place...(place + 1)) }
        let run = try Program.run(options + [option, value])
        #expect(run.status == 2 && run.error.contains(option) && run.error.contains(text), "\(run)")
        #expect(try Self.files(directory).isEmpty)
    }

    @Test func `on a terminal, a wrong answer is asked for again`() throws {
        let directory = try Self.folder() + "/new"
        let answers = [
            "mcp.example", "https://mcp.example/mcp", "keyclock", "keycloak", "http://x.example",
            "https://k.example/realms/a", "iis", "caddy", "localhost", "localhost:9002", "a\\b", "read  write",
            directory,
        ]
        let run = try Terminal.run(["init"], typing: answers)
        #expect(run.status == 0, "\(run)")
        for part in [
            "`mcp.example` is not the URL of a resource, expected an absolute URL", "did you mean `keycloak`",
            "of the form `https://{host}/realms/{realm}`", "`iis` is not supported, expected one of nginx, caddy",
            "`localhost` has no port", "is not a scope",
        ] {
            #expect(run.error.contains(part), "\(run.error)")
        }
        let text = try #require(try Self.files(directory)["mcp-auth.json"])
        #expect(text.contains(#""provider": "keycloak""#) && text.contains(#"["read", "write"]"#))
        #expect(run.output.contains("mcp-auth provider profiles keycloak\n"))
    }

    @Test func `on a terminal, only what is missing is asked for, and the end of the input ends it`() throws {
        let directory = try Self.folder() + "/new"
        let options = [
            "init", "--resource", "https://mcp.example/", "--issuer", "https://a.example/", "--proxy", "none",
        ]
        let ended = try Terminal.run(options, typing: ["read", "\u{4}"])
        #expect(ended.status == 2 && ended.error.contains("ended before --directory was answered"), "\(ended)")
        let run = try Terminal.run(options, typing: ["", directory])
        #expect(run.status == 0 && !run.error.contains("issuer identifier"), "\(run)")
        #expect(try Self.files(directory).keys.contains("policies/mcp.json"))
    }

    @Test func `a mistake that the program of the proxy finds is shown, and the files stay`() throws {
        let (programs, directory) = (try Self.folder(), try Self.folder() + "/new")
        let program = "#!/bin/sh\n[ -f Caddyfile ] && echo 'Error: line 3: no such directive' >&2\nexit 1\n"
        try program.write(toFile: programs + "/caddy", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: programs + "/caddy")
        let process = try Program.process(Self.options(directory, proxy: "caddy"))
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        process.environment = ProcessInfo.processInfo.environment.merging(["PATH": "\(programs):\(path)"]) { $1 }
        let (output, error) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (FileHandle.nullDevice, output, error)
        try process.run()
        let told = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 3)
        #expect(told.contains("caddy validate") && told.contains("  Error: line 3: no such directive\n"), "\(told)")
        #expect(try Self.files(directory).keys.contains("Caddyfile"))
    }
}
#endif
