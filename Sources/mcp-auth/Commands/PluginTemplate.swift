// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import Foundation
internal import MCPAuth
internal import MCPAuthCore

/// The files of a new module.
struct PluginTemplate {
    enum Language: String, CaseIterable, ExpressibleByArgument {
        case c
        case rust
        case swift
    }

    /// The files by their paths.
    let files: [String: String]

    /// - Parameters:
    ///   - name: Lower-case letters, digits and hyphens.
    ///   - package: A clone of this repository, for a module in Swift; `nil` for the published package.
    init(_ language: Language, name: String, package: String?) {
        let typeName = name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let source =
            package.map { #".package(name: "swift-mcp-auth", path: "\#($0)")"# }
            ?? #".package(url: "https://github.com/mcp-auth/swift-mcp-auth", from: "\#(Version.current)")"#
        files = Dictionary(
            uniqueKeysWithValues: Self.templates(language).map { path, bytes in
                func filled(_ text: String) -> String {
                    text.replacing("{{name}}", with: name).replacing("{{Name}}", with: typeName)
                        .replacing("{{dependency}}", with: source)
                }
                return (filled(path), filled(String(decoding: bytes, as: UTF8.self)))
            }
        )
    }

    /// The bytes of each template, by the path of the file that is made of it.
    private static func templates(_ language: Language) -> [(String, [UInt8])] {
        switch language {
        case .c:
            [
                ("module.c", PackageResources.c_module_c_template), ("test.c", PackageResources.c_test_c_template),
                ("Makefile", PackageResources.c_Makefile_template),
                ("README.md", PackageResources.c_README_md_template),
                ("{{name}}.json", PackageResources.swift_entry_json_template),
            ]
        case .rust:
            [
                ("Cargo.toml", PackageResources.rust_Cargo_toml_template),
                ("src/lib.rs", PackageResources.rust_lib_rs_template),
                ("src/abi.rs", PackageResources.rust_abi_rs_template),
                ("README.md", PackageResources.rust_README_md_template),
                ("{{name}}.json", PackageResources.swift_entry_json_template),
            ]
        case .swift:
            [
                ("Package.swift", PackageResources.swift_Package_swift_template),
                ("Sources/{{Name}}/{{Name}}Verifier.swift", PackageResources.swift_Verifier_swift_template),
                ("Sources/{{Name}}Module/Module.swift", PackageResources.swift_Module_swift_template),
                ("Tests/{{Name}}Tests/{{Name}}Tests.swift", PackageResources.swift_Tests_swift_template),
                ("README.md", PackageResources.swift_README_md_template),
                ("{{name}}.json", PackageResources.swift_entry_json_template),
            ]
        }
    }

    /// Writes the files to a new directory.
    ///
    /// - Throws: `ConfigurationError` if the directory exists, or cannot be written.
    func write(to directory: String) throws(ConfigurationError) {
        guard !FileManager.default.fileExists(atPath: directory) else {
            throw ConfigurationError(.conflict, "`\(directory.printable)` exists; nothing was written")
        }
        do {
            for (path, text) in files {
                let place = URL(fileURLWithPath: directory + "/" + path)
                try FileManager.default.createDirectory(
                    at: place.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: place)
            }
        } catch {
            throw ConfigurationError(.unreadableFile, "`\(directory.printable)` cannot be written")
        }
    }
}

extension PluginCommand {
    /// `mcp-auth plugin new`.
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create the files of a new module, with a test and a README.",
            discussion: "The directory is named after the module."
        )

        @Argument(help: "The name of the module: lower-case letters, digits and hyphens.")
        var name: String

        @Option(help: "The language of the module.")
        var language: PluginTemplate.Language

        @Option(help: "A clone of swift-mcp-auth, for a module in Swift; without it, the published package.")
        var package: String?

        func validate() throws {
            let isName = name.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
            guard isName, name.utf8.count <= 40, !name.hasSuffix("-"), !name.contains("--"),
                name.utf8.allSatisfy({
                    $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
                })
            else {
                throw ValidationError(
                    "a name has lower-case letters, digits and single hyphens, and begins with a letter"
                )
            }
            guard package == nil || language == .swift else { throw ValidationError("--package is for Swift") }
        }

        func run() throws {
            let path = package.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
            if let path, !FileManager.default.fileExists(atPath: path + "/Package.swift") {
                throw ConfigurationError(.unreadableFile, "there is no Swift package in `\(path.printable)`")
            }
            try PluginTemplate(language, name: name, package: path).write(to: name)
            Output.line("created \(name)/; its README.md says how to build, test and load it")
        }
    }
}
#endif
