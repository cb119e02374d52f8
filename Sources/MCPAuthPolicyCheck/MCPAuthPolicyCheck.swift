// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackagePlugin

/// Lints the policies of a target and runs their tests when the target is built.
///
/// The policies are the JSON files in the folder `Policies` of the target.
@main
struct MCPAuthPolicyCheck: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        // Before, SwiftPM does not run a command without outputs.
        guard context.package.toolsVersion.major >= 6 else {
            Diagnostics.error("MCPAuthPolicyCheck needs `// swift-tools-version:6.0` or later in Package.swift")
            return []
        }
        let files = try Self.files(in: target.directoryURL)
        guard !files.isEmpty else {
            let place = target.directoryURL.appending(path: "Policies").path(percentEncoded: false)
            Diagnostics.error("MCPAuthPolicyCheck finds no policy of `\(target.name)`: expected JSON files in \(place)")
            return []
        }
        // One command for all, since a test may name several policies. There is no output: the command runs when an
        // input changes, and again after it failed.
        return [
            .buildCommand(
                displayName: "Checking the policies of \(target.name)",
                executable: try context.tool(named: "mcp-auth-policy-check").url,
                arguments: files.map { $0.path(percentEncoded: false) },
                inputFiles: files,
                outputFiles: []
            )
        ]
    }

    /// The policies and tests of a target.
    ///
    /// They are only sought below the target. SwiftPM notices a new file there, and not elsewhere in the package.
    private static func files(in target: URL) throws -> [URL] {
        let manager = FileManager.default
        let folders = try manager.contentsOfDirectory(at: target, includingPropertiesForKeys: nil)
            .filter { $0.hasDirectoryPath && $0.lastPathComponent.lowercased() == "policies" }
        let files = try folders.flatMap { folder in
            let paths = try manager.subpathsOfDirectory(atPath: folder.path(percentEncoded: false))
            return paths.map { folder.appending(path: $0) }
        }
        return
            files.filter { file in
                let name = file.lastPathComponent
                return name.hasSuffix(".json") && !name.hasPrefix(".") && !name.hasSuffix(".server.json")
                    && !name.hasSuffix(".schema.json")
            }
            .sorted { $0.path < $1.path }
    }
}
