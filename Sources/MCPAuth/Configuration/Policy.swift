// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
public import MCPAuthJSON
package import MCPAuthPolicy

/// A policy of a resource, read and compiled.
///
/// The language is described in `docs/policy-reference.md`; in code a policy is the same JSON, as a literal.
public struct Policy: Sendable {
    package let compiled: CompiledPolicy

    package init(_ compiled: CompiledPolicy) {
        self.compiled = compiled
    }

    /// Reads a policy file immediately; decisions are labelled with its SHA-256.
    ///
    /// - Throws: `ConfigurationError` with every mistake of the file and its place.
    public static func file(_ path: String) throws -> Policy {
        Policy(try PolicyFiles.policy(at: path))
    }

    /// A policy document that is written in code.
    ///
    /// - Parameters:
    ///   - document: The content of a policy file: `["version": 1, "rules": [["id": "read", "effect": "allow", …]]]`.
    ///   - name: Used in place of a file name in errors, traces and logs.
    /// - Throws: `ConfigurationError` with every mistake; its place is the one in the document when it is encoded
    ///   with one member per line.
    public static func json(_ document: JSON, name: String = "code") throws -> Policy {
        Policy(try PolicyFiles.policy(name, document.encodedExactly(pretty: true)))
    }

    /// Requires these scopes for every operation; the same as the short form `{"required_scopes": […]}`.
    ///
    /// - Throws: `ConfigurationError` when no scope is given, or one has a character that scopes cannot have (RFC
    ///   6749 section 3.3).
    public static func requiredScopes(_ scopes: String...) throws -> Policy {
        let read = ScopeSet(scopes)
        guard !scopes.isEmpty, read.count == Set(scopes).count else {
            throw ConfigurationError(
                .invalidValue,
                "a required scope has a character that scopes cannot have, or no scope is given"
            )
        }
        return Policy(CompiledPolicy.requiring(read))
    }
}
