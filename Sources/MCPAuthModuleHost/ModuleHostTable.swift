// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule

/// The functions the host offers to modules.
///
/// Every pointer that a module passes is borrowed for the call. Its data is copied before the return, up to a limit.
enum ModuleHostTable {
    /// A table whose functions use `context`, which the caller must keep alive as long as the table is in use.
    static func make(context: ModuleContext) -> mcp_auth_host {
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

    /// The maximum bytes copied of any text except the claims; longer ones are cut off.
    static let maximumText = 1024
    /// The maximum bytes of claims; longer ones are a fault.
    static let maximumClaims = 64 * 1024
}

extension mcp_auth_bytes {
    init(_ buffer: UnsafeRawBufferPointer) {
        unsafe self.init(data: buffer.baseAddress?.assumingMemoryBound(to: CChar.self), length: buffer.count)
    }

    /// The text, up to `maximumText` bytes; empty for a null pointer.
    var text: String { unsafe boundedText(data, length) }

    /// The text as a name, for a look-up; `nil` when it is longer than `maximumText`.
    var name: String? {
        unsafe copied(atMost: ModuleHostTable.maximumText).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A copy of all bytes; `nil` when there are more than `limit`.
    func copied(atMost limit: Int) -> [UInt8]? {
        // The module chooses the length, a `size_t`: a value above `Int.max` arrives negative.
        guard unsafe (0...limit).contains(length) else { return nil }
        guard let data = unsafe data else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: data, count: length))
    }
}

private typealias HostPointer = UnsafePointer<mcp_auth_host>?

private func context(of host: HostPointer) -> ModuleContext? {
    guard let pointer = unsafe host?.pointee.context else { return nil }
    return unsafe Unmanaged<ModuleContext>.fromOpaque(pointer).takeUnretainedValue()
}

private func hostComplete(_ host: HostPointer, _ call: UInt64, _ verdict: UnsafePointer<mcp_auth_verdict>?) {
    guard let context = unsafe context(of: host) else { return }
    guard let verdict = unsafe verdict, unsafe verdict.pointee.struct_size >= MCP_AUTH_VERDICT_SIZE_1_0 else {
        context.calls.end(call, .fault(.shortVerdict))
        return
    }
    // Only an acceptance has claims; with other verdicts, the member may be uninitialised.
    let isAccepted = unsafe verdict.pointee.kind == MCP_AUTH_VERDICT_ACCEPT
    context.calls.end(
        call,
        unsafe .verdict(
            ModuleCalls.Verdict(
                kind: verdict.pointee.kind,
                claims: isAccepted ? verdict.pointee.claims_json.copied(atMost: ModuleHostTable.maximumClaims) : nil,
                notAfter: verdict.pointee.not_after_unix_s,
                reason: verdict.pointee.reason.text,
                detail: verdict.pointee.operator_detail.text
            )
        )
    )
}

private func hostNow(_ host: HostPointer, _ call: UInt64) -> Int64 {
    unsafe context(of: host)?.calls.now(call) ?? ModuleCalls.everythingHasExpired
}

private func hostConfigString(
    _ host: HostPointer,
    _ key: mcp_auth_bytes,
    _ out: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int64 {
    let context = unsafe context(of: host)
    return unsafe give(key.name.flatMap { context?.strings[$0] }.map { Array($0.utf8) }, to: out, capacity)
}

private func hostSecret(
    _ host: HostPointer,
    _ name: mcp_auth_bytes,
    _ out: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int64 {
    let context = unsafe context(of: host)
    return unsafe give(name.name.flatMap { context?.secrets($0) }, to: out, capacity)
}

private func hostLog(_ host: HostPointer, _ level: Int32, _ line: UnsafePointer<CChar>?, _ length: Int) {
    unsafe context(of: host)?.log(level, boundedText(line, length))
}

/// A copy of a text, cut off before the first UTF-8 character that does not fit into `maximumText` bytes.
private func boundedText(_ data: UnsafePointer<CChar>?, _ length: Int) -> String {
    // The module chooses the length, a `size_t`: a value above `Int.max` arrives negative.
    guard let data = unsafe data, length > 0 else { return "" }
    var count = length
    if length > ModuleHostTable.maximumText {
        count = ModuleHostTable.maximumText
        while count > 0, unsafe UInt8(bitPattern: data[count]) & 0xC0 == 0x80 { count -= 1 }
    }
    return unsafe String(decoding: UnsafeRawBufferPointer(start: data, count: count), as: UTF8.self)
}

private func give(_ bytes: [UInt8]?, to out: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int64 {
    guard let bytes, let out = unsafe out, bytes.count <= capacity else { return -1 }
    for (index, byte) in bytes.enumerated() { unsafe out[index] = CChar(bitPattern: byte) }
    return Int64(bytes.count)
}
