// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthJSON
import TestSupport
import Testing

@testable import MCPAuth

/// The published JSON Schemas and the tables of keys are what the readers' grammars generate.
///
/// `make generate` runs this suite with `MCPAUTH_GENERATE` set, and it writes the files.
@Suite struct SchemaTests {
    private static let root = #filePath.replacing("Tests/MCPAuthTests/SchemaTests.swift", with: "")
    private static let isGenerating = ProcessInfo.processInfo.environment["MCPAUTH_GENERATE"] != nil

    @Test(arguments: PublishedSchemas.all.map { ($0.key, $0.value) })
    func `a published schema is the one that the grammar of its reader generates`(name: String, schema: JSON) throws {
        let path = Self.root + "policies/schema/\(name).schema.json"
        let generated = String(decoding: schema.encoded(pretty: true), as: UTF8.self) + "\n"
        if Self.isGenerating { try generated.write(toFile: path, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == generated, "run `make generate`")
    }

    @Test func `the tables of keys are those of the grammar`() throws {
        let path = Self.root + "docs/configuration.md"
        let written = try String(contentsOfFile: path, encoding: .utf8)
        var generated = written
        for (name, grammar) in ConfigurationGrammar.tables {
            let marker = "<!-- keys: \(name) -->\n"
            let start = try #require(generated.range(of: marker), "\(name)")
            let end = try #require(generated.range(of: "<!-- end -->", range: start.upperBound..<generated.endIndex))
            generated.replaceSubrange(start.upperBound..<end.lowerBound, with: Self.table(of: grammar))
        }
        if Self.isGenerating { try generated.write(toFile: path, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == generated, "run `make generate`")
    }

    @Test func `every key has a description`() {
        for (name, grammar) in ConfigurationGrammar.tables {
            for member in grammar.members {
                let description = member.schema["description"]?.string ?? ""
                #expect(!description.isEmpty && !description.hasSuffix("."), "\(name) \(member.name)")
            }
        }
    }

    private static func table(of grammar: ObjectGrammar) -> String {
        let rows = grammar.members.map { member in
            let isRequired = grammar.required.contains(member.name)
            let standard = member.schema["default"].map { "`\(text($0))`" } ?? (isRequired ? "required" : "–")
            var meaning = member.schema["description"]?.string ?? ""
            if let least = member.schema["minimum"], let most = member.schema["maximum"] {
                meaning += " (\(text(least)) to \(text(most)))"
            }
            let words = member.schema["enum"].map(text)
            if let words, !meaning.contains(words) { meaning += ". One of \(words)" }
            return "| `\(member.name)` | \(standard) | \(meaning) |\n"
        }
        return "| key | default | meaning |\n|---|---|---|\n" + rows.joined()
    }

    private static func text(_ value: JSON) -> String {
        switch value {
        case .string(let text): text
        case .array(let elements) where elements.allSatisfy { $0.string != nil && elements.count > 1 }:
            elements.map { "`\(text($0))`" }.joined(separator: ", ")
        default: String(decoding: value.encoded(), as: UTF8.self)
        }
    }
}
