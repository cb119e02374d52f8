// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJSON

/// A claim transformer of a module.
///
/// If the module violates its contract or takes too long, the token is refused, and an event names the fault.
package struct ModuleTransformer: ClaimTransformer {
    package let name: String
    private let instance: ModuleInstance

    /// Creates an instance of a transformer.
    ///
    /// - Parameters:
    ///   - name: The name of the module in the configuration.
    ///   - secrets: Returns a secret that the operator gave to this instance, by its name.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when `create` fails or does not return in time.
    package init(
        name: String,
        configuration: ModuleConfiguration,
        limits: ModuleLimits = ModuleLimits(),
        secrets: @escaping @Sendable (String) -> [UInt8]?,
        onEvent: @escaping EngineEventHandler
    ) throws(ConfigurationError) {
        let context = ModuleContext(
            name: name,
            strings: configuration.strings,
            hosts: [],
            limits: limits,
            secrets: secrets,
            onEvent: onEvent
        )
        instance = try ModuleInstance(configuration, context: context, limits: limits)
        self.name = "module \(name)"
    }

    /// Why a token is refused.
    private enum Refusal: Error {
        case refused
        case fault
    }

    package func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) throws -> [String: JSON] {
        let transformed: [UInt8]?
        do throws(ModuleFault) {
            transformed = try instance.transform(JSON.object(claims).encodedExactly(), of: issuer.description)
        } catch {
            instance.context.report(error)
            throw Refusal.fault
        }
        guard let transformed else { throw Refusal.refused }
        guard let document = try? JSONDocument(parsing: transformed, limits: .token),
            case .object(let members) = JSON(document.root)
        else {
            instance.context.report(.transformedClaims)
            throw Refusal.fault
        }
        return members
    }
}
