// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore

extension PolicyCommand {
    /// `mcp-auth policy fmt`.
    struct Format: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fmt",
            abstract: "Write policy and test files in one layout.",
            discussion: """
                Keys come in one order and lines have one length; values, `description` and `$comment` stay. A file with \
                a mistake is not changed.
                """
        )

        @Flag(help: "Change nothing; exit with 3 and list the files that would change.")
        var check = false

        @Argument(help: "Policy or test files.")
        var files: [String]

        func run() throws {
            var diagnostics = Diagnostics()
            var changed: [String] = []
            for path in files {
                do {
                    let (text, isSame) = try PolicyFiles.formatted(path)
                    guard !isSame else { continue }
                    changed.append(path)
                    // Written beside the file and then renamed, so that the file is never half written.
                    if !check { try Data(text).write(to: URL(fileURLWithPath: path), options: .atomic) }
                } catch let error as ConfigurationError {
                    diagnostics.add(error)
                } catch {
                    let message = "cannot write `\(path.printable)`: \(error.localizedDescription)"
                    diagnostics.add(ConfigurationError(.unreadableFile, message))
                }
            }
            for path in changed { Output.line("\(path.escaped): \(check ? "would be formatted" : "formatted")") }
            diagnostics.print(asJSON: false)
            if diagnostics.hasErrors || (check && !changed.isEmpty) { throw ProgramExit.invalid }
        }
    }
}
#endif
