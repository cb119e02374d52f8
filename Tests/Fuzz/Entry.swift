// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The target that `MCPAUTH_FUZZ_TARGET` names.
private let target: any FuzzTarget = {
    do {
        return try FuzzTargets.named(environment("MCPAUTH_FUZZ_TARGET") ?? "").init()
    } catch {
        fatalError("cannot begin: \(error)")
    }
}()

private func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name]
}

/// Called by libFuzzer once; if `MCPAUTH_FUZZ_WRITE_SEEDS` is set, writes the seeds of the target and exits.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    if let directory = environment("MCPAUTH_FUZZ_WRITE_SEEDS") {
        do {
            try FuzzTargets.writeSeeds(of: environment("MCPAUTH_FUZZ_TARGET") ?? "", to: directory)
        } catch {
            fatalError("cannot write seeds: \(error)")
        }
        exit(0)
    }
    _ = target
    return 0
}

/// Called by libFuzzer with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.check(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
