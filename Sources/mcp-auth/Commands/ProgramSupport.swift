// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// The exit codes, which scripts rely on.
enum ProgramExit {
    static let usage = ExitCode(2)
    static let invalid = ExitCode(3)
    static let tokenInvalid = ExitCode(10)
    static let denied = ExitCode(11)
    static let unavailable = ExitCode(12)

    /// The exit code for a denial.
    static func code(for denial: Denial) -> ExitCode {
        switch denial.status {
        case 503: unavailable
        case 400, 401, 431: tokenInvalid
        default: denied
        }
    }
}

/// Standard output and standard error of the program.
enum Output {
    /// Writes without buffering, even to a pipe.
    static func line(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Writes a JSON document, with control and invisible characters as `\u` escapes, which have the same meaning.
    static func json(_ document: JSON) {
        let text = String(decoding: document.encoded(pretty: true), as: UTF8.self)
        line(text.unicodeScalars.map { $0.isVisible || $0 == "\n" ? String($0) : escape($0) }.joined())
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    static func error(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }
}

/// Standard input and environment of the program.
enum Input {
    /// The maximum length of an input, in bytes.
    static let maximumBytes = 1024 * 1024

    /// Reads a file, or standard input for `-`, and extracts the token from the text around it.
    static func token(from path: String) throws -> [UInt8] {
        guard let bytes = bytes(from: path) else {
            Output.error("cannot read a token from `\(path.printable)`: there is no such file, or it is over 1 MiB")
            throw ProgramExit.invalid
        }
        let text = TokenText(bytes)
        if text.others > 0 {
            let noun = text.others == 1 ? "another token" : "\(text.others) other tokens"
            Output.error("the text contains \(noun); using the one that looks like the access token")
        }
        guard !text.token.isEmpty else {
            Output.error("there is no token in `\(path.printable)`")
            throw ProgramExit.tokenInvalid
        }
        return text.token
    }

    /// A file, or standard input for `-`; `nil` when it cannot be read or has more bytes than this.
    static func bytes(from path: String, atMost limit: Int = maximumBytes) -> [UInt8]? {
        let named = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let handle = named else { return nil }
        do {
            // At the end of a file, `read` returns `nil`.
            let data = try handle.read(upToCount: limit + 1) ?? Data()
            return data.count <= limit ? [UInt8](data) : nil
        } catch {
            return nil
        }
    }

    static var environment: [String: String] {
        ProcessInfo.processInfo.environment
    }
}
#endif
