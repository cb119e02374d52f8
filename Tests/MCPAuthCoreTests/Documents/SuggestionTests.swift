// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuthCore

@Suite struct SuggestionTests {
    private static let keys = [
        "all", "any", "not", "claim", "equals", "in", "contains", "contains_any", "subset_of", "lt", "lte", "gt", "gte",
    ]

    @Test(arguments: [
        ("al", "all"), ("nay", "any"), ("nto", "not"), ("claims", "claim"), ("equlas", "equals"), ("EQUALS", "equals"),
        ("contain", "contains"), ("contains_ayn", "contains_any"), ("subsetof", "subset_of"), ("ltee", "lte"),
        ("contain_any", "contains_any"), ("containsAny", "contains_any"), ("subset_fo", "subset_of"),
    ])
    func `a typing error gets the intended word as a suggestion`(word: String, meant: String) {
        #expect(Suggestion.text(for: word, among: Self.keys) == ", did you mean `\(meant)`")
    }

    @Test func `a similar word is suggested, and an unrelated word is not`() {
        #expect(Suggestion.text(for: "isuers", among: ["issuers", "server"]) == ", did you mean `issuers`")
        #expect(Suggestion.text(for: "zebra", among: ["issuers", "server"]) == "")
    }

    @Test(arguments: [
        "and", "or", "nor", "nin", "nequals", "notequals", "not_in", "not_contains", "contains_none", "superset_of",
        "contains_only", "contains_key", "contains_one", "subset_by", "et",
        "te", "xyz", "", String(repeating: "equals", count: 20),
    ])
    func `a word with another meaning gets no suggestion`(word: String) {
        #expect(Suggestion.text(for: word, among: Self.keys).isEmpty)
    }

    @Test func `a word of another language gets the word to write here`() {
        let foreign = ForeignWords(["and &&": "write `all`", "starts_with": "write `prefix`"])
        for word in ["and", "AND", "&&", "adn", "$and"] {
            #expect(Suggestion.text(for: word, among: Self.keys, foreign: foreign) == ": write `all`")
        }
        for word in ["starts_with", "startsWith", "STARTS-WITH", "startwith"] {
            #expect(Suggestion.text(for: word, among: Self.keys, foreign: foreign) == ": write `prefix`")
        }
        #expect(Suggestion.text(for: "equls", among: Self.keys, foreign: foreign) == ", did you mean `equals`")
    }
}
