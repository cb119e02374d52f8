// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A module that runs in processes of its own: the program, the library, and the hash of its bytes.
struct ModuleProgram: Sendable {
    /// The program that loads the library.
    let program: String
    let library: String
    let digest: String

    /// The name of the program, which stands in the directory of the program that runs now.
    static let name = "mcp-auth-module"

    /// The seconds for the start of the process, besides the functions of the module.
    static let startSeconds = 5.0

    /// The path of the program.
    ///
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` if it is not there, or if others could replace it.
    static func path(for library: String) throws(ConfigurationError) -> String {
        guard let directory = runningDirectory else {
            throw ModuleLibrary.refused(library, "the directory of the running program cannot be determined")
        }
        let path = "\(directory)/\(name)"
        do throws(ModuleFile.Refusal) { return try ModuleFile.checkedPath(path) } catch {
            let reason = "`isolation` needs the program `\(name)` in `\(directory.printable)`: \(error.reason)"
            throw ModuleLibrary.refused(library, reason)
        }
    }

    private static var runningDirectory: String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        #if canImport(Glibc)
        let count = unsafe buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe readlink("/proc/self/exe", start.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        #else
        var size = UInt32(buffer.count)
        let code = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe _NSGetExecutablePath(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), &size)
        }
        let count = code == 0 ? (buffer.firstIndex(of: 0) ?? 0) : 0
        #endif
        guard count > 0, count < buffer.count else { return nil }
        let path = String(decoding: buffer.prefix(count), as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    /// Why a process could not do what it was asked.
    struct Refusal: Error, CustomStringConvertible {
        let reason: String
        /// Whether the reason is the message of a ``ConfigurationError``, rather than a part of one.
        var isMessage = false

        var description: String { isMessage ? "was refused: \(reason.escaped)" : reason }

        /// - Parameter wrapped: Makes an error of the reason.
        func error(or wrapped: (String) -> ConfigurationError) -> ConfigurationError {
            isMessage ? ConfigurationError(.moduleRefused, reason.escaped) : wrapped(reason)
        }
    }

    /// Starts a process, sends it frames, and returns the frame that it sends for each.
    static func replies(
        of program: String,
        to frames: [ModuleFrame],
        within seconds: Double
    ) throws(Refusal) -> [ModuleFrame] {
        let child: ModuleChild
        do throws(ModuleChild.Fault) { child = try ModuleChild(program) } catch { throw Refusal(reason: error.reason) }
        let ended = Monitor<String?>(nil)
        let isWatched = OwnThread.start {
            let end = child.wait()
            child.pipe.shutDown()
            ended.withLock { $0 = end }
            ended.signal()
        }
        defer { child.kill() }
        guard isWatched else {
            child.kill()
            _ = child.wait()
            throw Refusal(reason: OwnThread.noThread)
        }
        var reader = ModulePipeReader(child.pipe)
        let deadline = MonotonicTime.now.adding(seconds)
        var replies: [ModuleFrame] = []
        for frame in frames {
            _ = child.pipe.send(frame)
            do throws(ModulePipeReader.End) {
                let reply = try reader.next(until: deadline)
                if reply.kind == .refused { throw .refused(reply.refusal) }
                replies.append(reply)
            } catch {
                switch error {
                case .closed: throw Refusal(reason: "its process \(ended.wait(atMost: 1) { $0 } ?? "has ended")")
                case .late: throw Refusal(reason: "its process did not answer within \(seconds.asWritten) seconds")
                case .invalid: throw Refusal(reason: "it \(ModuleFault.invalidFrame)")
                case .refused(let reason): throw Refusal(reason: reason, isMessage: true)
                case .tooMany: throw Refusal(reason: "it \(ModuleFault.tooManyFrames)")
                }
            }
        }
        return replies
    }
}
