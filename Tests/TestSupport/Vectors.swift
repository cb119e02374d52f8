// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Test vectors: our own, in `Tests/Vectors`, and third-party ones in `$MCPAUTH_VECTORS`.
package enum Vectors {
    /// Why a vector file could not be read.
    package struct Unreadable: Error {
        package let path: String
    }

    /// Whether the third-party vectors are available; without them the suites that need them are skipped.
    package static var hasThirdParty: Bool {
        thirdPartyDirectory != nil
    }

    /// A third-party file.
    package static func thirdParty(_ path: String) throws -> JSONView {
        try read((thirdPartyDirectory ?? "") + "/" + path)
    }

    /// A file of our own vectors.
    package static func own(_ path: String) throws -> JSONView {
        try read(ownDirectory + "/" + path)
    }

    /// A text file of our own vectors.
    package static func text(_ path: String) throws -> String {
        let path = ownDirectory + "/" + path
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw Unreadable(path: path) }
        return String(decoding: data, as: UTF8.self)
    }

    private static let ownDirectory = #filePath.replacing("/TestSupport/Vectors.swift", with: "/Vectors")

    /// One of the attack tokens; some contain bytes that a strict JSON parser refuses, so Foundation decodes them.
    package struct AttackToken: Decodable, Sendable {
        package let name: String
        package let expect: String
        package let token: String
    }

    /// The attack tokens, and the key set of their issuer.
    package static func attackTokens() throws -> (tokens: [AttackToken], keys: JSONView) {
        struct File: Decodable { let tokens: [AttackToken] }
        let path = ownDirectory + "/attack-tokens/attack-tokens.json"
        let data = try Data(contentsOf: URL(filePath: path))
        let tokens = try JSONDecoder().decode(File.self, from: data).tokens
        return (tokens, try own("attack-tokens/jwks.json"))
    }

    /// The bytes of a text of hexadecimal digits.
    package static func bytes(hexadecimal text: String) -> [UInt8] {
        let digits = Array(text.utf8).map {
            UInt8(UnicodeScalar($0).properties.numericType == nil ? ($0 | 0x20) - 87 : $0 - 48)
        }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static var thirdPartyDirectory: String? {
        let directory = ProcessInfo.processInfo.environment["MCPAUTH_VECTORS"]
        return directory.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func read(_ path: String) throws -> JSONView {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw Unreadable(path: path) }
        return try JSONDocument(parsing: [UInt8](data), limits: .init(bytes: 16 * 1024 * 1024)).root
    }
}
