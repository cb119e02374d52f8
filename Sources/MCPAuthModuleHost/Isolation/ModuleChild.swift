// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthSystem
internal import MCPAuthCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// One process that runs a module: the owner of its number and of this end of its connection.
final class ModuleChild: Sendable {
    let pipe: ModulePipe
    private let process: pid_t
    /// Whether the process has an entry, so that its number is not that of another one.
    private let hasEntry = Monitor(true)

    struct Fault: Error {
        let reason: String
    }

    /// The variables of the environment that the process receives: none of them is meant for secrets.
    private static let variables = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH"]

    /// Starts the process.
    ///
    /// Some thread must call ``wait()``.
    init(_ program: String) throws(Fault) {
        var environment: [UnsafeMutablePointer<CChar>?] = unsafe []
        for name in Self.variables {
            guard let value = unsafe getenv(name) else { continue }
            unsafe environment.append(strdup("\(name)=\(String(cString: value))"))
        }
        unsafe environment.append(nil)
        defer { unsafe environment.forEach { unsafe free($0) } }
        var (process, socket) = (pid_t(0), Int32(0))
        let error = unsafe mcp_start_child(program, environment, &process, &socket)
        guard error == 0 else {
            throw Fault(reason: "`\(program.printable)` cannot be started: \(unsafe String(cString: strerror(error)))")
        }
        self.process = process
        pipe = ModulePipe(socket)
    }

    /// Ends the process and all processes in its group at once; does nothing when it has ended.
    func kill() {
        hasEntry.withLock { hasEntry in
            if hasEntry { end() }
        }
    }

    /// Ends the process, also if it has left its group, and its group; the process must have its entry.
    private func end() {
        _ = systemKill(process, SIGKILL)
        _ = systemKill(-process, SIGKILL)
    }

    /// Tells the process to end, and ends it after some seconds if it has not.
    func close(within seconds: Double) {
        pipe.endSending()
        let hasEnded = hasEntry.wait(atMost: seconds) { $0 ? nil : true } ?? false
        if !hasEnded { kill() }
    }

    /// Waits until the process has ended, ends what is left of its group, and returns how it ended.
    func wait() -> String {
        guard mcp_wait_for_child(process) == 0 else {
            hasEntry.withLock { $0 = false }
            hasEntry.signalAll()
            return "has ended"
        }
        let how = hasEntry.withLock { hasEntry in
            end()
            hasEntry = false
            var code: Int32 = 0
            let signal = unsafe mcp_reap_child(process, &code)
            return signal == 0 ? "exited with code \(code)" : "was ended by signal \(signal)"
        }
        hasEntry.signalAll()
        mcp_reap_group(process)
        return how
    }
}

/// The function of the system, which `ModuleChild.kill` hides.
private func systemKill(_ process: pid_t, _ signal: Int32) -> Int32 { kill(process, signal) }
