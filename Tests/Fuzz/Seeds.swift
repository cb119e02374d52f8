// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthJOSE
import MCPAuthJSON
import TestSupport

/// Where seeds come from: the vectors, policies and configurations of this repository.
enum Seeds {
    private static let root = #filePath.replacing("/Tests/Fuzz/Seeds.swift", with: "")

    /// The JSON documents of some folders.
    static func documents(in folders: [String]) throws -> [JSONView] {
        var values: [JSONView] = []
        for folder in folders {
            let directory = "\(root)/\(folder)"
            for file in try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            where file.hasSuffix(".json") {
                let text = try Data(contentsOf: URL(filePath: "\(directory)/\(file)"))
                // One file contains, on purpose, texts that a strict reader refuses.
                guard let document = try? JSONDocument(parsing: [UInt8](text), limits: .file) else { continue }
                values.append(document.root)
            }
        }
        return values
    }

    /// Answers of real issuers, and the examples of RFCs.
    static func captures() throws -> [JSONView] {
        try documents(in: ["Tests/Vectors/issuer-captures", "Tests/Vectors/rfc-examples"])
    }

    /// Every object at any depth whose text is short enough to be mutated.
    static func objects(in values: [JSONView], ofAtMost bytes: Int = 1500) -> [JSONView] {
        values.flatMap { value in
            let inner = value.members?.map(\.value) ?? value.array ?? []
            let isWanted = value.kind == .object && JSON(value).encoded().count <= bytes
            return (isWanted ? [value] : []) + objects(in: inner, ofAtMost: bytes)
        }
    }

    /// The attack tokens that are short enough to be mutated.
    static func tokens() throws -> [[UInt8]] {
        try Vectors.attackTokens().tokens.map { Array($0.token.utf8) }.filter { $0.count <= 2048 }
    }

    /// The parts of a token, decoded where they can be.
    static func decodedParts(_ token: [UInt8]) -> [[UInt8]]? {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let decoded = parts.compactMap { Base64URL.decode($0) }
        return decoded.count == 3 && parts.count == 3 ? decoded : nil
    }
}

extension [UInt8] {
    init(_ text: String) {
        self = Array(text.utf8)
    }
}
