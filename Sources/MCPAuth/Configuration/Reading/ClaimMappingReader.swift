// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Reads `claims` and `required_values`, of an issuer or of a provider profile.
enum ClaimMappingReader {
    /// The mapping that `object` describes; what it leaves out is as in `base`.
    static func mapping(_ object: ObjectReader, over base: ClaimMapping) throws -> ClaimMapping {
        var mapping = base
        for (name, value, pointer) in try object.dictionary("claims")
        where !["description", "$comment"].contains(name) {
            let rule = try rule(value, at: pointer, in: object.document)
            switch name {
            case "scope": mapping.scope = rule
            case "client_id": mapping.clientID = rule
            case "sub": mapping.subject = rule
            case "aud": mapping.audience = rule
            case _ where ClaimMapping.unmappable.contains(name):
                throw object.document.error(
                    .invalidValue,
                    "`\(name)` cannot be mapped: RFC 7519, RFC 7800 and RFC 9449 define it",
                    at: pointer
                )
            default: mapping.others[name] = rule
            }
        }
        for (source, value, pointer) in try object.dictionary("required_values") {
            let strings = value.array?.compactMap(\.string) ?? []
            guard !strings.isEmpty, strings.count == value.array?.count else {
                let message = "`\(source.printable)` needs a list of the strings it may be"
                throw object.document.error(.invalidValue, message, at: pointer)
            }
            try check(source, at: pointer, in: object.document)
            mapping.requiredValues[source] = Set(strings)
        }
        return mapping
    }

    private static func rule(
        _ value: JSONView,
        at pointer: JSONPointer,
        in document: DocumentReader
    ) throws -> ClaimRule {
        if let elements = value.array {
            let sources = elements.compactMap(\.string)
            guard sources.count == elements.count, !sources.isEmpty else {
                throw document.error(.wrongType, "expected a list of claim names or pointers", at: pointer)
            }
            for source in sources { try check(source, at: pointer, in: document) }
            return ClaimRule(sources)
        }
        let object = try document.object(value, at: pointer, allowing: ConfigurationGrammar.claimRule.keys)
        if let constant = value["constant"] {
            guard ConfigurationGrammar.claimRule.keys.allSatisfy({ $0 == "constant" || value[$0] == nil }) else {
                throw object.error(.conflict, "a rule with `constant` has no other key", at: "constant")
            }
            var rule = ClaimRule([])
            rule.constant = JSON(constant)
            return rule
        }
        let sources = try object.required("from", try object.strings("from"))
        guard !sources.isEmpty else { throw object.error(.invalidValue, "`from` names no claim", at: "from") }
        for source in sources { try check(source, at: pointer.appending("from"), in: document) }
        var rule = ClaimRule(sources)
        rule.merge = try object.boolean("merge") ?? false
        rule.split = try object.string("split")
        if rule.split == "" { throw object.error(.invalidValue, "`split` is empty", at: "split") }
        rule.stripPrefix = try object.string("strip_prefix")
        rule.prefix = try object.string("prefix")
        rule.keepUnmapped = try object.boolean("keep_unmapped") ?? false
        if value["map"] != nil { rule.map = try valueMap(object) }
        if rule.keepUnmapped, rule.map == nil {
            throw object.error(.conflict, "`keep_unmapped` has no effect without `map`", at: "keep_unmapped")
        }
        return rule
    }

    private static func valueMap(_ object: ObjectReader) throws -> [String: String] {
        var map: [String: String] = [:]
        for (old, new, place) in try object.dictionary("map") {
            guard let new = new.string else {
                throw object.document.error(.wrongType, "expected a string", at: place)
            }
            map[old] = new
        }
        return map
    }

    private static func check(_ source: String, at pointer: JSONPointer, in document: DocumentReader) throws {
        guard !source.isEmpty, source.first != "/" || JSONPointer(source) != nil else {
            let message = "`\(source.printable)` is neither a claim name nor a JSON Pointer (RFC 6901)"
            throw document.error(.invalidValue, message, at: pointer)
        }
    }
}
