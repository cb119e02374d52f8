// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthPolicy
import MCPAuthPolicyTools
import Testing

/// Every example in `policies/examples` loads, passes its tests and is fully covered by them.
@Suite struct ExampleTests {
    static let folder = #filePath.replacing("Tests/MCPAuthTests/ExampleTests.swift", with: "policies/examples/")

    static let policies: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".json") && !$0.hasSuffix(".test.json") && !$0.hasSuffix(".server.json") }
            .sorted()
    }()

    @Test func `there are at least ten examples`() {
        #expect(Self.policies.count >= 10)
    }

    @Test(arguments: policies)
    func `the tests of an example pass and cover it completely`(name: String) async throws {
        let run = try await PolicyFiles.run(testsAt: PolicyFiles.testPath(for: Self.folder + name))
        #expect(run.failures.isEmpty, "\(run.failures.map(\.error))")
        #expect(run.coverage.gaps.isEmpty, "\(run.coverage.gaps)")
    }

    @Test(arguments: policies)
    func `lint finds nothing but the use of shadow mode and what is open on purpose`(name: String) throws {
        let warnings = try PolicyFiles.lint(Self.folder + name)
        #expect(warnings.allSatisfy { [.shadowMode, .openOperation].contains($0.code) }, "\(warnings)")
    }

    @Test func `the server files of the examples are valid`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter {
            $0.hasSuffix(".server.json")
        }
        for name in names {
            let file = try ConfigurationFile(path: Self.folder + name, environment: [:])
            #expect(!file.configuration.resources.isEmpty)
        }
    }
}
