// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The code that the documentation shows is code that compiles.
@Suite struct ReadmeTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    static let documents = ["README.md", "Sources/MCPAuth/MCPAuth.docc/GettingStarted.md"]

    @Test(arguments: documents)
    func `every snippet is identical to the file that it names`(document: String) throws {
        let text = try Self.read(document)
        let shown = text.matches(of: /<!-- snippet: ([^ ]+) -->\n```swift\n(.*?)```/.dotMatchesNewlines())
        #expect(shown.count == 2, "\(document)")
        for snippet in shown {
            let source = try Self.read(String(snippet.1))
            #expect(Self.part(of: source, between: "// snippet.begin\n", and: "// snippet.end") == String(snippet.2))
        }
    }

    /// `docs/recipes.md` says of itself that it is not compiled: it is for packages that this one does not depend on.
    @Test func `every other code block in Swift is part of a file that is compiled`() throws {
        let compiled = try Self.read("Tests/MCPAuthHostTests/DocumentSnippets.swift")
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("        ") ? String($0.dropFirst(8)) : String($0) }.joined(separator: "\n")
        let documents = try ["", "docs/", "Sources/MCPAuth/MCPAuth.docc/", "policies/", "Plugins/"].flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: folder).path)
                .filter { $0.hasSuffix(".md") && $0 != "recipes.md" }.map { folder + $0 }
        }
        #expect(documents.count > 15)
        for document in documents {
            let text = try Self.read(document)
            for block in text.matches(of: /(<!-- snippet: [^ ]+ -->\n)?```swift\n(.*?)```/.dotMatchesNewlines()) {
                let isManifest = block.2.hasPrefix("// swift-tools-version") || block.2.hasPrefix(".package(")
                #expect(block.1 != nil || isManifest || compiled.contains(block.2), "\(document): \(block.2)")
            }
        }
    }

    @Test func `the quick start has at most 25 lines`() throws {
        let source = try Self.read("Tests/MCPAuthHostTests/QuickStart.swift")
        let snippet = try #require(Self.part(of: source, between: "// snippet.begin\n", and: "// snippet.end"))
        #expect(snippet.split(separator: "\n", omittingEmptySubsequences: false).count - 1 <= 25)
    }

    @Test func `the package manifest in the README is valid`() throws {
        let manifest = try #require(
            Self.part(of: try Self.read("README.md"), between: "```swift\n// swift-tools-version", and: "```")
        )
        let folder = FileManager.default.temporaryDirectory.appending(path: "notes-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "Package.swift")
        try "// swift-tools-version\(manifest)".write(to: file, atomically: true, encoding: .utf8)
        let dump = Process()
        dump.executableURL = URL(filePath: "/usr/bin/env")
        dump.arguments = ["swift", "package", "--package-path", folder.path, "dump-package"]
        let output = Pipe()
        dump.standardOutput = output
        try dump.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        dump.waitUntilExit()
        #expect(dump.terminationStatus == 0)
        #expect(text.contains("MCPAuthHummingbird") && text.contains("HummingbirdTesting"))
    }

    private static func read(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static func part(of whole: String, between start: String, and end: String) -> String? {
        guard let from = whole.range(of: start), let to = whole[from.upperBound...].range(of: end) else { return nil }
        return String(whole[from.upperBound..<to.lowerBound])
    }
}
