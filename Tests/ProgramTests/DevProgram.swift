// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation

/// The built `mcp-auth-dev` program, run in the folder of this package.
final class DevProgram {
    private let process: Process
    private let output = Pipe()
    private var outputSoFar = ""

    /// Starts the program and waits until it has printed this text.
    init(_ arguments: [String], until text: String) throws {
        process = try Self.process(arguments)
        process.standardOutput = output
        try process.run()
        waitForOutput(text)
    }

    /// Waits until the output contains this text or the program has ended; returns the output so far.
    @discardableResult
    func waitForOutput(_ text: String) -> String {
        while !outputSoFar.contains(text) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            outputSoFar += String(decoding: more, as: UTF8.self)
        }
        return outputSoFar
    }

    /// Terminates the program and waits until it has ended.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    static func run(_ arguments: [String]) throws -> (status: Int32, hasCrashed: Bool, output: String, error: String) {
        let program = try process(arguments)
        let (stdout, stderr) = (Pipe(), Pipe())
        program.standardOutput = stdout
        program.standardError = stderr
        try program.run()
        let output = String(decoding: stdout.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let error = String(decoding: stderr.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        program.waitUntilExit()
        return (program.terminationStatus, program.terminationReason == .uncaughtSignal, output, error)
    }

    private static func process(_ arguments: [String]) throws -> Process {
        let program = try Program.process(arguments)
        program.executableURL = program.executableURL?.deletingLastPathComponent().appending(path: "mcp-auth-dev")
        program.currentDirectoryURL = URL(filePath: #filePath).appending(path: "../../..").standardized
        return program
    }

    /// Two ports that are free.
    static func freePorts() -> (Int, Int) {
        let (first, second) = (Program.takenPort(), Program.takenPort())
        close(first.socket)
        close(second.socket)
        return (first.port, second.port)
    }
}

/// Requests made with curl.
enum Curl {
    struct Answer {
        let status: Int
        let head: String
        let body: String
    }

    static func run(_ url: String, _ arguments: [String]) throws -> Answer {
        let curl = Process()
        curl.executableURL = URL(filePath: "/usr/bin/env")
        curl.arguments = ["curl", "-s", "-i"] + arguments + [url]
        let output = Pipe()
        curl.standardOutput = output
        try curl.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        curl.waitUntilExit()
        let end = text.range(of: "\r\n\r\n")
        let head = String(text[..<(end?.lowerBound ?? text.endIndex)])
        return Answer(
            status: Int(head.dropFirst("HTTP/1.1 ".count).prefix(3)) ?? 0,
            head: head,
            body: end.map { String(text[$0.upperBound...]) } ?? ""
        )
    }
}
#endif
