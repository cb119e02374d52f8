// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthLock

/// Reads the files of a configuration and remembers which, so that a change of any of them can be noticed.
final class FileLog: Sendable {
    private let log = Lock<[String]>([])

    /// In the order they were first read.
    var paths: [String] {
        log.withLock { $0 }
    }

    /// - Throws: ``ConfigurationError`` when the file cannot be read.
    func bytes(at path: String) throws -> [UInt8] {
        note(path)
        return try FileReading.bytes(at: path)
    }

    /// Remembers a file that somebody else reads, or that may come to be.
    func note(_ path: String) {
        log.withLock { if !$0.contains(path) { $0.append(path) } }
    }
}
