// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The built `mcp-auth` program, or another one of this package.
enum Program {
    struct Run {
        let status: Int32
        let output: String
        let error: String
    }

    static func run(_ arguments: [String], input: String = "", of name: String = "mcp-auth") throws -> Run {
        let program = try process(arguments, of: name)
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        program.standardInput = stdin
        program.standardOutput = stdout
        program.standardError = stderr
        try program.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = String(decoding: stdout.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let error = String(decoding: stderr.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        program.waitUntilExit()
        return Run(status: program.terminationStatus, output: output, error: error)
    }

    /// A process that is not started yet.
    static func process(_ arguments: [String], of name: String = "mcp-auth") throws -> Process {
        let bundle = try #require(CommandLine.arguments.first { $0.contains(".xctest") })
        let directory = URL(
            filePath: String(bundle.prefix(upTo: bundle.range(of: ".xctest")?.lowerBound ?? bundle.endIndex))
        )
        .deletingLastPathComponent()
        let program = Process()
        program.executableURL = directory.appending(path: name)
        program.arguments = arguments
        return program
    }

    /// The output of curl.
    static func curl(_ arguments: [String]) throws -> String {
        let curl = Process()
        curl.executableURL = URL(filePath: "/usr/bin/env")
        curl.arguments = ["curl", "-s"] + arguments
        let output = Pipe()
        curl.standardOutput = output
        try curl.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        curl.waitUntilExit()
        return text
    }

    static func file(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "/mcp-auth-\(UUID().uuidString).json"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// A socket that listens on a free port of this machine; the port is free again when it is closed.
    static func takenPort() -> (socket: Int32, port: Int) {
        let taken = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(taken, address, length)
                _ = listen(taken, 1)
                _ = getsockname(taken, address, &length)
            }
        }
        return (taken, Int(UInt16(bigEndian: address.sin_port)))
    }
}
