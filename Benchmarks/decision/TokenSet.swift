// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthSigning

/// Tokens of one algorithm and the key that verifies them, in files, so that every program uses the same ones.
struct TokenSet {
    let tokens: [String]
    let jwk: JSON

    /// Makes a key and `count` tokens with large claims.
    init(_ algorithm: SignatureAlgorithm, count: Int) throws {
        let key = try SigningKey(algorithm)
        tokens = try (0..<count).map { try key.sign(header: ["typ": "at+jwt"], claims: Fixtures.largeClaims($0)) }
        jwk = key.publicJWK
    }

    /// Reads `ALGORITHM.tokens`, with one token per line, and `ALGORITHM.jwk.json`.
    init(_ algorithm: SignatureAlgorithm, from directory: String) throws {
        let file = Self.file(algorithm, in: directory)
        let text = try String(contentsOf: file.appendingPathExtension("tokens"), encoding: .utf8)
        tokens = text.split(separator: "\n").map(String.init)
        let key = try Data(contentsOf: file.appendingPathExtension("jwk.json"))
        jwk = JSON(try JSONDocument(parsing: Array(key), limits: .token).root)
    }

    /// Writes the files that `init(_:from:)` reads.
    func write(_ algorithm: SignatureAlgorithm, to directory: String) throws {
        let file = Self.file(algorithm, in: directory)
        try Data(tokens.joined(separator: "\n").utf8).write(to: file.appendingPathExtension("tokens"))
        try Data(jwk.encoded()).write(to: file.appendingPathExtension("jwk.json"))
    }

    private static func file(_ algorithm: SignatureAlgorithm, in directory: String) -> URL {
        URL(filePath: directory).appending(path: algorithm.rawValue)
    }
}
