// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore

/// Lets a proxy check its configuration, if its program is installed.
///
/// It runs on a copy of the files, because some programs create others beside them, and is ended after
/// ``ProxyCheck/seconds``.
struct ProxyCheck {
    enum Result {
        case passed(command: String)
        case failed(command: String, output: [String])
        /// Why nothing was checked.
        case unavailable(String)
    }

    /// The time limit of the program.
    private static let seconds = 20
    /// The most output that is shown, in bytes.
    private static let mostBytes = 8 * 1024

    private let proxy: InitProxy
    private let files: [NewFiles.File]

    init(_ proxy: InitProxy, _ files: [NewFiles.File]) {
        self.proxy = proxy
        self.files = files
    }

    func run() async -> Result {
        let place = FileManager.default.temporaryDirectory.appending(path: "mcp-auth-init-\(UUID().uuidString)")
        let directory = place.path
        guard let check = proxy.check(in: directory) else {
            return .unavailable("\(proxy.product) has no command for it")
        }
        guard let program = check.programs.lazy.compactMap(Self.find).first else {
            let names = check.programs.map { "`\($0)`" }.joined(separator: " or ")
            return .unavailable("\(names) is not installed")
        }
        defer { try? FileManager.default.removeItem(at: place) }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = check.mode + check.files
        process.currentDirectoryURL = place
        let log = directory + "/output.txt"
        do {
            try FileManager.default.createDirectory(
                at: place,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
            for file in files { try Data(file.text).write(to: place.appending(path: file.path)) }
            try Data().write(to: URL(filePath: log))
            // A file, because a pipe stays open as long as any process that the program started.
            let output = try FileHandle(forWritingTo: URL(filePath: log))
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = output
            process.environment = ProcessInfo.processInfo.environment.merging(
                ["XDG_DATA_HOME": directory, "XDG_CONFIG_HOME": directory]
            ) { $1 }
        } catch {
            return .unavailable("no temporary folder can be written: \(error.localizedDescription)")
        }
        guard let isInTime = await Self.run(process) else { return .unavailable("`\(program)` cannot be started") }
        guard isInTime else { return .unavailable("`\(program)` did not end within \(Self.seconds) s") }
        let name = program.split(separator: "/").last.map(String.init) ?? program
        let command = ([name] + check.mode).joined(separator: " ")
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            return .failed(command: command, output: Self.lines(of: log, in: directory))
        }
        return .passed(command: command)
    }

    /// Runs a process; whether it ended in time, or `nil` if it did not start.
    private static func run(_ process: Process) async -> Bool? {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in end.finish() }
        guard (try? process.run()) != nil else { return nil }
        let isInTime = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in ended {}
                return !Task.isCancelled
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(Self.seconds))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        if !isInTime {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        return isInTime
    }

    /// The path of a program, also in the directories for administrators, which the `PATH` of others often lacks.
    private static func find(_ name: String) -> String? {
        let path = Input.environment["PATH"] ?? ""
        let directories = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
        // A relative directory would run a program of whoever can write where this is started.
        return directories.filter { $0.hasPrefix("/") }.map { $0 + "/" + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static func lines(of log: String, in directory: String) -> [String] {
        let bytes = Input.bytes(from: log)?.prefix(mostBytes) ?? []
        let text = String(decoding: bytes, as: UTF8.self).replacing(directory + "/", with: "")
        return text.split(separator: "\n").map(String.init)
    }
}
#endif
