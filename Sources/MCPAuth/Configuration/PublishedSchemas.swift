// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// The JSON Schemas of all files that people write, by the names of the published files.
package enum PublishedSchemas {
    package static let all: KeyValuePairs<String, JSON> = [
        "server-1": ConfigurationGrammar.serverSchema, "policy-1": PolicyGrammar.schema,
        "policy-test-1": PolicyTestGrammar.schema, "provider-1": ConfigurationGrammar.providerSchema,
        "revocations-1": ConfigurationGrammar.revocationsSchema, "decision-1": DecisionRecord.schema,
    ]
}
