// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthPlugin

/// The functions the host offers to modules.
///
/// Every pointer a module passes is borrowed for the call and copied before return, up to a bound.
enum PluginHostTable {
    /// A table whose functions act on `context`, which the caller keeps alive as long as the table is in use.
    static func make(context: PluginContext) -> mcp_auth_host {
        unsafe mcp_auth_host(
            struct_size: UInt32(MemoryLayout<mcp_auth_host>.size),
            abi_minor: MCP_AUTH_ABI_MINOR,
            context: Unmanaged.passUnretained(context).toOpaque(),
            complete: hostComplete,
            now_unix_s: hostNow,
            config_string: hostConfigString,
            secret_get: hostSecret,
            log: hostLog
        )
    }

    /// The most that is copied of any text but the claims.
    static let maximumText = 1024
    /// More than the claims parser accepts, so that too long claims fail there.
    static let maximumClaims = 64 * 1024
}

extension mcp_auth_bytes {
    init(_ buffer: UnsafeRawBufferPointer) {
        unsafe self.init(data: buffer.baseAddress?.assumingMemoryBound(to: CChar.self), length: buffer.count)
    }

    /// A copy of the first `limit` bytes; empty for a null pointer.
    func copied(limit: Int = PluginHostTable.maximumText) -> [UInt8] {
        unsafe copy(data, length, limit: limit)
    }
}

private typealias HostPointer = UnsafePointer<mcp_auth_host>?

private func context(of host: HostPointer) -> PluginContext? {
    guard let pointer = unsafe host?.pointee.context else { return nil }
    return unsafe Unmanaged<PluginContext>.fromOpaque(pointer).takeUnretainedValue()
}

private func hostComplete(_ host: HostPointer, _ call: UInt64, _ verdict: UnsafePointer<mcp_auth_verdict>?) {
    guard let context = unsafe context(of: host), let verdict = unsafe verdict else { return }
    guard unsafe verdict.pointee.struct_size >= MCP_AUTH_VERDICT_SIZE_1_0 else { return }
    context.calls.complete(
        call,
        unsafe PluginCalls.Verdict(
            kind: verdict.pointee.kind,
            claims: verdict.pointee.claims_json.copied(limit: PluginHostTable.maximumClaims),
            notAfter: verdict.pointee.not_after_unix_s,
            reason: verdict.pointee.reason.copied(),
            detail: verdict.pointee.operator_detail.copied()
        )
    )
}

private func hostNow(_ host: HostPointer, _ call: UInt64) -> Int64 {
    unsafe context(of: host)?.calls.now(call) ?? PluginCalls.everythingHasExpired
}

private func hostConfigString(
    _ host: HostPointer,
    _ key: mcp_auth_bytes,
    _ out: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int64 {
    let value = unsafe context(of: host)?.strings[String(decoding: key.copied(), as: UTF8.self)]
    return unsafe give(value.map { Array($0.utf8) }, to: out, capacity)
}

private func hostSecret(
    _ host: HostPointer,
    _ name: mcp_auth_bytes,
    _ out: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int64 {
    let value = unsafe context(of: host)?.secrets(String(decoding: name.copied(), as: UTF8.self))
    return unsafe give(value, to: out, capacity)
}

private func hostLog(_ host: HostPointer, _ level: Int32, _ text: UnsafePointer<CChar>?, _ length: Int) {
    let line = unsafe copy(text, length, limit: PluginHostTable.maximumText)
    unsafe context(of: host)?.log(level, line)
}

/// A length is a `size_t` of the module's making: beyond `Int.max` it arrives negative.
private func copy(_ data: UnsafePointer<CChar>?, _ length: Int, limit: Int) -> [UInt8] {
    guard let data = unsafe data, length > 0 else { return [] }
    return unsafe Array(UnsafeRawBufferPointer(start: data, count: min(length, limit)))
}

private func give(_ bytes: [UInt8]?, to out: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int64 {
    guard let bytes, let out = unsafe out, bytes.count <= capacity else { return -1 }
    for (index, byte) in bytes.enumerated() { unsafe out[index] = CChar(bitPattern: byte) }
    return Int64(bytes.count)
}
