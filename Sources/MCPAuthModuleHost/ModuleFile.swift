// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A module's file, read once, and only if nobody but root and the user of this process can have put it there.
///
/// The file, every directory on the way to it, symbolic links on the way, and the directories that hold them must
/// belong to root or to the effective user. The file and the directories must not be writable by group or others. An
/// ancestor may be if it belongs to root and has its sticky bit, like `/tmp`: others can add files there, but cannot
/// replace ours. This exception does not apply to the directory that holds the file.
struct ModuleFile {
    /// The contents of the file.
    let bytes: [UInt8]

    /// The maximum size of the file.
    private static let maximumBytes = 256 * 1024 * 1024

    /// - Throws: ``ConfigurationError`` with the code `moduleRefused`.
    init(readingFrom path: String) throws(ConfigurationError) {
        var walk = PathWalk()
        do throws(PathWalk.Fault) {
            let place = try walk.file(at: path)
            bytes = try Self.contents(of: place)
        } catch {
            throw ModuleLibrary.refused(path, error.reason)
        }
    }

    struct Refusal: Error {
        let reason: String
    }

    /// The real path of a file that only root and the user of this process can have put there.
    static func checkedPath(_ path: String) throws(Refusal) -> String {
        var walk = PathWalk()
        do throws(PathWalk.Fault) {
            let place = try walk.file(at: path)
            var status = stat()
            guard unsafe lstat(place, &status) == 0 else { throw .init("`\(place.printable)` cannot be read") }
            try check(place, status)
            return place
        } catch {
            throw Refusal(reason: error.reason)
        }
    }

    private static func check(_ place: String, _ status: stat) throws(PathWalk.Fault) {
        guard status.st_mode & S_IFMT == S_IFREG else { throw .init("it is not a file") }
        try PathWalk.checkOwner(of: place, status)
        guard status.st_mode & PathWalk.writableByOthers == 0 else { throw PathWalk.writable(place) }
    }

    private static func contents(of place: String) throws(PathWalk.Fault) -> [UInt8] {
        // Does not wait for a pipe, and does not follow a link that has replaced the file meanwhile.
        let file = unsafe open(place, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw .init("`\(place.printable)` cannot be read") }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw .init("`\(place.printable)` cannot be read") }
        try check(place, status)
        guard status.st_size <= maximumBytes else { throw tooLarge }
        return try contents(of: file, place)
    }

    private static func contents(of file: Int32, _ place: String) throws(PathWalk.Fault) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = unsafe read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .init("`\(place.printable)` cannot be read") }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
            // The file may grow while it is read.
            guard bytes.count <= maximumBytes else { throw tooLarge }
        }
    }

    private static let tooLarge = PathWalk.Fault("it is larger than \(maximumBytes) bytes")
}

/// Resolves a path as the system does, and checks everything on the way.
private struct PathWalk {
    struct Fault: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    static let writableByOthers = mode_t(0o022)
    private static let maximumLinks = 40

    /// The real path of the directory that has been reached.
    private var directory = "/"
    /// The components that remain to be followed; the next one is the last.
    private var rest: [Substring] = []
    private var links = 0

    /// Checks everything on the way to a file, and returns its real path.
    mutating func file(at path: String) throws(Fault) -> String {
        try checkDirectory("/", isStickyEnough: true)
        follow(try Self.absolute(path))
        while let name = rest.popLast() {
            if name == ".." {
                directory = Self.parent(of: directory)
                continue
            }
            let place = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
            var status = stat()
            guard unsafe lstat(place, &status) == 0 else { throw Self.unreachable(place) }
            switch status.st_mode & S_IFMT {
            case S_IFLNK:
                try Self.checkOwner(of: place, status)
                try followLink(place)
            case S_IFDIR:
                try checkDirectory(place, isStickyEnough: true)
                directory = place
            default:
                guard rest.isEmpty else { throw Fault("`\(place.printable)` is not a directory") }
                try checkDirectory(directory, isStickyEnough: false)
                return place
            }
        }
        throw Fault("it is not a file")
    }

    private mutating func follow(_ path: String) {
        let names = path.split(separator: "/").filter { $0 != "." }
        rest += names.reversed()
        if path.hasPrefix("/") { directory = "/" }
    }

    private mutating func followLink(_ place: String) throws(Fault) {
        links += 1
        guard links <= Self.maximumLinks else { throw Fault("`\(place.printable)`: too many symbolic links") }
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return unsafe readlink(place, start.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard count > 0, count < buffer.count else { throw Self.unreachable(place) }
        follow(String(decoding: buffer.prefix(count), as: UTF8.self))
    }

    private func checkDirectory(_ place: String, isStickyEnough: Bool) throws(Fault) {
        var status = stat()
        guard unsafe lstat(place, &status) == 0 else { throw Self.unreachable(place) }
        try Self.checkOwner(of: place, status)
        guard status.st_mode & Self.writableByOthers != 0 else { return }
        guard isStickyEnough, status.st_uid == 0, status.st_mode & S_ISVTX != 0 else { throw Self.writable(place) }
    }

    static func checkOwner(of place: String, _ status: stat) throws(Fault) {
        let user = geteuid()
        guard status.st_uid == 0 || status.st_uid == user else {
            throw Fault(
                "`\(place.printable)` belongs to user \(status.st_uid), who could replace it; give it to root"
                    + (user == 0 ? "" : " or to user \(user) (the user of this process)") + " with chown"
            )
        }
    }

    static func writable(_ place: String) -> Fault {
        Fault("`\(place.printable)` is writable by group or others; change that with chmod go-w")
    }

    private static func unreachable(_ place: String) -> Fault {
        Fault(errno == ENOENT ? "there is no `\(place.printable)`" : "`\(place.printable)` cannot be read")
    }

    private static func absolute(_ path: String) throws(Fault) -> String {
        if path.hasPrefix("/") { return path }
        guard let working = unsafe getcwd(nil, 0) else { throw Fault("the working directory cannot be determined") }
        defer { unsafe free(working) }
        return unsafe String(cString: working) + "/" + path
    }

    private static func parent(of directory: String) -> String {
        guard let slash = directory.lastIndex(of: "/"), slash != directory.startIndex else { return "/" }
        return String(directory[..<slash])
    }
}
