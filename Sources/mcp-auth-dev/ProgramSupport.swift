// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation

/// The exit codes, which scripts rely on.
enum ProgramExit {
    /// A step of the demonstration was not as expected.
    static let unexpected = ExitCode(1)
    static let usage = ExitCode(2)
    static let invalid = ExitCode(3)
    /// The authorization server answered with an error.
    static let refused = ExitCode(11)
    static let unavailable = ExitCode(12)
}

/// Standard output and standard error of the program.
enum Output {
    /// Writes without buffering, even to a pipe.
    static func line(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    static func error(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }
}

/// Ends a command with a message and an exit code.
struct CommandFailure: Error, CustomStringConvertible {
    let code: ExitCode
    let description: String

    init(_ code: ExitCode, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// The directory of this program.
enum ProgramDirectory {
    static var path: String {
        Bundle.main.executableURL?.deletingLastPathComponent().path ?? "."
    }
}
#endif
