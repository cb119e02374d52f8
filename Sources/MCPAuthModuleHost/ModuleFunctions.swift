// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule

/// The functions of a verifier or transformer that is loaded into this process: its checked table.
// SAFETY: the tables are constant data of a library that is never unloaded; they are checked in `init` and only read
// after.
@safe final class ModuleFunctions: @unchecked Sendable {
    typealias Create =
        @convention(c) (
            UnsafePointer<mcp_auth_host>?, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32
    typealias Destroy = @convention(c) (UnsafeMutableRawPointer?) -> Void
    typealias Validate = @convention(c) (UnsafePointer<CChar>?, Int, UnsafeMutableRawPointer?, mcp_auth_report?) -> Void

    let create: Create
    let destroy: Destroy
    let validate: Validate?
    /// `nil` for a transformer.
    let verifier: UnsafePointer<mcp_auth_verifier>?
    /// `nil` for a verifier.
    let transformer: UnsafePointer<mcp_auth_transformer>?

    /// Exactly one of `verifier` and `transformer` is not null.
    private init(
        _ create: @escaping Create,
        _ destroy: @escaping Destroy,
        _ validate: Validate?,
        _ verifier: UnsafePointer<mcp_auth_verifier>?,
        _ transformer: UnsafePointer<mcp_auth_transformer>?
    ) {
        unsafe self.create = create
        unsafe self.destroy = destroy
        unsafe self.validate = validate
        unsafe self.verifier = verifier
        unsafe self.transformer = transformer
    }

    /// A verifier in the table of a module.
    static func verifier(
        _ table: UnsafePointer<mcp_auth_verifier>?,
        of module: String
    ) throws(ModuleComponent.Fault) -> ModuleComponent {
        guard let table = unsafe table else { throw .init(reason: "a verifier is null") }
        guard unsafe table.pointee.struct_size >= MCP_AUTH_VERIFIER_SIZE_1_0 else {
            throw .init(reason: "a verifier is too short: `struct_size` is \(unsafe table.pointee.struct_size)")
        }
        guard let create = unsafe table.pointee.create, let destroy = unsafe table.pointee.destroy,
            unsafe table.pointee.verify != nil, let name = unsafe table.pointee.name,
            let schema = unsafe table.pointee.config_schema_json
        else {
            throw .init(
                reason: "a verifier has null members; only `cancel`, `validate` and `request_fields` may be null"
            )
        }
        let facts = unsafe ModuleComponent.Facts(
            kind: .verifier,
            name: String(cString: name),
            schemaText: String(cString: schema),
            flags: table.pointee.flags,
            requestFields: fields(table.pointee.request_fields)
        )
        let functions = unsafe ModuleFunctions(create, destroy, table.pointee.validate, table, nil)
        return try ModuleComponent(facts, of: module, home: .thisProcess(functions))
    }

    /// A transformer in the table of a module.
    static func transformer(
        _ table: UnsafePointer<mcp_auth_transformer>?,
        of module: String
    ) throws(ModuleComponent.Fault) -> ModuleComponent {
        guard let table = unsafe table else { throw .init(reason: "a transformer is null") }
        guard unsafe table.pointee.struct_size >= MCP_AUTH_TRANSFORMER_SIZE_1_0 else {
            throw .init(reason: "a transformer is too short: `struct_size` is \(unsafe table.pointee.struct_size)")
        }
        guard let create = unsafe table.pointee.create, let destroy = unsafe table.pointee.destroy,
            unsafe table.pointee.transform != nil, let name = unsafe table.pointee.name,
            let schema = unsafe table.pointee.config_schema_json
        else { throw .init(reason: "a transformer has null members; only `validate` may be null") }
        let facts = unsafe ModuleComponent.Facts(
            kind: .transformer,
            name: String(cString: name),
            schemaText: String(cString: schema),
            flags: 0,
            requestFields: []
        )
        let functions = unsafe ModuleFunctions(create, destroy, table.pointee.validate, nil, table)
        return try ModuleComponent(facts, of: module, home: .thisProcess(functions))
    }

    /// The names up to the null pointer, or one more than are allowed.
    private static func fields(_ names: UnsafePointer<UnsafePointer<CChar>?>?) -> [String] {
        guard let names = unsafe names else { return [] }
        var fields: [String] = []
        while fields.count <= ModuleComponent.mostFields, let name = unsafe names[fields.count] {
            unsafe fields.append(String(cString: name))
        }
        return fields
    }
}
