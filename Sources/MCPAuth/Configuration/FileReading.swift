// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Reads files that a configuration names.
enum FileReading {
    /// - Throws: `ConfigurationError` when the file cannot be read.
    static func bytes(at path: String) throws(ConfigurationError) -> [UInt8] {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw ConfigurationError(.unreadableFile, "cannot read the file `\(path.printable)`")
        }
        return [UInt8](data)
    }

    /// Resolves a path that is written in a file of `directory`.
    static func resolve(_ path: String, relativeTo directory: String) -> String {
        path.hasPrefix("/") ? path : directory + "/" + path
    }

    /// The directory of a file.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
