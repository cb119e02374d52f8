// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
package import MCPAuthJSON

/// What an operator or developer changes in the metadata of an authorization server before it is used.
package struct MetadataOverride: Sendable {
    package typealias Transform = @Sendable (JSON) async throws -> JSON

    private let patch: JSON?
    private let transform: Transform?

    /// - Parameters:
    ///   - patch: A JSON Merge Patch (RFC 7396).
    ///   - transform: A function of the application, which runs after the patch.
    package init(patch: JSON? = nil, transform: Transform? = nil) {
        self.patch = patch
        self.transform = transform
    }

    /// Returns the changed document.
    ///
    /// - Throws: ``ConfigurationError`` from the function; ``FetchError`` for every other error that it throws.
    package func callAsFunction(_ document: JSON) async throws -> JSON {
        let patched = patch.map(document.merging) ?? document
        guard let transform else { return patched }
        do {
            return try await transform(patched)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw FetchError("the function that changes the metadata threw an error of type \(type(of: error))")
        }
    }

    /// Whether the patch writes this member.
    func writes(_ name: String) -> Bool {
        guard case .object(let members)? = patch else { return false }
        return members[name] != nil
    }
}

/// Who chose the URLs of a metadata document.
struct MetadataOrigin: Sendable {
    /// Where the document was fetched from.
    let url: HTTPURL
    /// The document before it was changed.
    let fetched: JSON
    let override: MetadataOverride?

    /// Who chose the URL in a member.
    ///
    /// The operator chose the URLs that the patch writes. The function of the application chose a URL that does not
    /// occur in the fetched document; a URL that it only moved to another member was chosen by that document.
    func provenance(of name: String, _ url: HTTPURL) -> FetchRequest.Provenance {
        guard let override else { return .learned(from: self.url) }
        return override.writes(name) || !Self.contains(url, fetched) ? .configured : .learned(from: self.url)
    }

    private static func contains(_ url: HTTPURL, _ document: JSON) -> Bool {
        switch document {
        case .string(let text): HTTPURL(text) == url
        case .array(let elements): elements.contains { contains(url, $0) }
        case .object(let members): members.values.contains { contains(url, $0) }
        default: false
        }
    }
}
