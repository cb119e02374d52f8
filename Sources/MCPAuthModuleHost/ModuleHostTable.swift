// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule

/// The functions the host offers to modules.
///
/// Every pointer that a module passes is borrowed for the call. Its data is copied before the return, up to a limit.
enum ModuleHostTable {
    /// A table whose functions use the instance, which the caller must keep alive as long as the table is in use.
    static func make(_ instance: ModuleInstanceReference) -> mcp_auth_host {
        unsafe mcp_auth_host(
            struct_size: UInt32(MemoryLayout<mcp_auth_host>.size),
            abi_minor: MCP_AUTH_ABI_MINOR,
            context: Unmanaged.passUnretained(instance).toOpaque(),
            complete: hostComplete,
            now_unix_s: hostNow,
            config_string: hostConfigString,
            secret_get: hostSecret,
            log: hostLog,
            count: hostCount,
            random: hostRandom,
            http_fetch: hostFetch
        )
    }

    /// The maximum bytes of a line, reason or detail, which are cut off, and of a name, which is not found.
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

private func reference(of host: HostPointer) -> ModuleInstanceReference? {
    guard let pointer = unsafe host?.pointee.context else { return nil }
    return unsafe Unmanaged<ModuleInstanceReference>.fromOpaque(pointer).takeUnretainedValue()
}

/// `nil` after the instance was destroyed.
private func context(of host: HostPointer) -> ModuleContext? {
    unsafe reference(of: host)?.context
}

private func hostComplete(_ host: HostPointer, _ call: UInt64, _ verdict: UnsafePointer<mcp_auth_verdict>?) {
    guard let context = unsafe context(of: host) else { return }
    guard let verdict = unsafe verdict, unsafe verdict.pointee.struct_size >= MCP_AUTH_VERDICT_SIZE_1_0 else {
        context.complete(call, .fault(.shortVerdict))
        return
    }
    // Only an acceptance has claims; with other verdicts, the member may be uninitialised.
    let isAccepted = unsafe verdict.pointee.kind == MCP_AUTH_VERDICT_ACCEPT
    context.complete(
        call,
        unsafe .verdict(
            ModuleVerdict(
                kind: verdict.pointee.kind,
                claims: isAccepted ? verdict.pointee.claims_json.copied(atMost: ModuleHostTable.maximumClaims) : nil,
                notAfter: verdict.pointee.not_after_unix_s,
                cacheSeconds: verdict.pointee.cache_seconds,
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
    return unsafe give(name.name.flatMap { context?.secrets[$0] }, to: out, capacity)
}

private func hostLog(_ host: HostPointer, _ level: Int32, _ line: UnsafePointer<CChar>?, _ length: Int) {
    unsafe context(of: host)?.log(level, boundedText(line, length))
}

private func hostCount(_ host: HostPointer, _ name: mcp_auth_bytes, _ number: Int64) {
    guard let name = unsafe name.name else { return }
    unsafe context(of: host)?.count(name, by: number)
}

private func hostRandom(_ host: HostPointer, _ out: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int32 {
    guard let out = unsafe out, count >= 0 else { return -1 }
    // The generator of the system is fit for keys, and ends the process if there is none.
    var random = SystemRandomNumberGenerator()
    for index in 0..<count { unsafe out[index] = CChar(truncatingIfNeeded: random.next()) }
    return 0
}

private func hostFetch(
    _ host: HostPointer,
    _ call: UInt64,
    _ request: UnsafePointer<mcp_auth_http_request>?,
    _ userData: UnsafeMutableRawPointer?,
    _ done: LoadedInstance.FetchDone?
) -> Int32 {
    guard let instance = unsafe reference(of: host)?.instance, let done = unsafe done else { return -1 }
    guard let request = unsafe request, unsafe request.pointee.struct_size >= MCP_AUTH_HTTP_REQUEST_SIZE_1_0,
        let asked = unsafe ModuleFetches.Request(request.pointee)
    else {
        instance.refuseFetch("a fetch has a request that is too short, or a member that is too long")
        return -1
    }
    return unsafe instance.fetch(asked, for: call, userData, done) ? 0 : -1
}

extension ModuleFetches.Request {
    /// A copy; `nil` if a member is longer than allowed.
    init?(_ request: mcp_auth_http_request) {
        guard unsafe request.field_count <= UInt32(ModuleFetches.mostFields),
            unsafe request.field_count == 0 || request.fields != nil,
            let url = unsafe request.url.copied(atMost: ModuleFetches.mostURLBytes),
            let method = unsafe request.method.copied(atMost: ModuleFetches.mostMethodBytes),
            let body = unsafe request.body.copied(atMost: ModuleFetches.mostBodyBytes)
        else { return nil }
        var fields: [(String, String)] = []
        for index in unsafe 0..<Int(request.field_count) {
            guard let name = unsafe request.fields[index].name.copied(atMost: ModuleFetches.mostNameBytes),
                let value = unsafe request.fields[index].value.copied(atMost: ModuleFetches.mostValueBytes)
            else { return nil }
            fields.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        self.init(
            url: String(decoding: url, as: UTF8.self),
            method: String(decoding: method, as: UTF8.self),
            body: body,
            fields: fields,
            milliseconds: unsafe request.timeout_ms,
            maximumBytes: unsafe request.maximum_bytes
        )
    }
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
