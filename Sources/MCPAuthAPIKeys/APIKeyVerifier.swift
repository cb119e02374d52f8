// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
public import MCPAuthCore
internal import MCPAuthJSON

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Verifies API keys of a file that `mcp-auth keys` writes.
///
/// A key is found by its id, and its secret is compared as a salted hash in constant time. The file is read again when it
/// changes, at most once a second; a file with a mistake, or none, changes nothing and is reported once. The file must
/// belong to root or the user of the process and must not be writable by group or others; its directory is not checked.
public final class APIKeyVerifier: TokenVerifier {
    /// `API keys`.
    public let name = "API keys"

    private struct Keys {
        var prefix: [UInt8] = []
        var byID: [[UInt8]: APIKey] = [:]
        var stamp: FileStamp?
        var lastLook: Double = -.infinity
    }

    private let path: String
    private let audience: String?
    private let report: @Sendable (String) -> Void
    private let keys: Lock<Keys>

    /// The longest life of the verdict about a key that has no expiry, in seconds; the key may be used again after it.
    private static let longestVerdict = 3600.0
    private static let mostBytes = 64 * 1024 * 1024

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - audience: The resource identifier for which the keys are; `nil` in a module, where the host knows it.
    ///   - report: Receives one line for the operator when a changed file cannot be used.
    /// - Throws: `ConfigurationError` if the file cannot be read, has a mistake, or may be written by group or others.
    public init(
        file path: String,
        audience: String?,
        report: @escaping @Sendable (String) -> Void
    ) throws(ConfigurationError) {
        self.path = path
        self.audience = audience
        self.report = report
        keys = Lock(try Self.read(path))
    }

    /// Verifies a key; a text that does not begin with the prefix of the file is not a key.
    public func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async throws -> TokenVerdict {
        refresh(now)
        let parts = token.bytes.split(separator: UInt8(ascii: "_"), maxSplits: 2, omittingEmptySubsequences: false)
        let (prefix, found) = keys.withLock { keys in
            (keys.prefix, parts.count == 3 ? keys.byID[Array(parts[1])] : nil)
        }
        guard parts.count == 3, Array(parts[0]) == prefix else { return .notMine() }
        // The hash is computed for an unknown id too, so that the time does not tell which ids exist.
        let key = found ?? Self.decoy
        let isRight = key.hasSecret(parts[2])
        guard found != nil, isRight else { return Self.rejected(found: "an unknown id, or another secret") }
        guard key.revoked == nil else { return Self.rejected(found: "a revoked key") }
        if let expires = key.expires, Double(expires) <= now.secondsSinceEpoch { return .rejected(.expired) }
        return .verified(try evidence(of: key, now))
    }

    private func evidence(of key: APIKey, _ now: NumericDate) throws -> TokenEvidence {
        var claims: [String: JSON] = [
            "client_id": .string(key.clientID), "sub": .string(key.subject ?? key.clientID),
            "scope": .string(key.scopes.joined(separator: " ")), "key_id": .string(key.id),
            "iat": .integer(key.created),
        ]
        claims["exp"] = key.expires.map(JSON.integer)
        let end = key.expires == nil ? now.adding(Self.longestVerdict) : nil
        return try TokenEvidence(claims: claims, notAfter: end, audience: audience)
    }

    private static func rejected(found: String) -> TokenVerdict {
        .rejected(.rejectedByVerifier, Diagnosis("the API key", expected: "a key of the file", found: found))
    }

    private static let decoy = APIKey(
        id: "0000000000000000",
        subject: nil,
        clientID: "x",
        scopes: [],
        expires: nil,
        created: 0,
        revoked: nil,
        salt: [UInt8](repeating: 0, count: 16),
        hash: [UInt8](repeating: 0, count: 32)
    )

    // MARK: The file

    /// What changes when a file is written or replaced.
    private struct FileStamp: Equatable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let seconds: Int64
        let nanoseconds: Int64
    }

    private func refresh(_ now: NumericDate) {
        let changed: FileStamp?? = keys.withLock { keys in
            guard abs(now.secondsSinceEpoch - keys.lastLook) >= 1 else { return nil }
            keys.lastLook = now.secondsSinceEpoch
            let stamp = Self.stamp(of: path)
            guard stamp != keys.stamp else { return nil }
            // Noted before the file is read, so that a file with a mistake is reported once.
            keys.stamp = stamp
            return .some(stamp)
        }
        guard changed != nil else { return }
        do throws(ConfigurationError) {
            let read = try Self.read(path)
            keys.withLock { keys in
                keys.prefix = read.prefix
                keys.byID = read.byID
                keys.stamp = read.stamp
            }
        } catch {
            report("the changed file of API keys is not used: \(error)")
        }
    }

    private static func read(_ path: String) throws(ConfigurationError) -> Keys {
        let (stamp, bytes) = try contents(of: path)
        let file = try APIKeyFile(file: path, bytes: bytes)
        var keys = Keys(prefix: Array(file.prefix.utf8), stamp: stamp)
        for key in file.keys { keys.byID[Array(key.id.utf8)] = key }
        return keys
    }

    private static func stamp(of path: String) -> FileStamp? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? stamp(status) : nil
    }

    private static func stamp(_ status: stat) -> FileStamp {
        #if canImport(Glibc)
        let time = status.st_mtim
        #else
        let time = status.st_mtimespec
        #endif
        return FileStamp(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            inode: UInt64(truncatingIfNeeded: status.st_ino),
            size: Int64(status.st_size),
            seconds: Int64(time.tv_sec),
            nanoseconds: Int64(time.tv_nsec)
        )
    }

    /// The content of the file, and the stamp of the same file.
    private static func contents(of path: String) throws(ConfigurationError) -> (FileStamp, [UInt8]) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw ConfigurationError(.unreadableFile, "the file of API keys `\(path.printable)`: \(reason)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size <= mostBytes
        else {
            throw ConfigurationError(.unreadableFile, "`\(path.printable)` is not a regular file, or is too large")
        }
        guard status.st_mode & 0o022 == 0 else {
            let message = "`\(path.printable)` may be written by group or others, who could add keys: chmod go-w"
            throw ConfigurationError(.unreadableFile, message)
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            let message = "`\(path.printable)` belongs to another user, who could add keys; give it to root"
            throw ConfigurationError(.unreadableFile, message)
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let read = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe readBytes(descriptor, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count)
            }
            guard read > 0 else { break }
            count += read
        }
        return (stamp(status), Array(bytes.prefix(count)))
    }
}

/// `read` of the system, which the functions above would hide.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(descriptor, buffer, count)
}
