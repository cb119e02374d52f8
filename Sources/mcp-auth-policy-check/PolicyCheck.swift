// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// Lints policies and runs their tests; the findings have the form of a compiler's.
struct PolicyCheck {
    private let files: [String]
    /// The findings, each once: `file:line:column: error: code: message`, or the same with `warning`.
    private(set) var lines: [String] = []
    /// Whether a finding is an error.
    private(set) var hasFailed = false

    /// - Parameter files: Paths of policies, and of tests, whose names end with `.test.json`.
    init(_ files: [String]) {
        self.files = files
    }

    /// Checks all files.
    mutating func run() async {
        for file in files {
            do {
                let findings = file.hasSuffix(".test.json") ? try await failures(of: file) : try warnings(of: file)
                for finding in findings { add(finding) }
            } catch let error as ConfigurationError {
                for mistake in error.all { add(mistake) }
            } catch {
                add(ConfigurationError(.unreadableFile, "`\(file.printable)`: \("\(error)".printable)"))
            }
        }
    }

    private func warnings(of policy: String) throws(ConfigurationError) -> [ConfigurationError] {
        try PolicyLint(file: policy, bytes: try Self.bytes(at: policy)).warnings
    }

    /// The errors about the tests of a file that failed.
    private func failures(of tests: String) async throws -> [ConfigurationError] {
        let bytes = try Self.bytes(at: tests)
        let file = try PolicyTestFile(file: tests, bytes: bytes)
        var policies: [CompiledPolicy] = []
        for written in file.policyPaths {
            let meant = Self.standard(written, besides: tests)
            // The build runs this program again when one of `files` changes, and only then.
            guard let policy = files.first(where: { Self.standard($0) == meant }) else {
                throw try Self.error(about: written, in: tests, bytes)
            }
            policies.append(try CompiledPolicy(file: policy, bytes: try Self.bytes(at: policy)))
        }
        return try await PolicyTestRun(file, policies).failures.map(\.error)
    }

    private static func error(
        about policy: String,
        in tests: String,
        _ bytes: [UInt8]
    ) throws(ConfigurationError) -> ConfigurationError {
        let document = try DocumentReader(file: tests, bytes: bytes)
        let key = document.root["policy"] == nil ? "policies" : "policy"
        let message = "`\(policy.printable)` is not one of the policies that are checked with this test"
        return document.error(.unknownName, message, at: JSONPointer.root.appending(key))
    }

    private mutating func add(_ error: ConfigurationError) {
        if !error.code.isWarning { hasFailed = true }
        let place = error.location.map { "\($0): " } ?? ""
        let severity = error.code.isWarning ? "warning" : "error"
        // A mistake in a policy is found again by its tests.
        let line = "\(place)\(severity): \(error.code): \(error.message)".escaped
        if !lines.contains(line) { lines.append(line) }
    }

    private static func bytes(at path: String) throws(ConfigurationError) -> [UInt8] {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw ConfigurationError(.unreadableFile, "cannot read the file `\(path.printable)`")
        }
        return [UInt8](data)
    }

    /// A path in one spelling; a relative one is resolved against the directory of `file`, if that is given.
    private static func standard(_ path: String, besides file: String? = nil) -> String {
        let directory = file.map { URL(filePath: $0).deletingLastPathComponent() }
        return URL(filePath: path, relativeTo: directory).standardizedFileURL.path(percentEncoded: false)
    }
}
