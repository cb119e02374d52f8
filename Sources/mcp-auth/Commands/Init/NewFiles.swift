// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore

/// Files that appear together in a folder, or not at all.
///
/// Each is written under another name first and gets its own name when all are written. If that fails for one, what was
/// done is undone. Only an end of the program or of the machine in the middle can leave some of them.
struct NewFiles {
    struct File {
        /// The path below the folder.
        let path: String
        let text: [UInt8]
        /// What it is for, in a few words.
        let purpose: String
        var isForProxy = false
    }

    private let files: [File]
    private let directory: String

    init(_ files: [File], in directory: String) {
        self.files = files
        self.directory = directory
    }

    /// Whether there is anything with this path, also a symbolic link that leads nowhere.
    static func exists(_ path: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: path)) != nil
    }

    /// Writes all files, and the folders that are missing.
    ///
    /// - Parameter replacing: Whether files that exist are replaced; otherwise nothing is written if there is one.
    /// - Throws: `ConfigurationError`.
    func write(replacing: Bool) throws(ConfigurationError) {
        let present = files.map { directory + "/" + $0.path }.filter(Self.exists)
        guard replacing || present.isEmpty else {
            let list = present.map { "`\($0.printable)`" }.joined(separator: ", ")
            let verb = present.count == 1 ? "exists" : "exist"
            throw ConfigurationError(.conflict, "\(list) \(verb); nothing was written, --force replaces files")
        }
        var writing = Writing()
        do {
            for file in files { try writing.makeFolders(of: directory + "/" + file.path) }
            for file in files { try writing.stage(file.text, for: directory + "/" + file.path) }
            try writing.install(replacing: replacing)
        } catch {
            writing.undo()
            throw error
        }
        writing.finish()
    }
}

/// The steps of ``NewFiles``, and how each is undone.
private struct Writing {
    private var staged: [(temporary: String, path: String)] = []
    private var folders: [String] = []
    /// The files that have their names, with the file that was there before.
    private var installed: [(path: String, backup: String?)] = []
    /// Part of temporary names, so that two programs do not meet.
    private let mark = String(UInt64.random(in: .min ... .max), radix: 36)

    mutating func makeFolders(of path: String) throws(ConfigurationError) {
        var position = path.startIndex
        while let slash = path[position...].dropFirst().firstIndex(of: "/") {
            let folder = String(path[..<slash])
            position = slash
            guard !FileManager.default.fileExists(atPath: folder) else { continue }
            guard unsafe mkdir(folder, 0o777) == 0 else { throw Self.failure(folder) }
            folders.append(folder)
        }
    }

    mutating func stage(_ text: [UInt8], for path: String) throws(ConfigurationError) {
        let temporary = hidden(path, "new")
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw Self.failure(path) }
        staged.append((temporary, path))
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text))
            try file.synchronize()
            try file.close()
        } catch {
            throw ConfigurationError(.unreadableFile, "`\(path.printable)` cannot be written; nothing was written")
        }
    }

    /// Gives the files their names; a link, unlike a renaming, never replaces a file.
    mutating func install(replacing: Bool) throws(ConfigurationError) {
        for (temporary, path) in staged {
            guard replacing, NewFiles.exists(path) else {
                guard unsafe link(temporary, path) == 0 else { throw Self.failure(path) }
                installed.append((path, nil))
                continue
            }
            let backup = hidden(path, "old")
            guard unsafe link(path, backup) == 0 else { throw Self.failure(path) }
            guard unsafe rename(temporary, path) == 0 else {
                let error = Self.failure(path)
                unsafe unlink(backup)
                throw error
            }
            installed.append((path, backup))
        }
    }

    func undo() {
        for (path, backup) in installed.reversed() {
            if let backup { unsafe rename(backup, path) } else { unsafe unlink(path) }
        }
        for (temporary, _) in staged { unsafe unlink(temporary) }
        // A folder that is not empty stays.
        for folder in folders.reversed() { unsafe rmdir(folder) }
    }

    func finish() {
        for (_, backup) in installed { if let backup { unsafe unlink(backup) } }
        for (temporary, _) in staged { unsafe unlink(temporary) }
    }

    /// Another name in the same folder.
    private func hidden(_ path: String, _ ending: String) -> String {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        return "\(path[..<slash]).\(path[slash...]).\(mark).\(ending)"
    }

    private static func failure(_ path: String) -> ConfigurationError {
        let reason = unsafe String(cString: strerror(errno))
        let message = "`\(path.printable)` cannot be written: \(reason); nothing was written"
        return ConfigurationError(.unreadableFile, message)
    }
}
#endif
