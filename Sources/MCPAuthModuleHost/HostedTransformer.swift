// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJSON

/// A claim transformer of a module.
///
/// If the module violates its contract or takes too long, the answer is 503, and an event names the fault.
package struct HostedTransformer: ClaimTransformer {
    package let name: String
    private let instance: any ModuleInstance
    private let events: ModuleEvents

    /// Creates an instance of a transformer.
    ///
    /// - Parameters:
    ///   - name: The name of the module in the configuration.
    ///   - secrets: The secrets that the operator gave to this instance, by name.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when `create` fails or does not return in time.
    package init(
        name: String,
        configuration: ModuleConfiguration,
        limits: ModuleLimits = ModuleLimits(),
        secrets: [String: [UInt8]],
        onEvent: @escaping EngineEventHandler
    ) throws(ConfigurationError) {
        events = ModuleEvents(name: name, onEvent: onEvent)
        instance = try configuration.instance(secrets: secrets, limits: limits, events: events)
        self.name = "module \(name)"
    }

    /// The module refuses a token.
    private struct Refusal: Error {}

    package func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) throws -> [String: JSON] {
        let transformed: [UInt8]?
        do throws(ModuleFault) {
            transformed = try instance.transform(JSON.object(claims).encodedExactly(), of: issuer.description)
        } catch {
            events.report(error)
            throw TransformerUnavailable()
        }
        guard let transformed else { throw Refusal() }
        guard let document = try? JSONDocument(parsing: transformed, limits: .token),
            case .object(let members) = JSON(document.root)
        else {
            events.report(.transformedClaims)
            throw TransformerUnavailable()
        }
        return members
    }
}
