// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthSystem
internal import MCPAuthConcurrency
internal import MCPAuthCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The code of modules in this process, by content.
///
/// The system loads a path once and then returns the same image, even if the file has changed. So code is loaded from a
/// private copy of the bytes that were hashed: different bytes are a different image, and the same bytes are loaded
/// once. Images are never unloaded, since a thread may still run their code.
enum ModuleImages {
    // SAFETY: the handle of a library that is never unloaded; it is only given to `dlsym`, which any thread may call.
    @safe struct Image: @unchecked Sendable {
        fileprivate let handle: UnsafeMutableRawPointer

        /// The address of an exported function; `nil` when there is none.
        func function(_ name: String) -> UnsafeMutableRawPointer? {
            unsafe dlsym(handle, name)
        }
    }

    struct Fault: Error {
        let reason: String
    }

    private static let images = Lock<[String: Image]>([:])

    /// Loads bytes, or returns the image of the same bytes.
    ///
    /// - Parameters:
    ///   - digest: The SHA-256 of the bytes.
    ///   - path: The file that they were read from, for messages.
    static func image(of bytes: [UInt8], digest: String, from path: String) throws(Fault) -> Image {
        // The lock is held while the library is loaded, so that two callers with the same bytes get the same image.
        try images.withLock { images throws(Fault) in
            if let image = images[digest] { return image }
            let image = try load(bytes, from: path)
            images[digest] = image
            return image
        }
    }

    #if canImport(Glibc)
    private static func load(_ bytes: [UInt8], from path: String) throws(Fault) -> Image {
        // The name is shown in the memory maps of this process.
        let name = String(decoding: (path.split(separator: "/").last ?? "").utf8.prefix(64), as: UTF8.self)
        let file = unsafe bytes.withUnsafeBytes { bytes in
            unsafe mcp_memory_file(name, bytes.baseAddress, bytes.count)
        }
        guard file >= 0 else {
            throw Fault(reason: "no copy of it can be made in memory: \(unsafe String(cString: strerror(errno)))")
        }
        do {
            // The file stays open as long as the image, until the process ends. If its number were used for another
            // file, that file would have the same path, and the system would return the old image for it.
            return try open("/proc/self/fd/\(file)", path)
        } catch {
            close(file)
            throw error
        }
    }
    #else
    private static func load(_ bytes: [UInt8], from path: String) throws(Fault) -> Image {
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/mcp-auth-module-XXXXXX".utf8CString)
        // A new directory that only this user may enter.
        guard unsafe mkdtemp(&template) != nil else { throw Fault(reason: "no private copy of it can be made") }
        let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let place = directory + "/module.dylib"
        defer {
            unsafe unlink(place)
            unsafe rmdir(directory)
        }
        guard write(bytes, to: place) else { throw Fault(reason: "no private copy of it can be made") }
        return try open(place, path)
    }

    private static func write(_ bytes: [UInt8], to place: String) -> Bool {
        guard let file = unsafe fopen(place, "wbx") else { return false }
        let count = unsafe fwrite(bytes, 1, bytes.count, file)
        return unsafe fclose(file) == 0 && count == bytes.count
    }
    #endif

    private static func open(_ place: String, _ path: String) throws(Fault) -> Image {
        if let handle = unsafe dlopen(place, RTLD_NOW | RTLD_LOCAL) { return unsafe Image(handle: handle) }
        let reason = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason given"
        var message = "it cannot be loaded: \(reason.replacing(place, with: path).printable)"
        if reason.contains("cannot open shared object file"), !reason.hasPrefix(place) {
            message += "; it is loaded from a copy, so it cannot find other libraries in its directory (`$ORIGIN`)"
        }
        throw Fault(reason: message)
    }
}
