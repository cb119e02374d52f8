// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
public import MCPAuthJSON

extension DecisionRecord {
    /// The decision as one JSON object, a line of a decision log; `decision-1.schema.json` describes it.
    ///
    /// It has no token, and of the claims only `iss`, `sub`, the client and the scopes.
    public var json: JSON {
        var members: [String: JSON] = [
            "id": .string(id.description), "time": .string(Timestamp.text(time.secondsSinceEpoch)),
            "decision": denial == nil ? "allow" : "deny",
        ]
        members["door"] = door.map(JSON.string)
        members["resource"] = .string(resource?.description)
        members["operation"] = .string(operation)
        members["generation"] = generation.map { .integer(Int64($0)) }
        members["microseconds"] = seconds.map { .integer(Int64(($0 * 1e6).rounded())) }
        if let caller {
            members["issuer"] = .string(caller.issuer.description.printable)
            members["subject"] = .string(caller.subject?.printable)
            members["client_id"] = .string(caller.clientID?.printable)
        }
        members["scope"] = .string(scopes?.description)
        guard let denial else { return .object(members) }
        members["reason"] = .string(denial.reason.rawValue.printable)
        members["status"] = .integer(Int64(denial.status))
        if !denial.rules.isEmpty { members["rules"] = .array(denial.rules.map { .string($0.printable) }) }
        if let scope = denial.challenge?.scope, !scope.isEmpty { members["needed_scope"] = .string(scope.description) }
        if let diagnosis = denial.diagnosis {
            members["diagnosis"] = [
                "subject": .string(diagnosis.subject), "expected": .string(diagnosis.expected),
                "found": .string(diagnosis.found),
            ]
        }
        return .object(members)
    }
}

extension JSON {
    fileprivate static func string(_ text: String?) -> JSON? { text.map(JSON.string) }
}

extension DecisionRecord {
    /// What ``json`` has.
    package static let grammar = ObjectGrammar(
        required: ["id", "time", "decision"],
        [
            "id": text("12 hexadecimal digits of the time in milliseconds since 1970, `-`, and 16 random ones"),
            "time": text("When the decision was made: RFC 3339, in UTC, with milliseconds"),
            "decision": ["enum": ["allow", "deny"], "description": "What was decided"],
            "door": text(
                "Where the request arrived: `clients`, the name of a proxy, `ext_authz`, `authzen` or `admin`"
            ),
            "resource": text("The resource of the request; missing if it belongs to none"),
            "operation": text("The kind of operation, such as `tools/call` or `GET`, without names, paths and URIs"),
            "generation": number("The number of the configuration that decided, counted from 1"),
            "microseconds": number("How long the decision took, with reading the body and fetching keys"),
            "issuer": text("The issuer of the token, if it is genuine"),
            "subject": text("The subject of the token"),
            "client_id": text("The client of the token"),
            "scope": text("The scopes of an allowed caller"),
            "reason": text("Why it was refused; `docs/codes.md` lists the reasons"),
            "status": number("The HTTP status of a refusal"),
            "rules": [
                "type": "array", "items": ["type": "string"], "description": "The ids of the rules that refused it",
            ],
            "needed_scope": text("The scopes that the client is told to get"),
            "diagnosis": [
                "type": "object",
                "description": "What was checked, what was expected, and what kind of thing was found",
                "properties": [
                    "subject": ["type": "string"], "expected": ["type": "string"], "found": ["type": "string"],
                ],
                "required": ["subject", "expected", "found"], "additionalProperties": false,
            ],
        ]
    )

    private static func text(_ description: String) -> JSON { ["type": "string", "description": .string(description)] }

    private static func number(_ description: String) -> JSON {
        ["type": "integer", "minimum": 0, "description": .string(description)]
    }

    static let schema = grammar.schema(adding: [
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A line of the decision log, version 1",
    ])
}
