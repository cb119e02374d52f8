// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Reads `server`, the settings of the whole server.
struct ServerReader {
    let context: ReadingContext

    func read(_ server: ObjectReader, into configuration: inout MCPAuthConfiguration) throws {
        if let isAllowed = try server.boolean("dangerously_allow_http") {
            configuration.dangerouslyAllowHTTP = isAllowed
        }
        if let rule = try server.word("authority", as: ResourceRouter.AuthorityRule.self) {
            configuration.authorityRule = rule
        }
        if let longest = try server.integer(.tokenBytes) { configuration.maximumTokenBytes = Int(longest) }
        if let most = try server.integer(.bodyBytesWithoutToken) {
            configuration.maximumBodyBytesWithoutToken = Int(most)
        }
        if let entries = try server.integer(.tokenCacheEntries) { configuration.tokenCacheCapacity = Int(entries) }
        if let cors = try server.object("cors", allowing: ConfigurationGrammar.cors.keys),
            let origins = try OriginReader.origins("allowed_origins", cors, allowingAny: true)
        {
            configuration.corsAllowedOrigins = origins
        }
        if let path = try server.string("revocations").map(context.path) {
            configuration.revocations = try RevocationList(file: path, bytes: try context.files.bytes(at: path))
        }
    }
}
