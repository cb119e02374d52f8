// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import MCPAuthCore

/// `docs/codes.md` lists exactly the stable names on which logs, tests and programs may rely.
@Suite struct CodesDocumentTests {
    private static func file(_ path: String) throws -> String {
        let root = #filePath.replacing("Tests/MCPAuthCoreTests/Documents/CodesDocumentTests.swift", with: "")
        return try String(contentsOf: URL(filePath: root + path), encoding: .utf8)
    }

    /// The first column of the table below a heading.
    private static func listed(below heading: String) throws -> [String] {
        let lines = try file("docs/codes.md").split(separator: "\n", omittingEmptySubsequences: false)
        let below = lines.drop { $0 != "## \(heading)" }.dropFirst().prefix { !$0.hasPrefix("## ") }
        return below.compactMap { $0.firstMatch(of: /^\| `([^`]+)` \|/).map { String($0.1) } }
    }

    private static func inSource(_ path: String, _ pattern: Regex<(Substring, Substring)>) throws -> [String] {
        try file(path).matches(of: pattern).map { String($0.1) }
    }

    @Test func `every code of a mistake or warning is listed, and no other`() throws {
        let written = try Self.inSource("Sources/MCPAuthCore/Documents/ConfigurationError.swift", /Code\("(MA\d+)"\)/)
        let listed = try Self.listed(below: "Mistakes and warnings")
        #expect(Set(written).count == written.count && !written.isEmpty)
        #expect(listed == written.sorted())
    }

    @Test func `every reason of a denial is listed, and no other`() throws {
        let written = try Self.inSource("Sources/MCPAuthCore/Model/Denial.swift", /Reason\("([a-z_]+)"\)/)
        let listed = try Self.listed(below: "Reasons of denials")
        #expect(Set(written).count == written.count && !written.isEmpty)
        #expect(listed.sorted() == written.sorted())
    }

    @Test func `every event is listed, and no other`() throws {
        #expect(try Self.listed(below: "Events").sorted() == EngineEvent.Code.allCases.map(\.rawValue).sorted())
    }

    /// The codes are the string literals in findings and in the statements about metadata.
    @Test func `every finding about an authorization server is listed, and no other`() throws {
        let discovery = "Sources/MCPAuthVerification/Discovery/"
        var written = try Self.inSource(discovery + "MetadataValidation.swift", /(?m)^ +"([a-z0-9_]+)",$/)
        written += try Self.inSource(discovery + "MetadataValidation.swift", /success: "([a-z0-9_]+)"/)
        let files = ["MetadataValidation", "IssuerInspection", "ClientDiscovery"].map { discovery + "\($0).swift" }
        for file in files + ["Sources/MCPAuth/Configuration/OnlineCheck.swift"] {
            written += try Self.inSource(file, /(?:Finding|\.init)\((?:\s*code:\s*|[^"()]+, )"([a-z0-9_]+)"/)
        }
        #expect(try Self.listed(below: "Findings about an authorization server").sorted() == Set(written).sorted())
    }

    @Test func `the sources use no code or reason that is not listed`() throws {
        let root = #filePath.replacing("Tests/MCPAuthCoreTests/Documents/CodesDocumentTests.swift", with: "Sources")
        let known = try Set(
            ["Mistakes and warnings", "Reasons of denials"].flatMap { try Self.listed(below: $0) }
        )
        let paths = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        for path in paths where path.hasSuffix(".swift") {
            let text = try Self.file("Sources/" + path)
            for match in text.matches(of: /\b(MA[0-9]{3})\b/) { #expect(known.contains(String(match.1)), "\(path)") }
            for match in text.matches(of: /Reason\(rawValue: "([^"]+)"\)/) {
                #expect(known.contains(String(match.1)), "\(path)")
            }
        }
        #expect(paths.count > 100)
    }

    @Test func `the pages about the policy language name only listed codes`() throws {
        let known = Set(try Self.listed(below: "Mistakes and warnings"))
        let pages = try ["policies/README.md", "docs/decision-semantics.md"].map(Self.file).joined()
        let named = pages.matches(of: /\b(MA[0-9]{3})\b/).map { String($0.1) }
        #expect(named.count > 2 && Set(named).isSubset(of: known))
    }
}
