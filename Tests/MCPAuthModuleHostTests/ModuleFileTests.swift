// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthCore
import Testing

@testable import MCPAuthModuleHost

/// Checks of who could have written a module file.
@Suite struct ModuleFileTests {
    private static let isRoot = geteuid() == 0
    private static let stranger = 4242

    /// A file in nested directories of a new one.
    private struct Place {
        let top: String
        var middle: String { top + "/middle" }
        var last: String { middle + "/last" }
        var file: String { last + "/module.so" }

        init() throws {
            top = try Modules.directory()
            try FileManager.default.createDirectory(
                atPath: top + "/middle/last",
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o755]
            )
            try "contents".write(toFile: top + "/middle/last/module.so", atomically: false, encoding: .utf8)
        }

        func change(_ part: String, mode: Int? = nil, owner: Int? = nil) throws {
            let path = part.isEmpty ? top : top + "/" + part
            if let mode { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path) }
            if let owner { try #require(lchown(path, uid_t(owner), gid_t(owner)) == 0) }
        }

        func refusal(of path: String? = nil) -> String {
            do {
                _ = try ModuleFile(readingFrom: path ?? file)
                return "none"
            } catch {
                return error.message
            }
        }
    }

    @Test func `a file is read completely`() throws {
        let place = try Place()
        #expect(try ModuleFile(readingFrom: place.file).bytes == Array("contents".utf8))
        let bytes = [UInt8](repeating: 7, count: 1_000_001)
        try Data(bytes).write(to: URL(filePath: place.file))
        #expect(try ModuleFile(readingFrom: place.file).bytes == bytes)
    }

    @Test func `a file above the size limit is refused`() throws {
        let place = try Place()
        try #require(truncate(place.file, 256 * 1024 * 1024 + 1) == 0)
        #expect(place.refusal().contains("it is larger than 268435456 bytes"))
    }

    @Test(
        arguments: ["", "middle", "middle/last", "middle/last/module.so"],
        [0o775, 0o757, 0o777, 0o720, 0o702]
    )
    func `a part of the path that others may write is refused by name, with advice`(part: String, mode: Int) throws {
        let place = try Place()
        try place.change(part, mode: mode)
        let name = part.isEmpty ? place.top : "\(place.top)/\(part)"
        #expect(place.refusal().contains("`\(name)` is writable by group or others; change that with chmod go-w"))
        try place.change(part, mode: 0o755)
        #expect(place.refusal() == "none")
    }

    @Test(arguments: ["middle", "middle/last"])
    func `the sticky bit of a directory of root is enough, except where the file is`(part: String) throws {
        let place = try Place()
        try place.change(part, mode: 0o1777)
        let isAcceptable = part == "middle" && Self.isRoot
        #expect((place.refusal() == "none") == isAcceptable, "\(place.refusal())")
    }

    @Test(.enabled(if: isRoot), arguments: ["", "middle", "middle/last", "middle/last/module.so"])
    func `a part of the path that belongs to another user is refused by name`(part: String) throws {
        let place = try Place()
        try place.change(part, owner: Self.stranger)
        let name = part.isEmpty ? place.top : "\(place.top)/\(part)"
        #expect(place.refusal().contains("`\(name)` belongs to user 4242"), "\(place.refusal())")
    }

    @Test(.enabled(if: isRoot))
    func `the sticky bit of another user's directory is not enough`() throws {
        let place = try Place()
        try place.change("middle", mode: 0o1777, owner: Self.stranger)
        #expect(place.refusal().contains("/middle` belongs to user 4242"), "\(place.refusal())")
    }

    @Test func `a symbolic link is followed, and the directory that contains it is checked too`() throws {
        let place = try Place()
        let links = try Modules.directory()
        for (name, target) in [("file", place.file), ("directory", place.middle), ("up", "../\(links.lastName)/file")] {
            try FileManager.default.createSymbolicLink(atPath: "\(links)/\(name)", withDestinationPath: target)
        }
        let ways = [
            "\(links)/file", "\(links)/directory/last/module.so", "\(links)/up",
            "\(links)/./directory/../middle/last/module.so",
        ]
        for way in ways { #expect(place.refusal(of: way) == "none", "\(way)") }
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: links)
        for way in ways { #expect(place.refusal(of: way).contains("`\(links)` is writable"), "\(way)") }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: links)
        try place.change("middle", mode: 0o777)
        for way in ways { #expect(place.refusal(of: way).contains("`\(place.middle)` is writable"), "\(way)") }
    }

    @Test(.enabled(if: isRoot))
    func `a symbolic link of another user is refused`() throws {
        let place = try Place()
        let link = try Modules.directory() + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place.file)
        try #require(lchown(link, uid_t(Self.stranger), gid_t(Self.stranger)) == 0)
        #expect(place.refusal(of: link).contains("`\(link)` belongs to user 4242"))
    }

    @Test func `circular symbolic links are refused`() throws {
        let directory = try Modules.directory()
        try FileManager.default.createSymbolicLink(atPath: directory + "/a", withDestinationPath: "b")
        try FileManager.default.createSymbolicLink(atPath: directory + "/b", withDestinationPath: "a")
        #expect(try Place().refusal(of: directory + "/a").contains("too many symbolic links"))
    }

    @Test func `a relative path is checked from the root too`() throws {
        let place = try Place()
        let depth = FileManager.default.currentDirectoryPath.split(separator: "/").count
        let relative = String(repeating: "../", count: depth + 1) + place.file.dropFirst()
        #expect(place.refusal(of: relative) == "none", "\(place.refusal(of: relative))")
        try place.change("middle", mode: 0o777)
        #expect(place.refusal(of: relative).contains("`\(place.middle)` is writable"))
    }

    @Test func `a path that is not a regular file is refused without blocking`() throws {
        let place = try Place()
        #expect(place.refusal(of: place.last).contains("it is not a file"))
        #expect(place.refusal(of: place.file + "/more").contains("`\(place.file)` is not a directory"))
        #expect(place.refusal(of: place.last + "/missing").contains("there is no `\(place.last)/missing`"))
        #expect(place.refusal(of: "").contains("it is not a file"))
        let pipe = place.last + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(place.refusal(of: pipe).contains("it is not a file"))
    }
}

extension String {
    fileprivate var lastName: Substring { split(separator: "/").last ?? "" }
}
