// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import Testing

/// Runs `mcp-auth` with a terminal as its standard input, as a person does.
enum Terminal {
    /// TIOCSPTLCK and TIOCGPTN of ioctl_tty(2).
    private static let (unlockRequest, numberRequest) = (UInt(0x4004_5431), UInt(0x8004_5430))

    /// - Parameter lines: What is typed, each followed by the return key.
    static func run(_ arguments: [String], typing lines: [String]) throws -> Program.Run {
        // Swift does not import the functions for pseudo-terminals; this is what they do on Linux.
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var (lock, number) = (CInt(0), CInt(0))
        try #require(terminal >= 0 && ioctl(terminal, unlockRequest, &lock) == 0)
        defer { close(terminal) }
        try #require(ioctl(terminal, numberRequest, &number) == 0)
        let input = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        try #require(input >= 0)
        let program = try Program.process(arguments)
        let (output, error) = (Pipe(), Pipe())
        program.standardInput = FileHandle(fileDescriptor: input, closeOnDealloc: true)
        program.standardOutput = output
        program.standardError = error
        try program.run()
        // The terminal keeps lines until they are read, and takes a lone control-D for the end of the input.
        let text = Array(lines.map { $0 == "\u{4}" ? $0 : $0 + "\n" }.joined().utf8)
        #expect(write(terminal, text, text.count) == text.count)
        let told = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        program.waitUntilExit()
        return Program.Run(status: program.terminationStatus, output: said, error: told)
    }
}
#endif
