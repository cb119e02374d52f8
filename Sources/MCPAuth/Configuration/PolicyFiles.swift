// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
package import MCPAuthPolicy
package import MCPAuthPolicyTools

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Policy files, and the test files next to them.
package enum PolicyFiles {
    /// Reads and compiles a policy; decisions are labelled with its SHA-256.
    ///
    /// - Throws: `ConfigurationError`.
    package static func policy(at path: String) throws -> CompiledPolicy {
        try policy(at: path, files: FileSnapshot())
    }

    private static func policy(at path: String, files: FileSnapshot) throws -> CompiledPolicy {
        try policy(path, try files.bytes(at: path))
    }

    static func policy(_ path: String, _ bytes: [UInt8]) throws -> CompiledPolicy {
        try CompiledPolicy(file: path, bytes: bytes, sha256: Digest.hexadecimalSHA256(bytes))
    }

    /// Reads and compiles a policy for a comparison.
    ///
    /// - Throws: `ConfigurationError`.
    package static func text(at path: String) throws -> PolicyText {
        let bytes = try FileSnapshot().bytes(at: path)
        return try PolicyText(file: path, bytes: bytes, sha256: Digest.hexadecimalSHA256(bytes))
    }

    /// The path of the test file of a policy, such as `notes.test.json` for `notes.json`; the file need not exist.
    package static func testPath(for policy: String) -> String {
        (policy.hasSuffix(".json") ? String(policy.dropLast(".json".count)) : policy) + ".test.json"
    }

    /// The text of a policy or test file in the layout of this project, and whether the file has it already.
    ///
    /// - Throws: `ConfigurationError` when the file cannot be read.
    package static func formatted(_ path: String) throws -> (text: [UInt8], isSame: Bool) {
        let bytes = try FileSnapshot().bytes(at: path)
        let text = try PolicyFormat.format(file: path, bytes: bytes)
        return (text, text == bytes)
    }

    package static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    /// Runs a test file against the policies it names.
    ///
    /// - Throws: `ConfigurationError` when a file cannot be read.
    package static func run(testsAt path: String) async throws -> PolicyTestRun {
        try await run(testsAt: path, files: FileSnapshot())
    }

    /// The same, reading each file through `files`.
    static func run(testsAt path: String, files: FileSnapshot) async throws -> PolicyTestRun {
        let file = try PolicyTestFile(file: path, bytes: try files.bytes(at: path))
        let directory = FileReading.directory(of: path)
        let policies = try file.policyPaths.map { written in
            try policy(at: FileReading.resolve(written, relativeTo: directory), files: files)
        }
        return try await PolicyTestRun(file, policies)
    }

    /// The lint warnings for a policy.
    ///
    /// - Throws: `ConfigurationError` when the policy cannot be loaded.
    package static func lint(_ path: String, uses: [PolicyLint.Use] = []) throws -> [ConfigurationError] {
        try lint(path, uses: uses, files: FileSnapshot())
    }

    static func lint(_ path: String, uses: [PolicyLint.Use], files: FileSnapshot) throws -> [ConfigurationError] {
        try PolicyLint(file: path, bytes: try files.bytes(at: path), uses: uses).warnings
    }
}
