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

    convenience init(_ verifier: UnsafePointer<mcp_auth_verifier>?, of module: String) throws(Fault) {
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
        let fields = try unsafe Self.fields(verifier.pointee.request_fields)
        try unsafe self.init(module, name, schema, create, destroy, verifier.pointee.validate, verifier, nil, fields)
    }

    convenience init(_ transformer: UnsafePointer<mcp_auth_transformer>?, of module: String) throws(Fault) {
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
        try unsafe self.init(module, name, schema, create, destroy, transformer.pointee.validate, nil, transformer, [])
    }

    /// Exactly one of `verifier` and `transformer` is not null.
    private init(
        _ module: String,
        _ name: UnsafePointer<CChar>,
        _ schema: UnsafePointer<CChar>,
        _ create: @escaping Create,
        _ destroy: @escaping Destroy,
        _ validate: Validate?,
        _ verifier: UnsafePointer<mcp_auth_verifier>?,
        _ transformer: UnsafePointer<mcp_auth_transformer>?,
        _ requestFields: [String]
    ) throws(Fault) {
        moduleName = module
        unsafe self.name = String(cString: name)
        unsafe schemaText = String(cString: schema)
        do throws(ModuleSchema.Fault) { self.schema = try ModuleSchema(text: schemaText) } catch {
            throw Fault(reason: error.reason)
        }
        unsafe self.create = create
        unsafe self.destroy = destroy
        unsafe self.validate = validate
        unsafe self.verifier = verifier
        unsafe self.transformer = transformer
        self.requestFields = requestFields
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

    package var kind: Kind { unsafe verifier == nil ? .transformer : .verifier }

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
