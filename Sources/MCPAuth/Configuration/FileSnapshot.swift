// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
package import MCPAuthCore
internal import MCPAuthJOSE

/// Reads the files of one configuration, each of them once.
///
/// The content is kept, so the same bytes are checked, tested and used, even when a file changes meanwhile. It also
/// records which files were named, so that a change to any of them can be noticed.
package final class FileSnapshot: Sendable {
    private struct State {
        var paths: [String] = []
        var contents: [String: Result<[UInt8], ConfigurationError>] = [:]
        /// The digests of the files that other code read.
        var readElsewhere: [String: String] = [:]
        /// Optional files that did not exist.
        var absent: Set<String> = []
    }

    private let state = Lock(State())

    package init() {}

    /// Uses the given contents instead of reading those files.
    package init(given contents: [String: [UInt8]]) {
        state.withLock { $0.contents = contents.mapValues { .success($0) } }
    }

    /// The paths of the files, in the order in which they were first named.
    package var paths: [String] {
        state.withLock { $0.paths }
    }

    /// The content of a file at the first call for it.
    ///
    /// - Throws: `ConfigurationError` when the file could not be read.
    package func bytes(at path: String) throws(ConfigurationError) -> [UInt8] {
        note(path)
        if let known = state.withLock({ $0.contents[path] }) { return try known.get() }
        let read = Result { () throws(ConfigurationError) in try FileReading.bytes(at: path) }
        let first = state.withLock { state in
            let first = state.contents[path] ?? read
            state.contents[path] = first
            return first
        }
        return try first.get()
    }

    /// The same for an optional file; `nil` when it did not exist at the first call for it.
    ///
    /// - Throws: `ConfigurationError` when it existed and could not be read.
    func bytesIfPresent(at path: String) throws(ConfigurationError) -> [UInt8]? {
        note(path)
        if state.withLock({ $0.contents[path] == nil && !$0.absent.contains(path) }), !PolicyFiles.exists(path) {
            state.withLock { _ = $0.absent.insert(path) }
        }
        guard !state.withLock({ $0.absent.contains(path) }) else { return nil }
        return try bytes(at: path)
    }

    /// Records a file that other code reads.
    func note(_ path: String) {
        state.withLock { if !$0.paths.contains(path) { $0.paths.append(path) } }
    }

    /// Records a file that other code read, and the SHA-256 of its content.
    func note(_ path: String, digest: String) {
        note(path)
        state.withLock { $0.readElsewhere[path] = digest }
    }

    /// The SHA-256 of each file as it was read, by its path; empty for one that could not be read.
    ///
    /// A file that other code reads, and that has no recorded digest, is read now.
    package var digests: [String: String] {
        let state = state.withLock { $0 }
        let digests = state.paths.map { path in
            if state.absent.contains(path) { return (path, "") }
            if let digest = state.readElsewhere[path] { return (path, digest) }
            return (path, state.contents[path].map(Self.digest) ?? Self.currentDigest(of: path))
        }
        return Dictionary(digests) { first, _ in first }
    }

    /// The SHA-256 of the current content of a file; empty for one that cannot be read.
    package static func currentDigest(of path: String) -> String {
        digest(of: Result { () throws(ConfigurationError) in try FileReading.bytes(at: path) })
    }

    private static func digest(of content: Result<[UInt8], ConfigurationError>) -> String {
        switch content {
        case .success(let bytes): Digest.hexadecimalSHA256(bytes)
        case .failure: ""
        }
    }
}
