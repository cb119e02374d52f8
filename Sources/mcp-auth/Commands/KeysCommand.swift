// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth
internal import MCPAuthAPIKeys
internal import MCPAuthCore

/// `mcp-auth keys`: writes the file of API keys that the module `api-key` reads.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Add, list and revoke API keys.",
        discussion: "The file has salted hashes; `add` prints a key once, and it cannot be shown again.",
        subcommands: [Add.self, List.self, Revoke.self]
    )

    struct Options: ParsableArguments {
        @Option(help: "The file of keys.")
        var file: String
    }

    /// `mcp-auth keys add`.
    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a key and print it.",
            discussion: "Creates the file if there is none. The key is the only output, so that it can be piped."
        )

        @OptionGroup var options: Options

        @Option(help: "The client: `client_id` of its claims.")
        var client: String

        @Option(help: "The subject: `sub` of its claims; without it, the client.")
        var subject: String?

        @Option(help: "A scope that the key grants; may be repeated.")
        var scope: [String] = []

        @Option(help: "When the key ends, as in `12h` or `90d`; without it, never.")
        var expiresIn: Lifetime?

        @Option(help: "What the keys of a new file begin with.")
        var prefix: String?

        func run() throws {
            let now = NumericDate.now()
            try KeyFile(options.file).change(mayCreate: true) { file in
                if let prefix {
                    guard file.keys.isEmpty || file.prefix == prefix else {
                        throw ConfigurationError(.conflict, "the keys of this file begin with `\(file.prefix)`")
                    }
                    file.prefix = prefix
                }
                let (key, text) = try APIKey.make(
                    prefix: file.prefix,
                    clientID: client,
                    subject: subject,
                    scopes: scope,
                    expires: expiresIn.map { Int64(now.secondsSinceEpoch) + $0.seconds },
                    now: now
                )
                file.keys.append(key)
                return text
            }
        }
    }

    /// `mcp-auth keys list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys of a file, without their secrets.")

        @OptionGroup var options: Options

        func run() throws {
            let now = Int64(NumericDate.now().secondsSinceEpoch)
            for key in try KeyFile(options.file).read().keys {
                let state =
                    if key.revoked != nil { "revoked" } else if let end = key.expires, end <= now { "expired" } else {
                        key.expires.map { "until \(Self.date($0))" } ?? "no expiry"
                    }
                let subject = key.subject.map { " for \($0.printable)" } ?? ""
                let scopes = key.scopes.isEmpty ? "no scopes" : key.scopes.joined(separator: " ")
                Output.line("\(key.id)  \(key.clientID.printable)\(subject)  \(scopes)  \(state)")
            }
        }

        private static func date(_ seconds: Int64) -> String {
            Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        }
    }

    /// `mcp-auth keys revoke`.
    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a key.",
            discussion: "It stays in the file, so that a refusal can be explained. Servers refuse it within a second."
        )

        @OptionGroup var options: Options

        @Argument(help: "The id of the key: its second part.")
        var id: String

        func run() throws {
            try KeyFile(options.file).change { file in
                guard let index = file.keys.firstIndex(where: { $0.id == id }) else {
                    throw ConfigurationError(.unknownName, "there is no key with the id `\(id.printable)`")
                }
                file.keys[index].revoked = file.keys[index].revoked ?? Int64(NumericDate.now().secondsSinceEpoch)
                return "revoked \(id)"
            }
        }
    }
}

/// A time span such as `90d`.
struct Lifetime: ExpressibleByArgument {
    let seconds: Int64

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let number = Int64(argument.dropLast()), number > 0,
            number <= 36_500
        else { return nil }
        seconds = number * unit
    }
}

/// The file of keys on disk: changed by one program at a time, and never half written.
private struct KeyFile {
    let path: String

    init(_ path: String) {
        self.path = path
    }

    func read(mayCreate: Bool = false) throws -> APIKeyFile {
        guard FileManager.default.fileExists(atPath: path) else {
            guard mayCreate else {
                throw ConfigurationError(.unreadableFile, "there is no file `\(path.printable)`")
            }
            return APIKeyFile()
        }
        guard let bytes = Input.bytes(from: path, atMost: 64 << 20) else {
            throw ConfigurationError(.unreadableFile, "`\(path.printable)` cannot be read")
        }
        return try APIKeyFile(file: path, bytes: bytes)
    }

    /// Changes the file and prints what `change` returns, once the change is on disk.
    func change(mayCreate: Bool = false, _ change: (inout APIKeyFile) throws -> String) throws {
        let lock = unsafe open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
            throw ConfigurationError(.unreadableFile, "`\(path.printable).lock` cannot be locked")
        }
        defer { close(lock) }
        var file = try read(mayCreate: mayCreate)
        let line = try change(&file)
        let temporary = path + ".new"
        unsafe unlink(temporary)
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: temporary, contents: nil, attributes: attributes) else {
            throw ConfigurationError(.unreadableFile, "`\(temporary.printable)` cannot be written")
        }
        do {
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
            try handle.write(contentsOf: Data(file.encoded()))
            try handle.synchronize()
            try handle.close()
        } catch {
            throw ConfigurationError(.unreadableFile, "`\(temporary.printable)` cannot be written")
        }
        if let mode = try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] {
            try? FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: temporary)
        }
        guard unsafe rename(temporary, path) == 0 else {
            throw ConfigurationError(.unreadableFile, "`\(path.printable)` cannot be replaced")
        }
        Output.line(line)
    }
}
#endif
