// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import HTTPTypes
internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthJSON

/// The C table of a Swift verifier.
enum VerifierTable {
    /// `nil` if the module has too many types.
    static func make(_ type: any ModuleVerifier.Type) -> UnsafePointer<mcp_auth_verifier>? {
        let create = unsafe ModuleInstances.creator { VerifierInstance(try type.init($0), $0) }
        guard let create = unsafe create else { return nil }
        var flags = MCP_AUTH_VERIFIER_REENTRANT
        if type.isPure { flags |= MCP_AUTH_VERIFIER_PURE }
        if type.needsOperation { flags |= MCP_AUTH_VERIFIER_NEEDS_OPERATION }
        let fields = unsafe type.requestFields.map { unsafe SwiftModule.text($0) } + [nil]
        return unsafe SwiftModule.permanent([
            mcp_auth_verifier(
                struct_size: UInt32(MemoryLayout<mcp_auth_verifier>.size),
                flags: flags,
                name: SwiftModule.text(type.moduleName),
                config_schema_json: SwiftModule.text(type.configurationSchema),
                create: create,
                destroy: { unsafe ModuleInstances.release($0) },
                verify: { unsafe ModuleInstances.at($0, as: VerifierInstance.self)?.verify($1, $2) },
                cancel: { unsafe ModuleInstances.at($0, as: VerifierInstance.self)?.cancel($1) },
                validate: nil,
                request_fields: type.requestFields.isEmpty ? nil : SwiftModule.permanent(fields)
            )
        ])
    }
}

/// An instance of a Swift verifier, and the tasks of its open calls.
final class VerifierInstance: Sendable {
    private let verifier: any ModuleVerifier
    private let host: ModuleHost
    private let tasks = Lock<[UInt64: Task<Void, Never>]>([:])

    init(_ verifier: any ModuleVerifier, _ host: ModuleHost) {
        self.verifier = verifier
        self.host = host
    }

    func verify(_ request: UnsafePointer<mcp_auth_request>?, _ call: UInt64) {
        guard let request = unsafe request else { return }
        let token = unsafe AccessToken(bytes: request.pointee.token.bytes)
        let resource = unsafe request.pointee.resource.text
        guard let asked = unsafe Self.request(request.pointee) else {
            return complete(call, MCP_AUTH_VERDICT_UNAVAILABLE, reason: "malformed_request")
        }
        let now = unsafe NumericDate(Double(host.table.pointee.now_unix_s(host.table, call)))
        // Under the lock, so that a task that ends at once is removed after it was added.
        tasks.withLock { tasks in
            tasks[call] = Task.detached { [self] in
                await ModuleHost.$call.withValue(ModuleHost.Call(number: call, resource: resource)) {
                    let verdict: TokenVerdict
                    do { verdict = try await verifier.verify(token, of: asked, now: now) } catch {
                        // Only the type: the text could contain the token.
                        host.log(.error, "`verify` threw an error of type \(type(of: error))")
                        verdict = .unavailable(retryAfter: 5)
                    }
                    complete(call, verdict)
                }
                self.tasks.withLock { $0[call] = nil }
            }
        }
    }

    func cancel(_ call: UInt64) {
        tasks.withLock { $0[call] }?.cancel()
    }

    private func complete(_ call: UInt64, _ verdict: TokenVerdict) {
        switch verdict {
        case .verified(let evidence):
            var keptFor = 0.0
            if case .forSeconds(let seconds) = evidence.reuse { keptFor = seconds }
            let notAfter = evidence.notAfter.map { Int64(clamping: $0.secondsSinceEpoch) } ?? 0
            complete(call, MCP_AUTH_VERDICT_ACCEPT, evidence.payload, notAfter, Int64(clamping: keptFor))
        case .rejected(let reason, let diagnosis): complete(call, MCP_AUTH_VERDICT_REJECT, reason, diagnosis)
        case .notMine(let reason, let diagnosis): complete(call, MCP_AUTH_VERDICT_NOT_MINE, reason, diagnosis)
        case .unavailable(let reason, _, let diagnosis):
            complete(call, MCP_AUTH_VERDICT_UNAVAILABLE, reason, diagnosis)
        }
    }

    private func complete(_ call: UInt64, _ kind: Int32, _ reason: Denial.Reason, _ diagnosis: Diagnosis?) {
        complete(call, kind, reason: reason.rawValue, detail: diagnosis?.description ?? "")
    }

    private func complete(
        _ call: UInt64,
        _ kind: Int32,
        _ claims: [UInt8] = [],
        _ notAfter: Int64 = 0,
        _ cacheSeconds: Int64 = 0,
        reason: String = "",
        detail: String = ""
    ) {
        unsafe claims.withUnsafeBytes { claims in
            unsafe reason.withBytes { reason in
                unsafe detail.withBytes { detail in
                    var verdict = unsafe mcp_auth_verdict(
                        struct_size: UInt32(MemoryLayout<mcp_auth_verdict>.size),
                        kind: kind,
                        claims_json: mcp_auth_bytes(claims),
                        not_after_unix_s: notAfter,
                        cache_seconds: cacheSeconds,
                        reason: reason,
                        operator_detail: detail
                    )
                    unsafe host.table.pointee.complete(host.table, call, &verdict)
                }
            }
        }
    }

    /// The request as Swift verifiers receive it; a pure verifier is told the path of the resource only.
    private static func request(_ request: mcp_auth_request) -> ProtectedResourceRequest? {
        let url = unsafe HTTPURL(request.url.text)
        var fields = HTTPFields()
        for index in unsafe 0..<Int(request.field_count) {
            guard let name = unsafe HTTPField.Name(request.fields[index].name.text) else { continue }
            unsafe fields.append(HTTPField(name: name, value: request.fields[index].value.text))
        }
        let path = unsafe url.map { RequestPath($0.path) } ?? (try? ResourceIdentifier(request.resource.text))?.path
        guard let path else { return nil }
        return ProtectedResourceRequest(
            method: unsafe HTTPRequest.Method(request.method.text) ?? .post,
            authority: url?.authority,
            path: path,
            operation: unsafe operation(request.operation_json.bytes),
            fields: fields
        )
    }

    private static func operation(_ text: [UInt8]) -> RequestOperation {
        guard let messages = (try? JSON(parsing: text))?.elements else { return .unknown }
        return .mcp(
            messages.map { message in
                switch message["message"]?.string {
                case "@response": .response
                case "@stream": .stream
                case "@session-end": .sessionEnd
                default: .call(method: message["method"]?.string ?? "", name: message["name"]?.string)
                }
            }
        )
    }
}

extension Int64 {
    /// The nearest whole number.
    fileprivate init(clamping value: Double) {
        self = Int64(exactly: value.rounded(.down)) ?? (value > 0 ? .max : 0)
    }
}
