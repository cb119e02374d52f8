// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuth
import Testing

@Suite struct ConfigurationFileTests {
    static let good = """
        { "version": 1,
          "issuers": { "main": { "issuer": "https://auth.example.com",
            "introspection": { "client_id": "rs", "client_secret": { "env": "SECRET" } } } },
          "resources": [ { "resource": "https://api.example.com/notes", "issuers": ["main"], "policy": "authenticated" } ] }
        """

    @Test func `a good file is read`() throws {
        let file = try read(Self.good)
        #expect(file.listener.port == 8080)
        #expect(file.configuration.resources.count == 1)
        #expect(String(describing: file.configuration).contains("s3cret") == false)
    }

    @Test(arguments: [
        (#""issuers": { "main""#, #""isuers": { "main""#, "2:3: MA002: unknown key `isuers`, did you mean `issuers`"),
        (#""version": 1,"#, #""version": 1, "version": 1,"#, "1:25: MA007: duplicate object key"),
        (
            #""https://auth.example.com""#, #""auth.example.com""#,
            "2:36: MA005: `auth.example.com` is not an absolute https URL"
        ),
        (#"["main"]"#, #"["mian"]"#, "4:77: MA006: no issuer is named `mian`, did you mean `main`"),
        (#""SECRET""#, #""SECRETS""#, "3:69: MA009: the environment variable `SECRETS` is not set"),
        (#""policy": "authenticated""#, #""policies": ["missing.json"]"#, "4:99: MA008: cannot read the file `"),
        (#", "policy": "authenticated""#, "", "4:18: MA003: missing key `policies`"),
        (#""https://api.example.com/notes""#, #""urn:x""#, "4:32: MA005: invalid resource identifier URI `urn:x`"),
        (
            #""version": 1"#, #""version": 1, "server": {"listen": "8080"}"#,
            "1:38: MA005: `8080` is not an address to listen on"
        ),
    ])
    func `a mistake is named with its place`(original: String, mistake: String, message: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try read(Self.good.replacing(original, with: mistake, maxReplacements: 1))
        }
        let text = error?.description ?? ""
        #expect(text.contains(":\(message)"), "\(text)")
        #expect(!text.contains("s3cret") && !text.contains("\n"))
    }

    @Test func `a file that is not there is named`() {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationFile(path: "/nonexistent.json", environment: [:])
        }
        #expect(error?.description == "MA008: cannot read the file `/nonexistent.json`")
    }

    private func read(_ text: String) throws -> ConfigurationFile {
        let path = NSTemporaryDirectory() + "/mcp-auth-\(UUID().uuidString).json"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ConfigurationFile(path: path, environment: ["SECRET": "s3cret"])
    }
}
