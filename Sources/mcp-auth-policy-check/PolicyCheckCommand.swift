// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The program that the build plugin `MCPAuthPolicyCheck` runs.
///
/// It is not `mcp-auth`, since SwiftPM compiles the tools of plugins separately from the application: this one needs
/// no trait and no library of a host, so that an application builds it in little time. It writes no file.
@main
enum PolicyCheckCommand {
    static func main() async {
        let files = Array(CommandLine.arguments.dropFirst())
        guard !files.isEmpty, !files.contains(where: { $0.hasPrefix("-") }) else {
            print("usage: mcp-auth-policy-check FILE...   policies, and tests whose names end with .test.json")
            exit(2)
        }
        var check = PolicyCheck(files)
        await check.run()
        for line in check.lines { print(line) }
        if check.hasFailed { exit(3) }
    }
}
