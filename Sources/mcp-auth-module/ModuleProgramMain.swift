// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJOSE
internal import MCPAuthModuleHost

/// Runs an instance of a module that has `"isolation": "process"`; it is started only by a program that uses one.
@main
struct ModuleProgramMain {
    static func main() {
        ModuleServer.run(digest: Digest.hexadecimalSHA256)
    }
}
