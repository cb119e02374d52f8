// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthCore

/// A verifier or transformer that a module offers: its checked table.
// SAFETY: the tables are constant data of a library that is never unloaded; they are checked in `init` and only read
// after.
@safe package final class ModuleComponent: @unchecked Sendable {
    package enum Kind: String, Sendable {
        case verifier
        case transformer
    }

    typealias Create =
        @convention(c) (
            UnsafePointer<mcp_auth_host>?, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32
    typealias Destroy = @convention(c) (UnsafeMutableRawPointer?) -> Void
    typealias Validate = @convention(c) (UnsafePointer<CChar>?, Int, UnsafeMutableRawPointer?, mcp_auth_report?) -> Void

    package let kind: Kind
    /// The name of the module that offers it.
    package let moduleName: String
    package let name: String
    /// The JSON Schema of its configuration.
    package let schemaText: String
    let schema: ModuleSchema
    let create: Create
    let destroy: Destroy
    let validate: Validate?
    /// `nil` for a transformer.
    let verifier: UnsafePointer<mcp_auth_verifier>?
    /// `nil` for a verifier.
    let transformer: UnsafePointer<mcp_auth_transformer>?
    /// The names of the request fields that a verifier receives, in lower case.
    package let requestFields: [String]

    struct Fault: Error {
        let reason: String
    }

    init(_ verifier: UnsafePointer<mcp_auth_verifier>?, of module: String) throws(Fault) {
        guard let verifier = unsafe verifier else { throw Fault(reason: "a verifier is null") }
        guard unsafe verifier.pointee.struct_size >= MCP_AUTH_VERIFIER_SIZE_1_0 else {
            throw Fault(reason: "a verifier is too short: `struct_size` is \(unsafe verifier.pointee.struct_size)")
        }
        guard let create = unsafe verifier.pointee.create, let destroy = unsafe verifier.pointee.destroy,
            unsafe verifier.pointee.verify != nil, let name = unsafe verifier.pointee.name,
            let schema = unsafe verifier.pointee.config_schema_json
        else {
            throw Fault(
                reason: "a verifier has null members; only `cancel`, `validate` and `request_fields` may be null"
            )
        }
        kind = .verifier
        moduleName = module
        unsafe self.name = String(cString: name)
        unsafe schemaText = String(cString: schema)
        self.schema = try Self.schema(schemaText)
        unsafe self.create = create
        unsafe self.destroy = destroy
        unsafe validate = verifier.pointee.validate
        unsafe self.verifier = verifier
        unsafe transformer = nil
        requestFields = try unsafe Self.fields(verifier.pointee.request_fields)
    }

    init(_ transformer: UnsafePointer<mcp_auth_transformer>?, of module: String) throws(Fault) {
        guard let transformer = unsafe transformer else { throw Fault(reason: "a transformer is null") }
        guard unsafe transformer.pointee.struct_size >= MCP_AUTH_TRANSFORMER_SIZE_1_0 else {
            throw Fault(
                reason: "a transformer is too short: `struct_size` is \(unsafe transformer.pointee.struct_size)"
            )
        }
        guard let create = unsafe transformer.pointee.create, let destroy = unsafe transformer.pointee.destroy,
            unsafe transformer.pointee.transform != nil, let name = unsafe transformer.pointee.name,
            let schema = unsafe transformer.pointee.config_schema_json
        else { throw Fault(reason: "a transformer has null members; only `validate` may be null") }
        kind = .transformer
        moduleName = module
        unsafe self.name = String(cString: name)
        unsafe schemaText = String(cString: schema)
        self.schema = try Self.schema(schemaText)
        unsafe self.create = create
        unsafe self.destroy = destroy
        unsafe validate = transformer.pointee.validate
        unsafe verifier = nil
        unsafe self.transformer = transformer
        requestFields = []
    }

    private static func schema(_ text: String) throws(Fault) -> ModuleSchema {
        do throws(ModuleSchema.Fault) { return try ModuleSchema(text: text) } catch {
            throw Fault(reason: error.reason)
        }
    }

    private static let mostFields = 32
    /// Fields that carry the credentials of the client; the token is in the request already.
    private static let neverPassed: Set<String> = ["authorization", "cookie", "proxy-authorization"]

    private static func fields(_ names: UnsafePointer<UnsafePointer<CChar>?>?) throws(Fault) -> [String] {
        guard let names = unsafe names else { return [] }
        var fields: [String] = []
        var index = 0
        while let name = unsafe names[index] {
            let text = unsafe String(cString: name)
            guard text == text.lowercased(), !neverPassed.contains(text), fields.count < mostFields else {
                throw Fault(
                    reason: "`request_fields` has `\(text.printable)`: names are in lower case, at most \(mostFields), "
                        + "without \(neverPassed.sorted().joined(separator: ", "))"
                )
            }
            fields.append(text)
            index += 1
        }
        return fields
    }

    private func has(_ flag: UInt32) -> Bool { unsafe (verifier?.pointee.flags ?? 0) & flag != 0 }

    /// Whether functions of one instance may run at the same time; transformers always may.
    package var isReentrant: Bool { kind == .transformer || has(MCP_AUTH_VERIFIER_REENTRANT) }
    /// Whether the verdict depends on the token, the configuration and the clock alone.
    package var isPure: Bool { kind == .transformer || has(MCP_AUTH_VERIFIER_PURE) }
    /// Whether a verifier is told the unverified issuer.
    package var needsIssuer: Bool { has(MCP_AUTH_VERIFIER_NEEDS_ISSUER) }
    /// Whether the body of a request is read before it is verified.
    package var needsOperation: Bool { has(MCP_AUTH_VERIFIER_NEEDS_OPERATION) }
}
