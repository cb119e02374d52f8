// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON

/// The words of random policies and requests: so few that rules often match requests.
enum PolicyVocabulary {
    /// The time of the requests, in seconds since 1970.
    static let now: Int64 = 1_704_067_200

    static let scopes = ["read", "write", "admin", "share", "audit", "offline_access"]
    static let issuers = ["https://a.example/", "https://b.example"]
    static let clients = ["cli", "bot"]
    static let classes = ["bronze", "silver", "gold"]

    static let httpMethods = ["GET", "POST", "DELETE", "PUT", "HEAD"]
    static let paths = [
        "/", "/mcp", "/notes", "/notes/1", "/notes/1/parts", "/notes/", "/notes/1/", "/Notes", "/NOTES/1",
        "/acme/globex", "/ACME/acme", "/acme", "/acme/acme/",
    ]
    static let pathPatterns = [
        "/", "/mcp", "/notes", "/*", "/**", "/notes/*", "/notes/**", "/*/1", "/n*s/1", "/NOTES/*", "/{top}/**",
        "/notes/{id}", "/**/{id}", "/{top}/{id}", "/{id}", "/acme/{id}",
    ]

    static let mcpMethods = [
        "ping", "initialize", "notifications/initialized", "tools/list", "tools/call", "prompts/get", "resources/read",
        "resources/subscribe", "subscriptions/listen", "tasks/get",
    ]
    static let methodPatterns = [
        "@basics", "ping", "tools/list", "tools/call", "tools/*", "*/call", "resources/*", "*", "resources/subscribe",
        "*s/listen",
    ]
    static let tools = ["create_note", "update_note", "delete_note", "purge_all"]
    static let toolPatterns = tools + ["create_*", "*_note", "purge_*", "*"]
    /// One has a slash, at which `*` does not stop in a name.
    static let prompts = ["greet", "greet/formal", "summary"]
    static let promptPatterns = prompts + ["greet*", "*y", "*"]
    /// One has a dot segment.
    static let uris = [
        "notes://inbox/1", "notes://inbox/1/part", "file:///shared/a.txt", "notes://inbox/../outbox/1",
        "notes://acme/globex", "notes:///acme", "notes://acme/acme",
    ]
    static let uriPatterns = [
        "notes://inbox/1", "notes://inbox/*", "notes://inbox/**", "notes://**", "file:///shared/*.txt", "**",
        "notes://{box}/{key}", "notes://{box}/**", "**/{key}", "notes://*/{box}", "file:///{box}/{key}",
    ]

    /// A claim that conditions read, with its constants and values.
    struct Claim {
        let pointer: String
        /// The constants with which a condition compares the value or an element of it.
        let constants: [JSON]
        /// The values of the right type that a token may have there.
        let values: [JSON]
    }

    static let claims = [
        Claim(pointer: "/tenant", constants: ["acme", "acme-eu", "globex"], values: ["acme", "acme-eu", "globex"]),
        Claim(
            pointer: "/groups",
            constants: ["staff", "ops", "guests"],
            values: [["staff"], ["ops", "guests"], [], "staff", ["staff", 7], ["staff", "ops", "guests"]]
        ),
        Claim(
            pointer: "/realm/roles",
            constants: ["editor", "viewer", 1],
            values: [["editor"], ["viewer", "editor"], [], "editor", [1, "viewer"]]
        ),
        Claim(pointer: "/level", constants: [1, 2, .number(2.5), 3], values: [1, 2, .number(2), .number(2.5), 3]),
        Claim(pointer: "/suspended", constants: [true, false], values: [true, false]),
        Claim(pointer: "/time", constants: instants, values: instants + ["2024-02-30T00:00:00Z", "yesterday"]),
        Claim(pointer: "/auth_time", constants: signIns, values: signIns),
        Claim(pointer: "/acr", constants: classes.map(JSON.string), values: classes.map(JSON.string)),
    ]

    /// The first two are the same instant.
    private static let instants: [JSON] = [
        "2024-01-01T00:00:00Z", "2024-01-01T01:30:00+01:30", "2024-01-01T00:00:00.5Z", "2023-12-31t23:59:59z",
        "2024-03-01T00:00:00-00:30",
    ]

    /// Around the limits of 0, 300 and 3600 seconds and of one minute in the future.
    private static let signIns: [JSON] =
        [
            -4000, -3600, -301, -300, -10, 0, 30, 60, 61,
        ].map { .integer(now + $0) } + [.number(Double(now) - 300.5)]

    /// Values and constants of any type.
    static let anything: [JSON] = [.null, true, 7, .number(0.5), "acme", "", ["acme"], [], ["roles": "editor"]]

    /// Prefixes, suffixes and patterns, for the predicates on strings.
    static let affixes = ["a", "acme", "-eu", "x", "s", "gold", "2024-", "Z"]
    static let globs = ["acme", "acme*", "*e*", "*", "**", "g*x", "2024-*Z", "s*ff"]
}
