// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
public import MCPAuthCore
public import MCPAuthJSON

// SAFETY: the host keeps the table until the process ends, and its functions may be called on any thread.
/// What the host offers to one instance of a module: its configuration, its secrets, and services.
@safe public struct ModuleHost: @unchecked Sendable {
    /// The configuration, which the schema of the module allows.
    public let configuration: JSON
    let table: UnsafePointer<mcp_auth_host>

    init(_ table: UnsafePointer<mcp_auth_host>, configuration: JSON) {
        unsafe self.table = table
        self.configuration = configuration
    }

    /// A secret that the operator gave to this instance; `nil` if there is none of this name, or if it has more than
    /// 64 KiB.
    public func secret(_ name: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let length = unsafe name.withBytes { name in
            unsafe bytes.withUnsafeMutableBytes { buffer in
                let out = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
                return unsafe table.pointee.secret_get(table, name, out, buffer.count)
            }
        }
        guard length >= 0 else { return nil }
        return Array(bytes.prefix(Int(length)))
    }

    /// Logs a line for the operator, which must not contain a token or a secret.
    public func log(_ level: EngineEvent.Level, _ line: String) {
        let number =
            switch level {
            case .debug: MCP_AUTH_LOG_DEBUG
            case .info: MCP_AUTH_LOG_INFO
            case .warning: MCP_AUTH_LOG_WARNING
            case .error: MCP_AUTH_LOG_ERROR
            }
        unsafe line.withBytes { unsafe table.pointee.log(table, number, $0.data, $0.length) }
    }

    /// Adds to a counter, whose name has letters, digits and underscores.
    public func count(_ counter: String, by number: Int = 1) {
        unsafe counter.withBytes { unsafe table.pointee.count(table, $0, Int64(number)) }
    }

    /// A response to ``fetch(_:method:body:fields:)``.
    public struct Response: Sendable {
        /// The HTTP status.
        public let status: Int
        /// The whole body.
        public let body: [UInt8]
    }

    /// Why a fetch has no response.
    public struct FetchFailure: Error, Sendable, CustomStringConvertible {
        /// The reason, for logs.
        public let description: String
        /// Whether the request was sent; it is not if it is not allowed, or if nobody waits for the answer of `verify`.
        public let wasSent: Bool

        init(description: String, wasSent: Bool = true) {
            self.description = description
            self.wasSent = wasSent
        }
    }

    /// The call that the current task serves.
    struct Call: Sendable {
        let number: UInt64
        let resource: String
    }

    @TaskLocal static var call: Call?

    /// The identifier of the resource for which a token is verified; `nil` outside of `verify`.
    public var resource: String? { Self.call?.resource }

    /// Sends a request to one of the `hosts` that the operator lists, by the rules of the engine.
    ///
    /// Only inside `verify`, in the same task or a child of it.
    ///
    /// - Parameters:
    ///   - url: An `https` URL; `http` only for a loopback address.
    ///   - method: GET or POST.
    ///   - body: At most 64 KiB; empty for GET.
    ///   - fields: Header fields such as `authorization`.
    /// - Throws: ``FetchFailure`` if the request is not allowed, or if there is no response.
    public func fetch(
        _ url: String,
        method: String = "GET",
        body: [UInt8] = [],
        fields: [(name: String, value: String)] = []
    ) async throws(FetchFailure) -> Response {
        guard let call = Self.call else {
            throw FetchFailure(description: "a fetch is possible only inside `verify`", wasSent: false)
        }
        let result: Result<Response, FetchFailure> = await withCheckedContinuation { continuation in
            let box = unsafe Unmanaged.passRetained(FetchBox(continuation))
            let isSent = unsafe ModuleFetchRequest(url: url, method: method, body: body, fields: fields).withC {
                order in
                unsafe table.pointee.http_fetch(table, call.number, order, box.toOpaque(), fetchDone)
            }
            guard isSent == 0 else {
                unsafe box.release()
                let reason =
                    "it is not allowed, as the log of the operator says, or nobody waits for the verdict any more"
                continuation.resume(returning: .failure(FetchFailure(description: reason, wasSent: false)))
                return
            }
        }
        return try result.get()
    }
}

/// Who waits for a fetch.
private final class FetchBox: Sendable {
    let continuation: CheckedContinuation<Result<ModuleHost.Response, ModuleHost.FetchFailure>, Never>

    init(_ continuation: CheckedContinuation<Result<ModuleHost.Response, ModuleHost.FetchFailure>, Never>) {
        self.continuation = continuation
    }
}

private func fetchDone(
    _ instance: UnsafeMutableRawPointer?,
    _ call: UInt64,
    _ userData: UnsafeMutableRawPointer?,
    _ response: UnsafePointer<mcp_auth_http_response>?
) {
    // The host calls this once for each fetch that it sent, so the box is released once.
    guard let userData = unsafe userData else { return }
    let box = unsafe Unmanaged<FetchBox>.fromOpaque(userData).takeRetainedValue()
    guard let response = unsafe response, unsafe response.pointee.status != 0 else {
        let reason = unsafe response.map { unsafe $0.pointee.error.text } ?? "no response"
        box.continuation.resume(returning: .failure(.init(description: reason)))
        return
    }
    let answer = unsafe ModuleHost.Response(status: Int(response.pointee.status), body: response.pointee.body.bytes)
    box.continuation.resume(returning: .success(answer))
}

/// A request of ``ModuleHost/fetch(_:method:body:fields:)``.
private struct ModuleFetchRequest {
    /// The URL, the method, the body, then name and value of each field.
    private var texts = JoinedBytes()
    private let fieldCount: Int

    init(url: String, method: String, body: [UInt8], fields: [(name: String, value: String)]) {
        fieldCount = fields.count
        texts.append(url.utf8)
        texts.append(method.utf8)
        texts.append(body)
        for field in fields {
            texts.append(field.name.lowercased().utf8)
            texts.append(field.value.utf8)
        }
    }

    func withC(_ body: (UnsafePointer<mcp_auth_http_request>) -> Int32) -> Int32 {
        unsafe texts.withParts { part in
            let fields = unsafe (0..<fieldCount).map { index in
                unsafe mcp_auth_field(
                    name: mcp_auth_bytes(part(3 + 2 * index)),
                    value: mcp_auth_bytes(part(4 + 2 * index))
                )
            }
            return unsafe fields.withUnsafeBufferPointer { fields in
                var request = unsafe mcp_auth_http_request(
                    struct_size: UInt32(MemoryLayout<mcp_auth_http_request>.size),
                    field_count: UInt32(fieldCount),
                    url: mcp_auth_bytes(part(0)),
                    method: mcp_auth_bytes(part(1)),
                    body: mcp_auth_bytes(part(2)),
                    fields: fields.baseAddress,
                    timeout_ms: 0,
                    maximum_bytes: 0
                )
                return unsafe body(&request)
            }
        }
    }
}

extension mcp_auth_bytes {
    init(_ buffer: UnsafeRawBufferPointer) {
        unsafe self.init(data: buffer.baseAddress?.assumingMemoryBound(to: CChar.self), length: buffer.count)
    }

    /// A copy.
    var bytes: [UInt8] {
        guard let data = unsafe data else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: data, count: length))
    }

    var text: String { unsafe String(decoding: bytes, as: UTF8.self) }
}

extension String {
    /// Passes the text to C; the pointer is valid only during `body`.
    func withBytes<Result>(_ body: (mcp_auth_bytes) -> Result) -> Result {
        unsafe Array(utf8).withUnsafeBytes { bytes in unsafe body(mcp_auth_bytes(bytes)) }
    }
}
