// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth

/// What the exit code says; scripts rely on it.
enum ProgramExit {
    static let usage = ExitCode(2)
    static let invalid = ExitCode(3)
    static let tokenInvalid = ExitCode(10)
    static let denied = ExitCode(11)
    static let unavailable = ExitCode(12)

    /// What a refusal exits with.
    static func code(for denial: Denial) -> ExitCode {
        switch denial.status {
        case 503: unavailable
        case 400, 401: tokenInvalid
        default: denied
        }
    }
}

/// Standard output and standard error of the program.
enum Output {
    static func line(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    static func error(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }
}

/// Standard input and environment of the program.
enum Input {
    /// Reads a file, or standard input for `-`; at most 64 KiB, since it is a token.
    static func token(from path: String) throws -> [UInt8] {
        guard var bytes = bytes(from: path) else {
            Output.error("cannot read a token from `\(path)`")
            throw ProgramExit.invalid
        }
        while let last = bytes.last, [0x0A, 0x0D, 0x20].contains(last) { bytes.removeLast() }
        return bytes
    }

    /// At most 64 KiB of a file, or of standard input for `-`; `nil` when it cannot be read.
    static func bytes(from path: String) -> [UInt8]? {
        let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        return (try? handle?.read(upToCount: 64 * 1024)).map { [UInt8]($0) }
    }

    static var environment: [String: String] {
        ProcessInfo.processInfo.environment
    }
}
#endif
