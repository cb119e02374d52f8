// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthLock

/// Reads the files of one configuration, each of them once.
///
/// What was read is kept, so the bytes that are checked, tested and served are the same, whatever happens to the files
/// meanwhile. It also remembers which files there are, so that a change of any of them can be noticed.
package final class FileSnapshot: Sendable {
    private struct State {
        var paths: [String] = []
        var contents: [String: Result<[UInt8], ConfigurationError>] = [:]
        /// The digests of those that somebody else read.
        var readElsewhere: [String: String] = [:]
        /// Those that need not be there, and were not.
        var absent: Set<String> = []
    }

    private let state = Lock(State())

    package init() {}

    /// With the content of some files given, which are then not read.
    package init(given contents: [String: [UInt8]]) {
        state.withLock { $0.contents = contents.mapValues { .success($0) } }
    }

    /// In the order in which they were first named.
    package var paths: [String] {
        state.withLock { $0.paths }
    }

    /// The content of a file as it was when it was first asked for.
    ///
    /// - Throws: ``ConfigurationError`` when the file could not be read.
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

    /// The same for a file that need not be there; `nil` when it was not there when it was first asked for.
    ///
    /// - Throws: ``ConfigurationError`` when it was there and could not be read.
    func bytesIfPresent(at path: String) throws(ConfigurationError) -> [UInt8]? {
        note(path)
        if state.withLock({ $0.contents[path] == nil && !$0.absent.contains(path) }), !PolicyFiles.exists(path) {
            state.withLock { _ = $0.absent.insert(path) }
        }
        guard !state.withLock({ $0.absent.contains(path) }) else { return nil }
        return try bytes(at: path)
    }

    /// Remembers a file that somebody else reads.
    func note(_ path: String) {
        state.withLock { if !$0.paths.contains(path) { $0.paths.append(path) } }
    }

    /// Remembers a file that somebody else read, and the SHA-256 of what was in it.
    func note(_ path: String, digest: String) {
        note(path)
        state.withLock { $0.readElsewhere[path] = digest }
    }

    /// The SHA-256 of each file as it was read, by its path; empty for one that could not be read.
    ///
    /// One that somebody else reads is looked at now.
    package var digests: [String: String] {
        let state = state.withLock { $0 }
        let digests = state.paths.map { path in
            if state.absent.contains(path) { return (path, "") }
            if let digest = state.readElsewhere[path] { return (path, digest) }
            return (path, state.contents[path].map(Self.digest) ?? Self.currentDigest(of: path))
        }
        return Dictionary(digests) { first, _ in first }
    }

    /// The SHA-256 of a file as it is now; empty for one that cannot be read.
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
